import type { AbortOptions } from '../abort-options.js'
import type { ByteRange } from '../byte-range.js'
import { assertByteRange } from '../chunk-store/read-exactly.js'
import type { ChunkKey, StagedChunk, StagingArea, StagingWriteOptions } from '../chunk-store.js'
import { StorageError } from '../errors.js'
import type { InFlightCalls } from '../in-flight-calls.js'
import { KeyedQueue } from '../keyed-queue.js'
import type { TorrentId } from '../torrent-layout.js'
import type { CacheParts } from './cache-deps.js'
import { mayBegin } from './cache-limits.js'
import type { CapacityHolder } from './capacity-holder.js'
import type { RoomMaker } from './room-maker.js'
import type { UploadQueue } from './upload-queue.js'

export interface CachedStagingDeps extends CacheParts {
  readonly calls: InFlightCalls
  readonly holder: CapacityHolder
  readonly room: RoomMaker
  readonly uploads: UploadQueue | undefined
  readonly roomWaitMs: number
}

/** The staging area of a CacheManager: that of the local store, within the capacity. */
export class CachedStagingArea implements StagingArea {
  readonly #deps: CachedStagingDeps
  readonly #inner: StagingArea
  /** A chunk is begun once, however many of its parts come at a time. */
  readonly #beginning = new KeyedQueue<string>()

  constructor(deps: CachedStagingDeps) {
    this.#deps = deps
    this.#inner = deps.local.staging
  }

  async write(
    chunk: StagedChunk,
    offset: number,
    bytes: Uint8Array,
    options?: StagingWriteOptions,
  ): Promise<void> {
    assertByteRange({ offset, length: bytes.length })
    await this.#deps.calls.run(async () => {
      options?.signal?.throwIfAborted()
      await this.#deps.holder.hold()
      const wholeBytes = options?.wholeBytes ?? this.#deps.chunkSizeBytes
      await this.#admit(chunk, Math.max(wholeBytes, offset + bytes.length), options)
      await this.#inner.write(chunk, offset, bytes, options)
    })
  }

  async read(chunk: StagedChunk, range: ByteRange, options?: AbortOptions): Promise<Uint8Array | undefined> {
    return await this.#deps.calls.run(() => this.#inner.read(chunk, range, options))
  }

  async seal(chunk: StagedChunk, key: ChunkKey): Promise<void> {
    const { account, calls, database, evicted, local, uploads } = this.#deps
    await calls.run(async () => {
      const wasLocal = await local.has(key)
      await this.#inner.seal(chunk, key)
      const bytes = account.end(chunk)
      // The one that was there may have been evicted in the meantime.
      if (evicted.has(key)) await database.cache.addLocal(key, bytes)
      if (!wasLocal || evicted.has(key)) account.add(bytes)
      uploads?.wake(key)
    })
  }

  async discard(chunk: StagedChunk): Promise<void> {
    await this.#deps.calls.run(async () => {
      await this.#inner.discard(chunk)
      this.#deps.account.end(chunk)
    })
  }

  list(torrentId: TorrentId): AsyncIterable<StagedChunk> {
    return this.#inner.list(torrentId)
  }

  async discardAll(torrentId: TorrentId): Promise<void> {
    await this.#deps.calls.run(async () => {
      await this.#inner.discardAll(torrentId)
      this.#deps.account.endTorrent(torrentId)
    })
  }

  listTorrents(): AsyncIterable<TorrentId> {
    return this.#inner.listTorrents()
  }

  async #admit(chunk: StagedChunk, wholeBytes: number, options: AbortOptions | undefined): Promise<void> {
    const { account } = this.#deps
    if (account.kept(chunk) >= wholeBytes) return
    await this.#beginning.exclusive(`${chunk.torrentId}/${chunk.fileIndex}-${chunk.chunk}`, async () => {
      const more = wholeBytes - account.kept(chunk)
      if (more <= 0) return
      this.#assertMayBegin(more)
      const wait = { ...options, waitMs: this.#deps.roomWaitMs }
      const entered = await this.#deps.room.take(more, wait, () => {
        this.#assertMayBegin(more)
        account.keep(chunk, wholeBytes)
      })
      if (!entered) throw this.#noSpace(more, 'none can go')
    })
  }

  #assertMayBegin(bytes: number): void {
    const { account, limits } = this.#deps
    if (mayBegin(limits, account.stagedBytes, bytes)) return
    throw this.#noSpace(bytes, `${limits.stagingBytes} may be, and those that are begun come first`)
  }

  #noSpace(bytes: number, why: string): StorageError {
    const { account, limits } = this.#deps
    const filled = `${account.stagedBytes} bytes are kept for chunks that are being filled`
    const held = `of ${limits.capacityBytes} bytes ${account.localBytes} are taken by whole chunks`
    return new StorageError('STORAGE_NO_SPACE', `no space for ${bytes} bytes: ${held}, ${filled}; ${why}`)
  }
}
