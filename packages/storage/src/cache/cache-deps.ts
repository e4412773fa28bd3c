import type { AbortOptions } from '../abort-options.js'
import type { ChunkKey, ChunkStore, StagingChunkStore } from '../chunk-store.js'
import type { Database } from '../database.js'
import type { KeyedQueue } from '../keyed-queue.js'
import type { Logger } from '../logger.js'
import type { ManifestStore } from '../manifest-store.js'
import type { CacheLimits } from './cache-limits.js'
import type { RecentKeys } from './recent-keys.js'
import type { SpaceAccount } from './space-account.js'

/** A chunk store behind a cache. One that has a `flush` is flushed before a chunk counts as remote. */
export interface RemoteChunkStore extends ChunkStore {
  readonly manifests?: ManifestStore
  flush?(options?: AbortOptions): Promise<void>
}

export interface CacheManagerDeps {
  readonly local: StagingChunkStore
  /** Where chunks are kept for good. */
  readonly remote?: RemoteChunkStore
  readonly database: Database
  readonly logger?: Logger
  /** The time for the order of use; of the system unless set. */
  readonly nowMs?: () => number
}

export interface CacheManagerOptions {
  /** Everything in the local store, chunks that are being filled included. Unlimited unless set. */
  readonly capacityBytes?: number
  /** Of the library. */
  readonly chunkSizeBytes: number
  /** How long a call of the remote store is tried. */
  readonly remoteDeadlineMs?: number
  readonly firstRetryMs?: number
  /** How long a write waits for uploads to make room. */
  readonly roomWaitMs?: number
  /** How long `close()` goes on uploading. */
  readonly drainMs?: number
}

/** What the parts of a cache share. */
export interface CacheParts {
  readonly local: StagingChunkStore
  readonly database: Database
  readonly logger: Logger
  readonly nowMs: () => number
  readonly chunkSizeBytes: number
  readonly limits: CacheLimits
  readonly account: SpaceAccount
  /**
   * One change of a chunk's local copy at a time. The lock on its record is not enough: a connection that
   * breaks frees it while the deletion of an evicted copy runs on.
   */
  readonly copies: KeyedQueue<ChunkKey>
  /** What was evicted lately: a chunk that is sealed meanwhile has to be counted again. */
  readonly evicted: RecentKeys
}
