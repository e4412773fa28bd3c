import type { AbortOptions } from './abort-options.js'
import { provesChunk } from './chunk-key.js'
import { copyInto } from './chunk-store/copy-into.js'
import { assertByteRange, assertInto } from './chunk-store/read-exactly.js'
import type {
  ChunkKey,
  ChunkPlaces,
  FlushOptions,
  GetOptions,
  LeftoverOptions,
  StagingArea,
  StagingChunkStore,
} from './chunk-store.js'
import { StorageError } from './errors.js'
import type { ManifestStore } from './manifest-store.js'
import type { TorrentId } from './torrent-layout.js'
import { untilAborted } from './until-aborted.js'

/** `'first'`: each chunk at its first read here. `'always'`: at every read. */
export type ReadChecks = 'first' | 'always'

export interface CheckedChunkStoreOptions {
  readonly checks: ReadChecks
  /** How many chunks are remembered as checked; one that is forgotten is checked again. */
  readonly maxRemembered?: number
}

const defaultMaxRemembered = 65_536

/**
 * A chunk store that proves chunks by their keys before it gives them out: damage rejects STORAGE_CORRUPT with the
 * chunk named. To be checked a chunk is read whole, whatever range is asked for. Owns the store below.
 */
export class CheckedChunkStore implements StagingChunkStore {
  readonly name: string
  readonly staging: StagingArea
  readonly manifests: ManifestStore
  /** There where the store below has it, as the next one. */
  readonly willRead?: (keys: readonly ChunkKey[]) => void
  readonly lendFiles?: NonNullable<StagingChunkStore['lendFiles']>
  readonly #inner: StagingChunkStore
  readonly #maxRemembered: number
  readonly #checked = new Set<ChunkKey>()
  /** A chunk is often asked for in many parts at once: it is read and proven once for all of them. */
  readonly #proving = new Map<ChunkKey, Promise<Uint8Array | undefined>>()

  constructor(inner: StagingChunkStore, options: CheckedChunkStoreOptions) {
    const { checks, maxRemembered = defaultMaxRemembered } = options
    this.name = inner.name
    this.staging = inner.staging
    this.manifests = inner.manifests
    if (inner.willRead !== undefined) this.willRead = (keys) => inner.willRead?.(keys)
    if (inner.lendFiles !== undefined) this.lendFiles = inner.lendFiles.bind(inner)
    this.#inner = inner
    this.#maxRemembered = checks === 'always' ? 0 : maxRemembered
  }

  async get(key: ChunkKey, options?: GetOptions): Promise<Uint8Array | undefined> {
    if (this.#checked.has(key)) return await this.#inner.get(key, options)
    const { range, into } = options ?? {}
    if (range !== undefined) {
      assertByteRange(range)
      assertInto(range, into)
    }
    options?.signal?.throwIfAborted()
    const bytes = await untilAborted(this.#proven(key), options?.signal)
    if (bytes === undefined) return undefined
    const { offset, length } = range ?? { offset: 0, length: bytes.length }
    if (offset + length <= bytes.length)
      return copyInto(range && into, bytes.subarray(offset, offset + length))
    throw new RangeError(`bytes ${offset} to ${offset + length} are beyond chunk ${key}`)
  }

  getUnchecked(key: ChunkKey, options?: AbortOptions): Promise<Uint8Array | undefined> {
    return this.#inner.get(key, options)
  }

  async put(key: ChunkKey, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    this.#forget(key)
    await this.#inner.put(key, bytes, options)
  }

  async delete(key: ChunkKey, options?: AbortOptions): Promise<void> {
    this.#forget(key)
    await this.#inner.delete(key, options)
  }

  async heal(key: ChunkKey, options?: AbortOptions): Promise<boolean> {
    this.#forget(key)
    return await this.#inner.heal(key, options)
  }

  has(key: ChunkKey, options?: AbortOptions): Promise<boolean> {
    return this.#inner.has(key, options)
  }

  places(key: ChunkKey, options?: AbortOptions): Promise<ChunkPlaces> {
    return this.#inner.places(key, options)
  }

  list(prefix: string, options?: AbortOptions): AsyncIterable<ChunkKey> {
    return this.#inner.list(prefix, options)
  }

  leftovers(options: LeftoverOptions): AsyncIterable<string> {
    return this.#inner.leftovers(options)
  }

  flush(options?: FlushOptions): Promise<void> {
    return this.#inner.flush(options)
  }

  freeBytes(torrentId?: TorrentId): Promise<number | undefined> {
    return this.#inner.freeBytes(torrentId)
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Nobody's own: whoever gives it out copies it. */
  async #proven(key: ChunkKey): Promise<Uint8Array | undefined> {
    const known = this.#proving.get(key)
    if (known !== undefined) return await known
    const proving = this.#prove(key)
    this.#proving.set(key, proving)
    try {
      const bytes = await proving
      if (bytes !== undefined && this.#proving.get(key) === proving) this.#remember(key)
      return bytes
    } finally {
      if (this.#proving.get(key) === proving) this.#proving.delete(key)
    }
  }

  async #prove(key: ChunkKey): Promise<Uint8Array | undefined> {
    const bytes = await this.#inner.get(key)
    if (bytes === undefined || provesChunk(key, bytes)) return bytes
    throw new StorageError('STORAGE_CORRUPT', `chunk ${key} of ${this.name} is not what it was`)
  }

  #remember(key: ChunkKey): void {
    if (this.#maxRemembered === 0) return
    this.#checked.add(key)
    const [oldest] = this.#checked
    if (this.#checked.size > this.#maxRemembered && oldest !== undefined) this.#checked.delete(oldest)
  }

  /** What is read from now on is read anew. */
  #forget(key: ChunkKey): void {
    this.#checked.delete(key)
    this.#proving.delete(key)
  }
}
