import { createHash } from 'node:crypto'
import { blockBytes } from './piece-mapper.js'

/** Bytes of a chunk, all of one leaf. */
interface Part {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Of pieces that come in order there is one part at a time; of 1,000 in any order there are some 4 MiB. */
const defaultMaxBytes = 8 << 20

/**
 * Copies of parts of leaves whose other part has not come yet: where a file begins inside a block two pieces share a
 * leaf at each border, which would have to be read back. It may forget: the chunk that was touched longest ago goes
 * first.
 */
export class LeafParts {
  readonly #maxBytes: number
  readonly #chunks = new Map<number, readonly Part[]>()
  #bytes = 0

  constructor(maxBytes = defaultMaxBytes) {
    this.#maxBytes = maxBytes
  }

  /** A part of a leaf that ends at `leafEnd` of the chunk: the leaf's digest, where its other part is here. */
  add(ordinal: number, part: Part, leafEnd: number): Uint8Array | undefined {
    const leafStart = Math.floor(part.offset / blockBytes) * blockBytes
    const other = this.#chunks.get(ordinal)?.find(({ offset }) => offset >= leafStart && offset < leafEnd)
    if (other !== undefined) this.#remove(ordinal, (one) => one === other)
    const halves = [part, ...(other === undefined ? [] : [other])].sort((a, b) => a.offset - b.offset)
    if (fill(halves, leafStart, leafEnd)) return digestOf(halves)
    const parts = this.#chunks.get(ordinal) ?? []
    this.#chunks.delete(ordinal)
    this.#chunks.set(ordinal, [...parts, { offset: part.offset, bytes: new Uint8Array(part.bytes) }])
    this.#bytes += part.bytes.length
    for (const oldest of this.#chunks.keys()) {
      if (this.#bytes <= this.#maxBytes) break
      this.forget(oldest, 0, Number.POSITIVE_INFINITY)
    }
    return undefined
  }

  /** What is at [offset, offset + length) of the chunk is about to change. */
  forget(ordinal: number, offset: number, length: number): void {
    this.#remove(ordinal, (part) => part.offset < offset + length && offset < part.offset + part.bytes.length)
  }

  #remove(ordinal: number, isGone: (part: Part) => boolean): void {
    const parts = this.#chunks.get(ordinal)
    if (parts === undefined) return
    const kept = parts.filter((part) => !isGone(part))
    for (const part of parts) if (!kept.includes(part)) this.#bytes -= part.bytes.length
    if (kept.length > 0) this.#chunks.set(ordinal, kept)
    else this.#chunks.delete(ordinal)
  }
}

/** In order and without gaps. */
function fill(parts: readonly Part[], start: number, end: number): boolean {
  let at = start
  for (const { offset, bytes } of parts) {
    if (offset !== at) return false
    at += bytes.length
  }
  return at === end
}

function digestOf(parts: readonly Part[]): Uint8Array {
  const hash = createHash('sha256')
  for (const { bytes } of parts) hash.update(bytes)
  return hash.digest()
}
