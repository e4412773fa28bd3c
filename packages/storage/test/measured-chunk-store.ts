import type { AbortOptions } from '../src/abort-options.js'
import type { ByteRange } from '../src/byte-range.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type {
  ChunkKey,
  ChunkPlaces,
  LeftoverOptions,
  StagedChunk,
  StagingArea,
  StagingChunkStore,
} from '../src/chunk-store.js'
import type { FenceOptions } from '../src/fence.js'
import type { ManifestStore } from '../src/manifest-store.js'
import type { TorrentId } from '../src/torrent-layout.js'

/** A store in memory that outlives being closed, as a folder does, and knows how full it was at most. */
export class MeasuredChunkStore implements StagingChunkStore {
  readonly name = 'measured'
  readonly staging: StagingArea
  readonly manifests: ManifestStore
  readonly #inner = new MemoryChunkStore()
  readonly #lengths = new Map<string, number>()
  peakBytes = 0

  constructor() {
    this.staging = new MeasuredStagingArea(this.#inner.staging, this)
    this.manifests = this.#inner.manifests
  }

  get usedBytes(): number {
    return [...this.#lengths.values()].reduce((sum, one) => sum + one, 0)
  }

  note(name: string, bytes: number): void {
    if (bytes === 0) this.#lengths.delete(name)
    else this.#lengths.set(name, bytes)
    this.peakBytes = Math.max(this.peakBytes, this.usedBytes)
  }

  lengthOf(name: string): number {
    return this.#lengths.get(name) ?? 0
  }

  namesBeginningWith(prefix: string): string[] {
    return [...this.#lengths.keys()].filter((name) => name.startsWith(prefix))
  }

  leftovers(options: LeftoverOptions): AsyncIterable<string> {
    return this.#inner.leftovers(options)
  }

  async put(key: ChunkKey, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    this.note(key, bytes.length)
    await this.#inner.put(key, bytes, options)
  }

  get(key: ChunkKey, options?: AbortOptions & { range?: ByteRange }): Promise<Uint8Array | undefined> {
    return this.#inner.get(key, options)
  }

  has(key: ChunkKey): Promise<boolean> {
    return this.#inner.has(key)
  }

  async delete(key: ChunkKey): Promise<void> {
    await this.#inner.delete(key)
    this.note(key, 0)
  }

  list(prefix: string): AsyncIterable<ChunkKey> {
    return this.#inner.list(prefix)
  }

  places(key: ChunkKey): Promise<ChunkPlaces> {
    return this.#inner.places(key)
  }

  heal(key: ChunkKey): Promise<boolean> {
    return this.#inner.heal(key)
  }

  async flush(): Promise<void> {}

  async freeBytes(): Promise<number | undefined> {
    return undefined
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

class MeasuredStagingArea implements StagingArea {
  readonly #inner: StagingArea
  readonly #store: MeasuredChunkStore

  constructor(inner: StagingArea, store: MeasuredChunkStore) {
    this.#inner = inner
    this.#store = store
  }

  async write(chunk: StagedChunk, offset: number, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    this.#store.note(nameOf(chunk), Math.max(this.#store.lengthOf(nameOf(chunk)), offset + bytes.length))
    await this.#inner.write(chunk, offset, bytes, options)
  }

  read(chunk: StagedChunk, range: ByteRange, options?: AbortOptions): Promise<Uint8Array | undefined> {
    return this.#inner.read(chunk, range, options)
  }

  async seal(chunk: StagedChunk, key: ChunkKey): Promise<void> {
    await this.#inner.seal(chunk, key)
    const bytes = this.#store.lengthOf(nameOf(chunk))
    this.#store.note(nameOf(chunk), 0)
    if (bytes > 0) this.#store.note(key, bytes)
  }

  async discard(chunk: StagedChunk): Promise<void> {
    await this.#inner.discard(chunk)
    this.#store.note(nameOf(chunk), 0)
  }

  list(torrentId: TorrentId): AsyncIterable<StagedChunk> {
    return this.#inner.list(torrentId)
  }

  takeOver(torrentId: TorrentId, options?: FenceOptions): Promise<void> {
    return this.#inner.takeOver(torrentId, options)
  }

  async discardAll(torrentId: TorrentId): Promise<void> {
    await this.#inner.discardAll(torrentId)
    for (const name of this.#store.namesBeginningWith(`${torrentId}/`)) this.#store.note(name, 0)
  }

  listTorrents(): AsyncIterable<TorrentId> {
    return this.#inner.listTorrents()
  }
}

function nameOf({ torrentId, fileIndex, chunk }: StagedChunk): string {
  return `${torrentId}/${fileIndex}-${chunk}`
}
