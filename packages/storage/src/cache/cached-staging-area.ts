import type { AbortOptions, ReadOptions } from '../abort-options.js'
import type { ByteRange } from '../byte-range.js'
import { assertByteRange } from '../chunk-store/read-exactly.js'
import type { ChunkKey, StagedChunk, StagingArea, StagingWriteOptions } from '../chunk-store.js'
import { StorageError } from '../errors.js'
import { type FenceOptions, isOlder } from '../fence.js'
import type { InFlightCalls } from '../in-flight-calls.js'
import { KeyedQueue } from '../keyed-queue.js'
import type { TorrentId } from '../torrent-layout.js'
import type { CacheParts } from './cache-deps.js'
import { mayBegin } from './cache-limits.js'
import type { CapacityHolder } from './capacity-holder.js'
import { News } from './news.js'
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
  /** A chunk is staged no longer. */
  readonly #ended = new News()

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
      const { account, chunkSizeBytes, holder } = this.#deps
      await holder.hold()
      const wholeBytes = options?.wholeBytes ?? chunkSizeBytes
      account.writing(chunk, bytes.length)
      try {
        await this.#admit(chunk, Math.max(wholeBytes, offset + bytes.length), options)
        await this.#inner.write(chunk, offset, bytes, options)
      } catch (error) {
        account.notWritten(chunk, bytes.length)
        throw error
      }
    })
  }

  async read(chunk: StagedChunk, range: ByteRange, options?: ReadOptions): Promise<Uint8Array | undefined> {
    return await this.#deps.calls.run(() => this.#inner.read(chunk, range, options))
  }

  async seal(chunk: StagedChunk, key: ChunkKey): Promise<void> {
    const { account, calls, copies, evicted, local, uploads } = this.#deps
    await calls.run(async () => {
      const wasLocal = await copies.exclusive(key, async () => {
        const isThere = await local.has(key)
        await this.#inner.seal(chunk, key)
        return isThere
      })
      const bytes = account.end(chunk)
      // The one that was there may have been evicted in the meantime: no record counts this one yet.
      if (evicted.has(key)) await this.#addAgain(key, bytes)
      else if (!wasLocal) account.add(bytes)
      uploads?.wake(key)
      this.#ended.tell()
    })
  }

  async #addAgain(key: ChunkKey, bytes: number): Promise<void> {
    const { account, database } = this.#deps
    account.arriving(bytes)
    try {
      await database.cache.addLocal(key, bytes)
    } finally {
      account.arrived(bytes, { recorded: true })
    }
  }

  async discard(chunk: StagedChunk): Promise<void> {
    await this.#deps.calls.run(async () => {
      await this.#inner.discard(chunk)
      this.#deps.account.end(chunk)
      this.#ended.tell()
    })
  }

  list(torrentId: TorrentId): AsyncIterable<StagedChunk> {
    return this.#inner.list(torrentId)
  }

  /** Where an older writer may still be there its chunks are copied a few at a time, for which nothing is kept. */
  async takeOver(torrentId: TorrentId, options: FenceOptions & AbortOptions = {}): Promise<void> {
    const { account, calls, holder } = this.#deps
    const { fence } = options
    await calls.run(async () => {
      const older: StagedChunk[] = []
      for await (const chunk of this.#inner.list(torrentId))
        if (isOlder(chunk.fence, fence)) older.push(chunk)
      if (older.length > 0) await holder.hold()
      await this.#inner.takeOver(torrentId, options)
      for (const chunk of older) {
        const bytes = account.end(chunk)
        const { fileIndex, chunk: number } = chunk
        const own = { torrentId, fileIndex, chunk: number, ...(fence !== undefined && { fence }) }
        if (account.kept(own) < bytes) account.keep(own, bytes)
      }
      this.#ended.tell()
    })
  }

  async discardAll(torrentId: TorrentId, options: FenceOptions = {}): Promise<void> {
    await this.#deps.calls.run(async () => {
      await this.#inner.discardAll(torrentId, options)
      this.#deps.account.endTorrent(torrentId)
      this.#ended.tell()
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
      if (more > 0) await this.#begin(chunk, wholeBytes, more, options)
    })
  }

  /**
   * Waits for room, but only while others end without a call for this chunk: whole chunks that are sealed, and
   * uploads that let chunks go.
   */
  async #begin(
    chunk: StagedChunk,
    wholeBytes: number,
    more: number,
    options: AbortOptions | undefined,
  ): Promise<void> {
    const { account, limits, room, roomWaitMs } = this.#deps
    const mayEnter = (): boolean => mayBegin(limits, account.stagedBytes, more)
    const untilMs = performance.now() + roomWaitMs
    for (let hasBegun = false; !hasBegun; ) {
      while (!mayEnter()) {
        const waitMs = untilMs - performance.now()
        const mayEnd = account.hasWholeStaged && waitMs > 0
        if (mayEnd && (await this.#ended.next(waitMs, options ?? {}))) continue
        throw this.#noSpace(more, `${limits.stagingBytes} may be, and those that are begun come first`)
      }
      const waitMs = Math.max(0, untilMs - performance.now())
      const hasRoom = await room.take(more, { ...options, waitMs }, () => {
        // Others may have begun while this one waited for its turn.
        hasBegun = mayEnter()
        if (hasBegun) account.keep(chunk, wholeBytes)
      })
      if (!hasRoom) throw this.#noSpace(more, 'none can go')
    }
  }

  #noSpace(bytes: number, why: string): StorageError {
    const { account, limits } = this.#deps
    const filled = `${account.stagedBytes} bytes are kept for chunks that are being filled`
    const held = `of ${limits.capacityBytes} bytes ${account.localBytes} are taken by whole chunks`
    return new StorageError('STORAGE_NO_SPACE', `no space for ${bytes} bytes: ${held}, ${filled}; ${why}`)
  }
}
