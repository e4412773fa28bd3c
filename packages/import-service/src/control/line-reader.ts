const newline = 0x0a

/** Cuts a stream of bytes into lines of UTF-8, of which none may be longer than `maxBytes`. */
export class LineReader {
  readonly #maxBytes: number
  #parts: Uint8Array[] = []
  #lengthBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The lines that end within `bytes`, without their ends. Throws RangeError for one that is too long. */
  *push(bytes: Uint8Array): Iterable<string> {
    let begin = 0
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, begin)) {
      this.#keep(bytes.subarray(begin, end))
      yield this.#take()
      begin = end + 1
    }
    this.#keep(bytes.subarray(begin))
  }

  #keep(bytes: Uint8Array): void {
    this.#lengthBytes += bytes.byteLength
    if (this.#lengthBytes > this.#maxBytes)
      throw new RangeError(`a line of more than ${this.#maxBytes} bytes`)
    if (bytes.byteLength > 0) this.#parts.push(bytes)
  }

  #take(): string {
    const decoder = new TextDecoder()
    const text = this.#parts.map((part) => decoder.decode(part, { stream: true })).join('')
    this.#parts = []
    this.#lengthBytes = 0
    return text + decoder.decode()
  }
}
