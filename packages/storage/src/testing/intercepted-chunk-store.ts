import type { AbortOptions, ReadOptions } from '../abort-options.js'
import type { ByteRange } from '../byte-range.js'
import type {
  ChunkKey,
  ChunkPlaces,
  FlushOptions,
  GetOptions,
  LeftoverOptions,
  StagedChunk,
  StagingArea,
  StagingChunkStore,
  StagingWriteOptions,
} from '../chunk-store.js'
import type { FenceOptions } from '../fence.js'
import type { ManifestStore } from '../manifest-store.js'
import type { TorrentId } from '../torrent-layout.js'

export type StoreOperation =
  | 'put'
  | 'get'
  | 'has'
  | 'delete'
  | 'list'
  | 'flush'
  | 'places'
  | 'heal'
  | 'staging.write'
  | 'staging.read'
  | 'staging.seal'
  | 'staging.discard'
  | 'staging.list'
  | 'staging.takeOver'
  | 'staging.discardAll'
  | 'manifests.put'
  | 'manifests.get'
  | 'manifests.has'
  | 'manifests.delete'
  | 'manifests.list'

/** What happens around each call of the store below. */
export interface Interceptor {
  /** Runs before the call; the call is not made when it rejects. */
  before(operation: StoreOperation): Promise<void>
  /** What the caller gets instead of the bytes read. */
  onRead(operation: 'get' | 'staging.read', bytes: Uint8Array | undefined): Uint8Array | undefined
}

/** A chunk store on another one, for tests: everything passes through an interceptor. */
export class InterceptedChunkStore implements StagingChunkStore {
  readonly name: string
  readonly staging: StagingArea
  readonly manifests: ManifestStore
  readonly #inner: StagingChunkStore
  readonly #interceptor: Interceptor

  constructor(inner: StagingChunkStore, interceptor: Interceptor) {
    this.name = inner.name
    this.#inner = inner
    this.#interceptor = interceptor
    this.staging = new InterceptedStagingArea(inner.staging, interceptor)
    this.manifests = new InterceptedManifestStore(inner.manifests, interceptor)
  }

  freeBytes(torrentId?: TorrentId): Promise<number | undefined> {
    return this.#inner.freeBytes(torrentId)
  }

  leftovers(options: LeftoverOptions): AsyncIterable<string> {
    return this.#inner.leftovers(options)
  }

  async flush(options?: FlushOptions): Promise<void> {
    await this.#interceptor.before('flush')
    await this.#inner.flush(options)
  }

  async places(key: ChunkKey, options?: AbortOptions): Promise<ChunkPlaces> {
    await this.#interceptor.before('places')
    return await this.#inner.places(key, options)
  }

  async heal(key: ChunkKey, options?: AbortOptions): Promise<boolean> {
    await this.#interceptor.before('heal')
    return await this.#inner.heal(key, options)
  }

  async put(key: ChunkKey, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    await this.#interceptor.before('put')
    await this.#inner.put(key, bytes, options)
  }

  async get(key: ChunkKey, options?: GetOptions): Promise<Uint8Array | undefined> {
    await this.#interceptor.before('get')
    return this.#interceptor.onRead('get', await this.#inner.get(key, options))
  }

  async has(key: ChunkKey, options?: AbortOptions): Promise<boolean> {
    await this.#interceptor.before('has')
    return await this.#inner.has(key, options)
  }

  async delete(key: ChunkKey, options?: AbortOptions): Promise<void> {
    await this.#interceptor.before('delete')
    await this.#inner.delete(key, options)
  }

  async *list(prefix: string, options?: AbortOptions): AsyncIterable<ChunkKey> {
    await this.#interceptor.before('list')
    yield* this.#inner.list(prefix, options)
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

class InterceptedStagingArea implements StagingArea {
  readonly #inner: StagingArea
  readonly #interceptor: Interceptor

  constructor(inner: StagingArea, interceptor: Interceptor) {
    this.#inner = inner
    this.#interceptor = interceptor
  }

  async write(
    chunk: StagedChunk,
    offset: number,
    bytes: Uint8Array,
    options?: StagingWriteOptions,
  ): Promise<void> {
    await this.#interceptor.before('staging.write')
    await this.#inner.write(chunk, offset, bytes, options)
  }

  async read(chunk: StagedChunk, range: ByteRange, options?: ReadOptions): Promise<Uint8Array | undefined> {
    await this.#interceptor.before('staging.read')
    return this.#interceptor.onRead('staging.read', await this.#inner.read(chunk, range, options))
  }

  async seal(chunk: StagedChunk, key: ChunkKey): Promise<void> {
    await this.#interceptor.before('staging.seal')
    await this.#inner.seal(chunk, key)
  }

  async discard(chunk: StagedChunk): Promise<void> {
    await this.#interceptor.before('staging.discard')
    await this.#inner.discard(chunk)
  }

  async *list(torrentId: TorrentId): AsyncIterable<StagedChunk> {
    await this.#interceptor.before('staging.list')
    yield* this.#inner.list(torrentId)
  }

  async takeOver(torrentId: TorrentId, options?: FenceOptions & AbortOptions): Promise<void> {
    await this.#interceptor.before('staging.takeOver')
    await this.#inner.takeOver(torrentId, options)
  }

  async discardAll(torrentId: TorrentId, options?: FenceOptions): Promise<void> {
    await this.#interceptor.before('staging.discardAll')
    await this.#inner.discardAll(torrentId, options)
  }

  async *listTorrents(): AsyncIterable<TorrentId> {
    await this.#interceptor.before('staging.list')
    yield* this.#inner.listTorrents()
  }
}

class InterceptedManifestStore implements ManifestStore {
  readonly #inner: ManifestStore
  readonly #interceptor: Interceptor

  constructor(inner: ManifestStore, interceptor: Interceptor) {
    this.#inner = inner
    this.#interceptor = interceptor
  }

  async put(name: string, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    await this.#interceptor.before('manifests.put')
    await this.#inner.put(name, bytes, options)
  }

  async get(name: string, options?: AbortOptions): Promise<Uint8Array | undefined> {
    await this.#interceptor.before('manifests.get')
    return await this.#inner.get(name, options)
  }

  async has(name: string, options?: AbortOptions): Promise<boolean> {
    await this.#interceptor.before('manifests.has')
    return await this.#inner.has(name, options)
  }

  async delete(name: string, options?: AbortOptions): Promise<void> {
    await this.#interceptor.before('manifests.delete')
    await this.#inner.delete(name, options)
  }

  async *list(options?: AbortOptions): AsyncIterable<string> {
    await this.#interceptor.before('manifests.list')
    yield* this.#inner.list(options)
  }
}
