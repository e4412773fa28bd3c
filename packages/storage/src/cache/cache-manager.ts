import type { AbortOptions } from '../abort-options.js'
import type { ByteRange } from '../byte-range.js'
import type { PinReason, PinTarget } from '../cache-records.js'
import type {
  ChunkKey,
  ChunkPlaces,
  FlushOptions,
  GetOptions,
  LeftoverOptions,
  StagingChunkStore,
} from '../chunk-store.js'
import type { Database } from '../database.js'
import { StorageError } from '../errors.js'
import { InFlightCalls } from '../in-flight-calls.js'
import { KeyedQueue } from '../keyed-queue.js'
import { silentLogger } from '../logger.js'
import type { TorrentId } from '../torrent-layout.js'
import type { CacheManagerDeps, CacheManagerOptions, CacheParts } from './cache-deps.js'
import { limitsOf, minCapacityChunks } from './cache-limits.js'
import { CachedStagingArea } from './cached-staging-area.js'
import { CapacityHolder } from './capacity-holder.js'
import { ChunkFetcher } from './chunk-fetcher.js'
import { CopiedManifests } from './copied-manifests.js'
import { RecentKeys } from './recent-keys.js'
import { RecentUses } from './recent-uses.js'
import { RemoteCalls } from './remote-calls.js'
import { RoomMaker } from './room-maker.js'
import { SpaceAccount } from './space-account.js'
import { UploadQueue } from './upload-queue.js'

export const defaultCacheOptions = {
  capacityBytes: Number.POSITIVE_INFINITY,
  remoteDeadlineMs: 30_000,
  firstRetryMs: 200,
  roomWaitMs: 20_000,
  drainMs: 10_000,
} as const

/** The remote store and what is only there with one. */
interface RemoteParts {
  readonly calls: RemoteCalls
  readonly uploads: UploadQueue
  readonly fetcher: ChunkFetcher
}

/**
 * A local store that never holds more than its capacity, in front of a remote one where there is one: sealed
 * chunks are uploaded in the background, fetched when they are missing, and go from the local store when room
 * is needed and nothing pins them. The only copy of a chunk never goes. It keeps nothing in memory that grows
 * with the library. Closing it closes both stores; the database is lent.
 */
export class CacheManager implements StagingChunkStore {
  readonly name: string
  readonly staging: CachedStagingArea
  readonly manifests: CopiedManifests
  /** There where the local store has it: the files of chunks that are here. */
  readonly lendFiles?: NonNullable<StagingChunkStore['lendFiles']>
  readonly #parts: CacheParts
  readonly #calls: InFlightCalls
  readonly #holder: CapacityHolder
  readonly #uses: RecentUses
  readonly #room: RoomMaker
  readonly #remote: RemoteParts | undefined
  readonly #options: Required<CacheManagerOptions>
  readonly #closing = new AbortController()
  #copying: Promise<void> = Promise.resolve()

