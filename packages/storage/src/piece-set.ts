import { clearBit, hasBit, setBit } from './have-bits.js'

/** A set of pieces of one torrent, one bit each. */
export class PieceSet {
  readonly pieceCount: number
  readonly #bits: Uint8Array
  #size = 0

  /** Takes `bits` over: BEP 3 order, exactly ceil(pieceCount / 8) bytes. */
  constructor(pieceCount: number, bits: Uint8Array = new Uint8Array(Math.ceil(pieceCount / 8))) {
    if (bits.length !== Math.ceil(pieceCount / 8)) {
      throw new RangeError(`${bits.length} bytes are not the bits of ${pieceCount} pieces`)
    }
    this.pieceCount = pieceCount
    this.#bits = bits
    for (const byte of bits) this.#size += onesOf(byte)
  }

  has(piece: number): boolean {
    return hasBit(this.#bits, piece)
  }

  add(piece: number): void {
    if (!this.has(piece)) this.#size++
    setBit(this.#bits, piece)
  }

  delete(piece: number): void {
    if (this.has(piece)) this.#size--
    clearBit(this.#bits, piece)
  }

  count(): number {
    return this.#size
  }

  isFull(): boolean {
    return this.#size === this.pieceCount
  }

  /** BEP 3 order; a copy. */
  bits(): Uint8Array {
    return this.#bits.slice()
  }

  /** The runs of pieces that are in the set, end exclusive. */
  *runs(): Iterable<{ readonly first: number; readonly end: number }> {
    let first = 0
    for (const last of this.runEnds()) {
      if (this.has(last)) yield { first, end: last + 1 }
      first = last + 1
    }
    if (first < this.pieceCount && this.has(first)) yield { first, end: this.pieceCount }
  }

  /** Each piece that differs from the one after it: where a run of had or missing pieces ends. */
  *runEnds(): Iterable<number> {
    for (let piece = 0; piece + 1 < this.pieceCount; piece++) {
      const byte = this.#bits[piece >> 3]
      const uniform = byte === 0 || byte === 0xff
      if ((piece & 7) === 0 && uniform && byte === this.#bits[(piece >> 3) + 1]) piece += 7
      else if (this.has(piece) !== this.has(piece + 1)) yield piece
    }
  }
}

function onesOf(byte: number): number {
  let ones = 0
  for (let rest = byte; rest !== 0; rest &= rest - 1) ones++
  return ones
}
