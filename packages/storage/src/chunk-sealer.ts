import { chunkKeyFromLeaves, chunkKeyOf, hashLeaves } from './chunk-key.js'
import type { ChunkLeaves } from './chunk-leaves.js'
import type { ChunkKey, StagedChunk } from './chunk-store.js'
import { crashPoint } from './crash-point.js'
import type { SealedChunk } from './database.js'
import { StorageError } from './errors.js'
import { forEachBounded } from './for-each-bounded.js'
import { getIfSound } from './lost-bytes.js'
import { blockBytes } from './piece-mapper.js'
import { stagedChunk, type TorrentDeps } from './torrent-deps.js'

/** Chunks worked on at once: reading one back waits for the disk, and more than that only costs memory. */
const maxChunksAtOnce = 4

/** Turns staged chunks into stored ones and back. It keeps no records and takes no locks. */
export class ChunkSealer {
  readonly #deps: TorrentDeps
  readonly #leaves: ChunkLeaves

  constructor(deps: TorrentDeps, leaves: ChunkLeaves) {
    this.#deps = deps
    this.#leaves = leaves
  }

  /** The keys of staged chunks that have all their bytes. */
  async keysOf(ordinals: Iterable<number>): Promise<readonly SealedChunk[]> {
    const chunks: SealedChunk[] = []
    // For single leaves, of which there may be thousands: an array of its own for each is garbage that V8 lets lie.
    const idle: Uint8Array[] = []
    await forEachBounded(ordinals, maxChunksAtOnce, async (ordinal) => {
      const lengthBytes = this.#deps.mapper.chunkLengthBytes(ordinal)
      const digests = await this.#leaves.all(ordinal, Math.ceil(lengthBytes / blockBytes), (first, end) =>
        this.#readLeaves(ordinal, first * blockBytes, Math.min(end * blockBytes, lengthBytes), idle),
      )
      chunks.push({
        ordinal,
        key: chunkKeyFromLeaves(digests, this.#deps.mapper.chunkSizeBytes, this.#deps.merkleRoot),
        lengthBytes,
      })
    })
    return chunks
  }

  /**
   * Gives recorded chunks their final names. One that fails stays staged, is read from there, and is tried
   * again when the torrent is opened next: so this never rejects.
   */
  async seal(chunks: readonly SealedChunk[]): Promise<void> {
    const { chunkStore, logger, torrentId } = this.#deps
    await forEachBounded(chunks, maxChunksAtOnce, async ({ ordinal, key }) => {
      this.#leaves.forgetChunk(ordinal)
      try {
        await chunkStore.staging.seal(this.staged(ordinal), key)
        crashPoint('chunk is sealed')
      } catch (error) {
        logger.error({ torrentId, key, err: error }, 'a chunk is recorded but could not be sealed yet')
      }
    })
  }

  /**
   * Makes a stored chunk a staged one again; its object stays. False when its bytes are nowhere: damaged ones
   * would get a key of their own when they are sealed next, and pass for right ones. `damagedToo`: what of them
   * will be claimed is known to be right.
   */
  async unseal(ordinal: number, key: ChunkKey, damagedToo = false): Promise<boolean> {
    const { chunkStore, mapper } = this.#deps
    const staged = this.staged(ordinal)
    const range = { offset: 0, length: mapper.chunkLengthBytes(ordinal) }
    const found = await getIfSound(chunkStore, key)
    const stored = found === 'damaged' ? undefined : found
    const bytes = stored ?? (await chunkStore.staging.read(staged, range))
    if (bytes?.length !== range.length) return false
    if (!damagedToo && chunkKeyOf(bytes, mapper.chunkSizeBytes) !== key) return false
    if (stored !== undefined) await chunkStore.staging.write(staged, 0, stored, { wholeBytes: range.length })
    crashPoint('chunk is staged again')
    return true
  }

  staged(ordinal: number): StagedChunk {
    return stagedChunk(this.#deps, this.#deps.mapper.chunkAt(ordinal))
  }

  async #readLeaves(ordinal: number, offset: number, end: number, idle: Uint8Array[]): Promise<Uint8Array> {
    const chunk = this.staged(ordinal)
    const range = { offset, length: end - offset }
    const memory = range.length > blockBytes ? undefined : (idle.pop() ?? new Uint8Array(blockBytes))
    const into = memory && { into: memory.subarray(0, range.length) }
    const bytes = await this.#deps.chunkStore.staging.read(chunk, range, into)
    const digests = bytes && hashLeaves(bytes)
    // Where the call failed it is left to the collector.
    if (memory) idle.push(memory)
    if (digests) return digests
    const name = `chunk ${chunk.chunk} of file ${chunk.fileIndex} of torrent ${chunk.torrentId}`
    throw new StorageError('STORAGE_CHUNK_MISSING', `${name} is not staged up to byte ${end}`)
  }
}