  private constructor(deps: CacheManagerDeps, options: Required<CacheManagerOptions>) {
    this.name = `cache on ${deps.local.name}`
    this.#options = options
    this.#calls = new InFlightCalls(this.name)
    this.#parts = partsOf(deps, options)
    const remote = deps.remote === undefined ? undefined : new RemoteCalls(deps.remote, options)
    const uploads = remote && new UploadQueue({ ...this.#parts, remote })
    this.manifests = new CopiedManifests({
      ...this.#parts,
      calls: this.#calls,
      local: deps.local.manifests,
      remote: remote && deps.remote?.manifests && { calls: remote, manifests: deps.remote.manifests },
    })
    this.#holder = new CapacityHolder(this.#parts, () => {
      uploads?.wake()
      this.#copying = this.manifests.copyMissing({ signal: this.#closing.signal })
    })
    this.#uses = new RecentUses({ ...this.#parts, cache: deps.database.cache })
    this.#room = new RoomMaker({ ...this.#parts, uses: this.#uses, uploads })
    const shared = { ...this.#parts, holder: this.#holder, room: this.#room }
    this.#remote = remote &&
      uploads && { calls: remote, uploads, fetcher: new ChunkFetcher({ ...shared, remote }) }
    const lend = deps.local.lendFiles?.bind(deps.local)
    if (lend !== undefined)
      this.lendFiles = (use, options) =>
        this.#calls.run(() => lend((pathOf) => use((key) => this.#used(key, pathOf)), options))
    const { roomWaitMs } = options
    this.staging = new CachedStagingArea({ ...shared, calls: this.#calls, uploads, roomWaitMs })
  }

  /**
   * Looks at no chunk. RangeError for a capacity of less than four chunks; STORAGE_UNAVAILABLE where chunks are
   * only in a remote store and none was given.
   */
  static async open(deps: CacheManagerDeps, options: CacheManagerOptions): Promise<CacheManager> {
    const all = { ...defaultCacheOptions, ...options }
    if (!(all.capacityBytes >= minCapacityChunks * all.chunkSizeBytes)) {
      const least = `${minCapacityChunks} chunks of ${all.chunkSizeBytes} bytes`
      throw new RangeError(`a capacity of ${all.capacityBytes} bytes is less than ${least}`)
    }
    if (deps.remote === undefined) await refuseAwayChunks(deps.database)
    return new CacheManager(deps, all)
  }

  /** All of the torrent, or one chunk, stays local until it is unpinned as often. False where there is no such. */
  async pin(target: PinTarget, reason: PinReason): Promise<boolean> {
    return await this.#calls.run(() => this.#parts.database.cache.pin(target, reason))
  }

  /** False where nothing was pinned for this reason. */
  async unpin(target: PinTarget, reason: PinReason): Promise<boolean> {
    return await this.#calls.run(() => this.#parts.database.cache.unpin(target, reason))
  }

  /** Settles when no sealed chunk waits for its upload any more, and no manifest for its copy. */
  async whenUploaded(options?: AbortOptions): Promise<void> {
    this.#calls.refuseWhenClosed()
    await this.#remote?.uploads.whenIdle(options)
    await this.#copying
  }

  async put(key: ChunkKey, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    const { account, copies, database, local } = this.#parts
    await this.#calls.run(async () => {
      options?.signal?.throwIfAborted()
      await this.#holder.hold()
      const wait = { ...options, waitMs: this.#options.roomWaitMs }
      if (!(await this.#room.take(bytes.length, wait, () => account.arriving(bytes.length)))) {
        throw new StorageError('STORAGE_NO_SPACE', `no space for chunk ${key} of ${bytes.length} bytes`)
      }
      let recorded = false
      try {
        await database.cache.addLocal(key, bytes.length)
        recorded = true
      } finally {
        account.arrived(bytes.length, { recorded })
      }
      await copies.exclusive(key, () => local.put(key, bytes, options))
    })
  }

  async get(key: ChunkKey, options?: GetOptions): Promise<Uint8Array | undefined> {
    return await this.#calls.run(async () => {
      const bytes = await this.#parts.local.get(key, options)
      if (this.#remote === undefined) return bytes
      if (bytes !== undefined) {
        this.#uses.add(key)
        return bytes
      }
      const whole = await this.#remote.fetcher.fetch(key, options)
      return whole === undefined ? undefined : copyOf(whole, key, options?.range)
    })
  }

  async has(key: ChunkKey, options?: AbortOptions): Promise<boolean> {
    return await this.#calls.run(
      async () =>
        (await this.#parts.local.has(key, options)) || (await this.#remote?.calls.has(key, options)) === true,
    )
  }

  /** From both stores. What the remote one does not delete at once is an orphan there. */
  async delete(key: ChunkKey, options?: AbortOptions): Promise<void> {
    await this.#calls.run(async () => {
      const { copies, local } = this.#parts
      await copies.exclusive(key, () => local.delete(key, options))
      const failure = await this.#remote?.calls.tryDelete(key)
      if (failure === undefined) return
      const what = 'an unreferenced chunk could not be deleted from the remote store'
      this.#parts.logger.warn({ key, err: failure }, what)
    })
  }

