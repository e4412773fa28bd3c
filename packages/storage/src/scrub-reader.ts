import type { AbortOptions } from './abort-options.js'
import type { ChunkKey, StagedChunk } from './chunk-store.js'
import { getIfSound } from './lost-bytes.js'
import type { PieceMapper } from './piece-mapper.js'
import { RecordedKeys } from './recorded-keys.js'
import type { HashJob, PiecePart } from './scrub-hasher.js'
import { stagedChunk } from './torrent-deps.js'
import type { TorrentReaderDeps } from './torrent-reader.js'

/** A chunk as it lies in the store, and how to hash it. */
export interface ScrubbedChunk {
  /** `undefined`: it is staged. */
  readonly key: ChunkKey | undefined
  readonly jobs: readonly HashJob[]
}

/** Reads chunks for a scrub, sealed ones whole, of staged ones the parts that belong to pieces. */
export class ScrubReader {
  readonly #deps: TorrentReaderDeps
  readonly #mapper: PieceMapper
  readonly #keys: RecordedKeys
  readonly #options: AbortOptions

  constructor(deps: TorrentReaderDeps, mapper: PieceMapper, options: AbortOptions) {
    this.#deps = deps
    this.#mapper = mapper
    this.#options = options
    this.#keys = new RecordedKeys(deps.database, deps.record.id, mapper.chunkCount)
  }

  /** The key that is recorded of a chunk. `undefined`: it is staged, as far as is known. */
  keyOf(ordinal: number): Promise<ChunkKey | undefined> {
    return this.#keys.find(ordinal)
  }

  async read(ordinal: number, parts: readonly PiecePart[]): Promise<ScrubbedChunk> {
    const { record, fence } = this.#deps
    const staged = stagedChunk({ torrentId: record.id, fence }, this.#mapper.chunkAt(ordinal))
    const key = await this.#keys.find(ordinal)
    if (key !== undefined) return await this.#readSealed(ordinal, key, staged, parts)
    const jobs = await this.#readStaged(staged, parts)
    if (jobs.every(({ bytes }) => bytes !== undefined)) return { key, jobs }
    // It may have been sealed between the two looks.
    const late = await this.#keys.find(ordinal)
    return late === undefined ? { key, jobs } : await this.#readSealed(ordinal, late, staged, parts)
  }

  async #readSealed(
    ordinal: number,
    key: ChunkKey,
    staged: StagedChunk,
    parts: readonly PiecePart[],
  ): Promise<ScrubbedChunk> {
    const { chunkStore } = this.#deps
    const range = { offset: 0, length: this.#mapper.chunkLengthBytes(ordinal) }
    const found =
      (await getIfSound(chunkStore, key, this.#options)) ??
      (await chunkStore.staging.read(staged, range, this.#options)) ??
      // Between its record and its name it moves from the one place to the other.
      (await getIfSound(chunkStore, key, this.#options))
    const bytes = found !== 'damaged' && found?.length === range.length ? found : undefined
    return { key, jobs: [{ bytes, chunkSizeBytes: this.#mapper.chunkSizeBytes, parts }] }
  }

  async #readStaged(staged: StagedChunk, parts: readonly PiecePart[]): Promise<readonly HashJob[]> {
    const jobs: HashJob[] = []
    for (const part of parts) {
      const range = { offset: part.offset, length: part.length }
      const bytes = await this.#deps.chunkStore.staging.read(staged, range, this.#options)
      jobs.push({ bytes, parts: [{ ...part, offset: 0 }] })
    }
    return jobs
  }
}
