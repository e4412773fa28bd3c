import type { ByteRange } from './byte-range.js'
import { clearBit, hasBit, setBit } from './have-bits.js'
import { blockBytes, type PieceMapper } from './piece-mapper.js'

/**
 * Which blocks were written of the pieces that are not complete. What was never written must not be served:
 * in a staged chunk it reads as zeroes. Memory goes with the pieces being filled.
 */
export class WrittenBlocks {
  readonly #mapper: PieceMapper
  readonly #pieces = new Map<number, Uint8Array>()

  constructor(mapper: PieceMapper) {
    this.#mapper = mapper
  }

  /** `range` is made of whole blocks; the last one of the piece may be short. */
  add(piece: number, range: ByteRange): void {
    const bits = this.#pieces.get(piece) ?? new Uint8Array(Math.ceil(this.#blockCount(piece) / 8))
    for (const block of blocksOf(range)) setBit(bits, block)
    this.#pieces.set(piece, bits)
  }

  addAll(piece: number): void {
    this.add(piece, { offset: 0, length: this.#mapper.pieceLengthBytes(piece) })
  }

  delete(piece: number, range: ByteRange): void {
    const bits = this.#pieces.get(piece)
    if (bits === undefined) return
    for (const block of blocksOf(range)) clearBit(bits, block)
  }

  deleteAll(piece: number): void {
    this.#pieces.delete(piece)
  }

  /** True when every byte of the range was written or is padding. */
  covers(piece: number, range: ByteRange): boolean {
    const bits = this.#pieces.get(piece)
    for (const block of blocksOf(range)) {
      if (bits !== undefined && hasBit(bits, block)) continue
      const offset = Math.max(block * blockBytes, range.offset)
      const end = Math.min((block + 1) * blockBytes, range.offset + range.length)
      if (this.#mapper.chunksOfPiece(piece, { offset, length: end - offset }).length > 0) return false
    }
    return true
  }

  #blockCount(piece: number): number {
    return Math.ceil(this.#mapper.pieceLengthBytes(piece) / blockBytes)
  }
}

function* blocksOf({ offset, length }: ByteRange): Iterable<number> {
  const end = Math.ceil((offset + length) / blockBytes)
  for (let block = Math.floor(offset / blockBytes); block < end && length > 0; block++) yield block
}