  async places(key: ChunkKey, options?: AbortOptions): Promise<ChunkPlaces> {
    return await this.#calls.run(async () => ({
      local: await this.#parts.local.has(key, options),
      remote: (await this.#remote?.calls.has(key, options)) === true,
    }))
  }

  async heal(key: ChunkKey, options?: AbortOptions): Promise<boolean> {
    return await this.#calls.run(async () =>
      this.#remote === undefined
        ? await this.#parts.local.heal(key, options)
        : await this.#remote.fetcher.heal(key, options),
    )
  }

  async *list(prefix: string, options?: AbortOptions): AsyncIterable<ChunkKey> {
    this.#calls.refuseWhenClosed()
    const { local } = this.#parts
    yield* local.list(prefix, options)
    if (this.#remote === undefined) return
    for await (const key of this.#remote.calls.list(prefix, options)) {
      if (!(await local.has(key, options))) yield key
    }
  }

  willRead(keys: readonly ChunkKey[]): void {
    if (!this.#calls.closed) this.#remote?.fetcher.fetchAhead(keys)
  }

  leftovers(options: LeftoverOptions): AsyncIterable<string> {
    return this.#parts.local.leftovers(options)
  }

  async flush(options?: FlushOptions): Promise<void> {
    await this.#calls.run(() => this.#parts.local.flush(options))
  }

  /** With a remote store nobody can tell: chunks go as others come. */
  async freeBytes(torrentId?: TorrentId): Promise<number | undefined> {
    return await this.#calls.run(async () => {
      await this.#holder.hold()
      if (this.#remote !== undefined) return undefined
      const { account, local } = this.#parts
      await this.#room.recount()
      const kept = torrentId === undefined ? 0 : account.keptForTorrent(torrentId)
      const free = Math.max(0, account.freeBytes + kept)
      return Math.min(free, (await local.freeBytes(torrentId)) ?? free)
    })
  }

  /** Goes on uploading for at most `drainMs`; the rest is uploaded when the library is open again. */
  async close(): Promise<void> {
    const idle = this.#calls.close()
    await this.#remote?.fetcher.close()
    await idle
    await this.#remote?.uploads.stop(this.#options.drainMs)
    this.#closing.abort()
    await this.#copying
    await this.#uses.flush()
    await this.#holder.release()
    await this.#parts.local.close()
    if ((await this.#remote?.calls.close()) === false)
      this.#parts.logger.warn({ store: this.name }, 'the remote store did not close in time, and was left')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #used(key: ChunkKey, pathOf: (key: ChunkKey) => string): string {
    if (this.#remote !== undefined) this.#uses.add(key)
    return pathOf(key)
  }
}

/** For a library that is opened without a remote store: STORAGE_UNAVAILABLE where chunks are only in one. */
export async function refuseAwayChunks(database: Database): Promise<void> {
  const { awayBytes } = await database.cache.usage()
  if (awayBytes === 0) return
  throw new StorageError(
    'STORAGE_UNAVAILABLE',
    `${awayBytes} bytes of this library are only in its remote store, and none was given`,
  )
}

function partsOf(deps: CacheManagerDeps, options: Required<CacheManagerOptions>): CacheParts {
  const { local, remote, database, logger = silentLogger, nowMs = Date.now } = deps
  const limits = limitsOf(options.capacityBytes, remote !== undefined)
  return {
    local,
    database,
    logger,
    nowMs,
    chunkSizeBytes: options.chunkSizeBytes,
    limits,
    account: new SpaceAccount(options.capacityBytes),
    copies: new KeyedQueue(),
    evicted: new RecentKeys(),
  }
}

/** Others have the same bytes in their hands. */
function copyOf(bytes: Uint8Array, key: ChunkKey, range: ByteRange | undefined): Uint8Array {
  const { offset, length } = range ?? { offset: 0, length: bytes.length }
  if (offset + length <= bytes.length) return bytes.slice(offset, offset + length)
  throw new RangeError(`bytes ${offset} to ${offset + length} are beyond chunk ${key}`)
}
