import type { AbortOptions, ReadOptions } from '../abort-options.js'
import type { ByteRange } from '../byte-range.js'
import { MemoryChunkStore } from '../chunk-store/memory-chunk-store.js'
import type {
  ChunkKey,
  ChunkPlaces,
  FlushOptions,
  GetOptions,
  LeftoverOptions,
  StagedChunk,
  StagingArea,
  StagingChunkStore,
} from '../chunk-store.js'
import { type FenceOptions, isOlder } from '../fence.js'
import type { ManifestStore } from '../manifest-store.js'
import type { TorrentId } from '../torrent-layout.js'

type Name = string

/**
 * A chunk store whose machine can lose its power. Names outlive it, as a journal keeps them; bytes that were not
 * flushed become zeroes, as those of a file do whose blocks never reached the device.
 */
export class PowerCutChunkStore implements StagingChunkStore {
  readonly name = 'memory that can lose its power'
  readonly staging: StagingArea
  readonly manifests: ManifestStore
  readonly #inner = new MemoryChunkStore()
  readonly #unflushed: UnflushedRanges = new Map()
  /** Runs inside each flush, before it takes effect. */
  duringFlush: () => Promise<void> = async () => {}
  flushes = 0

  constructor() {
    this.staging = new PowerCutStagingArea(this.#inner.staging, this.#unflushed)
    // What they have settled was flushed.
    this.manifests = this.#inner.manifests
  }

  /** Every byte that was not flushed is gone. */
  async cutPower(): Promise<void> {
    for (const { place, ranges } of this.#unflushed.values()) {
      for (const { offset, length } of ranges) await this.#spoil(place, offset, length)
    }
    this.#unflushed.clear()
  }

  leftovers(options: LeftoverOptions): AsyncIterable<string> {
    return this.#inner.leftovers(options)
  }

  async flush(options?: FlushOptions): Promise<void> {
    const written = new Map(Array.from(this.#unflushed, ([name, { ranges }]) => [name, ranges.length]))
    await this.duringFlush()
    await this.#inner.flush(options)
    this.flushes++
    for (const [name, count] of written) {
      const entry = this.#unflushed.get(name)
      entry?.ranges.splice(0, count)
      if (entry?.ranges.length === 0) this.#unflushed.delete(name)
    }
  }

  freeBytes(): Promise<number | undefined> {
    return this.#inner.freeBytes()
  }

  places(key: ChunkKey, options?: AbortOptions): Promise<ChunkPlaces> {
    return this.#inner.places(key, options)
  }

  heal(key: ChunkKey, options?: AbortOptions): Promise<boolean> {
    return this.#inner.heal(key, options)
  }

  async put(key: ChunkKey, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    await this.#inner.put(key, bytes, options)
    this.#unflushed.set(key, { place: key, ranges: [{ offset: 0, length: bytes.length }] })
  }

  get(key: ChunkKey, options?: GetOptions): Promise<Uint8Array | undefined> {
    return this.#inner.get(key, options)
  }

  has(key: ChunkKey, options?: AbortOptions): Promise<boolean> {
    return this.#inner.has(key, options)
  }

  async delete(key: ChunkKey, options?: AbortOptions): Promise<void> {
    this.#unflushed.delete(key)
    await this.#inner.delete(key, options)
  }

  list(prefix: string, options?: AbortOptions): AsyncIterable<ChunkKey> {
    return this.#inner.list(prefix, options)
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #spoil(place: StagedChunk | ChunkKey, offset: number, length: number): Promise<void> {
    if (typeof place !== 'string') {
      await this.#inner.staging.write(place, offset, new Uint8Array(length))
      return
    }
    const bytes = await this.#inner.get(place)
    if (bytes !== undefined) await this.#inner.put(place, bytes.fill(0, offset, offset + length))
  }
}

type UnflushedRanges = Map<Name, { readonly place: StagedChunk | ChunkKey; readonly ranges: ByteRange[] }>

class PowerCutStagingArea implements StagingArea {
  readonly #inner: StagingArea
  readonly #unflushed: UnflushedRanges

  constructor(inner: StagingArea, unflushed: UnflushedRanges) {
    this.#inner = inner
    this.#unflushed = unflushed
  }

  async write(chunk: StagedChunk, offset: number, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    await this.#inner.write(chunk, offset, bytes, options)
    const entry = this.#unflushed.get(nameOf(chunk)) ?? { place: chunk, ranges: [] }
    entry.ranges.push({ offset, length: bytes.length })
    this.#unflushed.set(nameOf(chunk), entry)
  }

  read(chunk: StagedChunk, range: ByteRange, options?: ReadOptions): Promise<Uint8Array | undefined> {
    return this.#inner.read(chunk, range, options)
  }

  async seal(chunk: StagedChunk, key: ChunkKey): Promise<void> {
    await this.#inner.seal(chunk, key)
    const entry = this.#unflushed.get(nameOf(chunk))
    this.#unflushed.delete(nameOf(chunk))
    if (entry !== undefined) this.#unflushed.set(key, { place: key, ranges: entry.ranges })
  }

  async discard(chunk: StagedChunk): Promise<void> {
    this.#unflushed.delete(nameOf(chunk))
    await this.#inner.discard(chunk)
  }

  list(torrentId: TorrentId): AsyncIterable<StagedChunk> {
    return this.#inner.list(torrentId)
  }

  /** What was not flushed of the one that is taken over is not flushed of the one that it becomes. */
  async takeOver(torrentId: TorrentId, options: FenceOptions & AbortOptions = {}): Promise<void> {
    await this.#inner.takeOver(torrentId, options)
    const { fence } = options
    for (const [name, { place, ranges }] of [...this.#unflushed]) {
      if (typeof place === 'string' || place.torrentId !== torrentId || !isOlder(place.fence, fence)) continue
      this.#unflushed.delete(name)
      const { fileIndex, chunk } = place
      const own = { torrentId, fileIndex, chunk, ...(fence !== undefined && { fence }) }
      const known = this.#unflushed.get(nameOf(own))?.ranges ?? []
      this.#unflushed.set(nameOf(own), { place: own, ranges: [...known, ...ranges] })
    }
  }

  async discardAll(torrentId: TorrentId, options?: FenceOptions): Promise<void> {
    for (const name of this.#unflushed.keys()) {
      if (name.startsWith(`${torrentId}/`)) this.#unflushed.delete(name)
    }
    await this.#inner.discardAll(torrentId, options)
  }

  listTorrents(): AsyncIterable<TorrentId> {
    return this.#inner.listTorrents()
  }
}

function nameOf({ torrentId, fileIndex, chunk, fence }: StagedChunk): Name {
  return `${torrentId}/${fileIndex}-${chunk}-${fence}`
}
