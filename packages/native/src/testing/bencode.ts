export type Bencoded = number | Uint8Array | readonly Bencoded[] | { readonly [key: string]: Bencoded }

/** Strings and bytes alike become byte strings; keys are sorted, as BEP 3 wants. */
export function bencode(value: Bencoded | string): Uint8Array {
  return Uint8Array.from(Buffer.concat([...pieces(value)]))
}

function* pieces(value: Bencoded | string): Generator<Uint8Array> {
  if (typeof value === 'number') yield Buffer.from(`i${value}e`)
  else if (typeof value === 'string') yield* pieces(Buffer.from(value))
  else if (value instanceof Uint8Array) yield* [Buffer.from(`${value.length}:`), value]
  else if (Array.isArray(value)) {
    yield Buffer.from('l')
    for (const item of value) yield* pieces(item)
    yield Buffer.from('e')
  } else {
    yield Buffer.from('d')
    for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
      yield* pieces(key)
      yield* pieces(item)
    }
    yield Buffer.from('e')
  }
}

/** Reads one value; throws for anything that is not exactly one. */
export function bdecode(bytes: Uint8Array): Bencoded {
  const reader = new BencodeReader(bytes)
  const value = reader.value()
  if (reader.offset !== bytes.length) throw new Error(`bytes follow after offset ${reader.offset}`)
  return value
}

/** Reads the top dictionary and gives the bytes of the value under `key` as they are. */
export function rawValueOf(bytes: Uint8Array, key: string): Uint8Array | undefined {
  const reader = new BencodeReader(bytes)
  for (const entry of reader.dictionary()) {
    if (entry.key === key) return bytes.slice(entry.start, entry.end)
  }
  return undefined
}

class BencodeReader {
  offset = 0
  readonly #bytes: Buffer

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  value(): Bencoded {
    switch (this.#bytes[this.offset]) {
      case 0x69:
        this.offset++
        return this.#number('e')
      case 0x6c:
        return this.#list()
      case 0x64:
        return Object.fromEntries([...this.dictionary()].map(({ key, value }) => [key, value]))
      default:
        return this.#string()
    }
  }

  *dictionary(): Generator<{ key: string; value: Bencoded; start: number; end: number }> {
    if (this.#bytes[this.offset++] !== 0x64) throw new Error('no dictionary')
    while (!this.#isEnd()) {
      const key = Buffer.from(this.#string()).toString('utf8')
      const start = this.offset
      const value = this.value()
      yield { key, value, start, end: this.offset }
    }
  }

  #list(): Bencoded[] {
    this.offset++
    const items: Bencoded[] = []
    while (!this.#isEnd()) items.push(this.value())
    return items
  }

  #string(): Uint8Array {
    const length = this.#number(':')
    const end = this.offset + length
    if (length < 0 || end > this.#bytes.length)
      throw new Error(`a string ends after the last byte, at ${end}`)
    const string = Uint8Array.from(this.#bytes.subarray(this.offset, end))
    this.offset = end
    return string
  }

  #number(terminator: string): number {
    const end = this.#bytes.indexOf(terminator, this.offset)
    const digits = end < 0 ? '' : this.#bytes.toString('latin1', this.offset, end)
    if (!/^-?\d+$/.test(digits)) throw new Error(`no number at offset ${this.offset}`)
    this.offset = end + 1
    return Number(digits)
  }

  #isEnd(): boolean {
    if (this.offset >= this.#bytes.length) throw new Error('the end is missing')
    if (this.#bytes[this.offset] !== 0x65) return false
    this.offset++
    return true
  }
}
