/** Which pieces of a torrent are completed: one bit a piece, most significant first, and their count. */
export class PieceBits {
  readonly total: number
  readonly #bits: Uint8Array
  #count = 0

  /** Copies `bits`, which has exactly ceil(total / 8) bytes. */
  constructor(total: number, bits: Uint8Array) {
    const lengthBytes = Math.ceil(total / 8)
    if (bits.length !== lengthBytes) {
      throw new RangeError(`${total} pieces need ${lengthBytes} bytes of bits, not ${bits.length}`)
    }
    this.total = total
    this.#bits = Uint8Array.from(bits)
    for (let piece = 0; piece < total; piece++) if (this.has(piece)) this.#count++
  }

  get count(): number {
    return this.#count
  }

  get isComplete(): boolean {
    return this.#count === this.total
  }

  copy(): Uint8Array {
    return Uint8Array.from(this.#bits)
  }

  has(piece: number): boolean {
    return ((this.#bits[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0
  }

  /** False when it was set already. */
  set(piece: number): boolean {
    return this.#flip(piece, false)
  }

  /** False when it was not set. */
  clear(piece: number): boolean {
    return this.#flip(piece, true)
  }

  #flip(piece: number, from: boolean): boolean {
    if (!Number.isInteger(piece) || piece < 0 || piece >= this.total) {
      throw new RangeError(`piece ${piece} is outside a torrent of ${this.total} pieces`)
    }
    if (this.has(piece) !== from) return false
    this.#bits[piece >> 3] = (this.#bits[piece >> 3] ?? 0) ^ (0x80 >> (piece & 7))
    this.#count += from ? -1 : 1
    return true
  }
}
