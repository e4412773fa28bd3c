import type { RemoteChunkStore } from '../src/cache/cache-deps.js'
import { CacheManager } from '../src/cache/cache-manager.js'
import type { ChunkKey, StagingChunkStore } from '../src/chunk-store.js'
import { collect } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import type { Logger } from '../src/logger.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import type { TorrentLayout } from '../src/torrent-layout.js'
import { Library, WatchedDatabase } from './library.js'
import { MeasuredChunkStore } from './measured-chunk-store.js'

export const block = 16_384
export const chunkSizeBytes = 4 * block

/** A file of so many whole chunks in pieces of 16 KiB. */
export function chunksOf(count: number, name = `${count} chunks`): TorrentLayout {
  return layoutOf(name, block, [count * chunkSizeBytes])
}

/** A library behind a small cache, on stores that outlive each opening; the remote one fails and waits as told. */
export class CachedLibrary {
  readonly local = new MeasuredChunkStore()
  readonly remoteObjects = new MeasuredChunkStore()
  readonly slow = new SlowChunkStore(this.remoteObjects)
  readonly remote = new FaultyChunkStore(this.slow)
  readonly log: string[] = []
  /** What was logged as the cause. */
  readonly causes: unknown[] = []
  readonly capacityBytes: number
  database = new WatchedDatabase()
  nowMs = Date.UTC(2026, 10, 25)

  constructor(capacityChunks = 4) {
    this.capacityBytes = capacityChunks * chunkSizeBytes
  }

  /** Opens the cache as a new process would. `remote: undefined` for none. */
  async open(
    options: {
      /** Around the local store, where it shall wait or fail. */
      local?: StagingChunkStore
      remote?: RemoteChunkStore | undefined
      roomWaitMs?: number
      drainMs?: number
      remoteDeadlineMs?: number
    } = {},
  ): Promise<CacheManager> {
    const { local = this.local, remote = this.remote, ...more } = options
    const say = (details: object, message: string): void => {
      this.log.push(message)
      if ('err' in details) this.causes.push(details.err)
    }
    const logger: Logger = { debug: () => {}, info: () => {}, warn: say, error: say }
    const { database } = this
    return await CacheManager.open(
      {
        local,
        database,
        logger,
        nowMs: () => this.nowMs,
        ...('remote' in options && options.remote === undefined ? {} : { remote }),
      },
      {
        capacityBytes: this.capacityBytes,
        chunkSizeBytes,
        remoteDeadlineMs: 15_000,
        firstRetryMs: 1,
        ...more,
      },
    )
  }

  /** A torrent of this library in `store`. */
  torrent(store: CacheManager, layout: TorrentLayout): Library {
    return new Library(layout, { store, database: this.database, chunkSizeBytes })
  }

  /** Ends what the process knew; `store` is closed, or was killed and is forgotten. */
  async restart(): Promise<void> {
    await this.database.close()
    this.database = WatchedDatabase.reopenWatched(this.database)
  }

  async localKeys(): Promise<ChunkKey[]> {
    return (await collect(this.local.list(''))).sort()
  }

  async remoteKeys(): Promise<ChunkKey[]> {
    return (await collect(this.remoteObjects.list(''))).sort()
  }
}
