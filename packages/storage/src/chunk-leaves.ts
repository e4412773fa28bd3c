import { hashLeaves, leafBytes } from './chunk-key.js'
import { blockBytes } from './piece-mapper.js'

/** Digests of consecutive leaves of a chunk, from leaf `first` on. */
export interface LeafRun {
  readonly first: number
  readonly digests: Uint8Array
}

interface Leaves {
  readonly digests: Uint8Array
  readonly known: Uint8Array
}

/** The leaves [first, end) of a chunk of `chunkLength` bytes that lie wholly in [offset, offset + length) of it. */
export function leavesWithin(
  offset: number,
  length: number,
  chunkLength: number,
): { readonly first: number; readonly end: number } {
  const first = Math.ceil(offset / blockBytes)
  const bytesEnd = offset + length
  const end = bytesEnd === chunkLength ? Math.ceil(bytesEnd / blockBytes) : Math.floor(bytesEnd / blockBytes)
  return { first, end: Math.max(first, end) }
}

/** Digests of so many bytes of chunks that are being filled are kept: 8 GiB of them, in 16 MiB. */
const defaultMaxChunks = 8192

/**
 * Digests of the leaves of chunks that are being filled, made while their bytes are in memory. It may
 * forget: a leaf that is not here is read back from the staged chunk. So is one that two pieces share, of
 * which nobody ever has all the bytes in hand.
 */
export class ChunkLeaves {
  readonly #leavesPerChunk: number
  readonly #maxChunks: number
  readonly #chunks = new Map<number, Leaves>()

  constructor(chunkSizeBytes: number, options: { readonly maxChunks?: number } = {}) {
    this.#leavesPerChunk = chunkSizeBytes / blockBytes
    this.#maxChunks = options.maxChunks ?? defaultMaxChunks
  }

  /** Of bytes that will be at `offset` of a chunk of `chunkLength` bytes: the digests of the leaves that lie wholly in them. */
  hash(offset: number, bytes: Uint8Array, chunkLength: number): LeafRun {
    const { first, end } = leavesWithin(offset, bytes.length, chunkLength)
    const inBytes = bytes.subarray(first * blockBytes - offset, end * blockBytes - offset)
    return { first, digests: first < end ? hashLeaves(inBytes) : new Uint8Array(0) }
  }

  /** The bytes of these leaves are in the chunk now. */
  add(ordinal: number, { first, digests }: LeafRun): void {
    if (digests.length === 0) return
    const leaves = this.#makeRoom(ordinal)
    leaves.digests.set(digests, first * leafBytes)
    leaves.known.fill(1, first, first + digests.length / leafBytes)
  }

  /** What is at [offset, offset + length) of the chunk is about to change. */
  forget(ordinal: number, offset: number, length: number): void {
    const leaves = this.#chunks.get(ordinal)
    leaves?.known.fill(0, Math.floor(offset / blockBytes), Math.ceil((offset + length) / blockBytes))
  }

  forgetChunk(ordinal: number): void {
    this.#chunks.delete(ordinal)
  }

  /** All digests of a chunk of `count` leaves; `readRun` gives those of leaves [first, end) that are not known. */
  async all(
    ordinal: number,
    count: number,
    readRun: (first: number, end: number) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const leaves = this.#chunks.get(ordinal)
    const digests = new Uint8Array(count * leafBytes)
    digests.set(leaves?.digests.subarray(0, digests.length) ?? [])
    for (let first = 0; first < count; first++) {
      if (leaves?.known[first] === 1) continue
      let end = first + 1
      while (end < count && leaves?.known[end] !== 1) end++
      digests.set(await readRun(first, end), first * leafBytes)
      first = end
    }
    return digests
  }

  /** The chunk that was touched longest ago goes first. */
  #makeRoom(ordinal: number): Leaves {
    const leaves = this.#chunks.get(ordinal) ?? {
      digests: new Uint8Array(this.#leavesPerChunk * leafBytes),
      known: new Uint8Array(this.#leavesPerChunk),
    }
    this.#chunks.delete(ordinal)
    this.#chunks.set(ordinal, leaves)
    const [oldest] = this.#chunks.keys()
    if (this.#chunks.size > this.#maxChunks && oldest !== undefined) this.#chunks.delete(oldest)
    return leaves
  }
}
