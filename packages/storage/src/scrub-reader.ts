import type { AbortOptions } from './abort-options.js'
import type { ChunkKey, StagedChunk } from './chunk-store.js'
import { isBaeError } from './errors.js'
import type { PieceMapper } from './piece-mapper.js'
import { RecordedKeys } from './recorded-keys.js'
import type { HashJob, PiecePart } from './scrub-hasher.js'
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

  async read(ordinal: number, parts: readonly PiecePart[]): Promise<ScrubbedChunk> {
    const staged = { torrentId: this.#deps.record.id, ...this.#mapper.chunkAt(ordinal) }
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
      (await this.#get(key)) ??
      (await chunkStore.staging.read(staged, range, this.#options)) ??
      // Between its record and its name it moves from the one place to the other.
      (await this.#get(key))
    const bytes = found?.length === range.length ? found : undefined
    return { key, jobs: [{ bytes, chunkSizeBytes: this.#mapper.chunkSizeBytes, parts }] }
  }

  /** Damage that the store itself found is damage, and no failure. */
  async #get(key: ChunkKey): Promise<Uint8Array | undefined> {
    try {
      return await this.#deps.chunkStore.get(key, this.#options)
    } catch (error) {
      if (isBaeError(error, 'STORAGE_CORRUPT')) return new Uint8Array(0)
      throw error
    }
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
