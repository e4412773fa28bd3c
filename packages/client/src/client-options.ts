import type { AlertCategory, CreateNativeSession } from '@bae/native'
import type { StorageFactory } from '@bae/storage'
import type { FullDiskRetryOptions } from './full-disk-retry.js'
import type { Logger } from './logger.js'
import type { MetadataCache } from './metadata-cache.js'
import type { CreateTorrentFile } from './native-binding.js'
import type { ResumeStore } from './resume-store.js'
import type { NetworkOptions } from './session-settings.js'
import type { ParseTorrentFile } from './torrent-source.js'

export interface TorrentClientDeps {
  /** Opens the storage of each torrent; the client closes it. Left out: torrents are ordinary files below a `savePath`. */
  readonly createStorage?: StorageFactory
  /** Brings torrents back after a restart. Nothing is kept when left out. The caller closes what has to be. */
  readonly resumeStore?: ResumeStore
  /** What magnet links found; in memory when left out. */
  readonly metadataCache?: MetadataCache
  /** This and the next two come from @bae/native when left out. */
  readonly createSession?: CreateNativeSession
  readonly parseTorrentFile?: ParseTorrentFile
  readonly createTorrentFile?: CreateTorrentFile
  /** Silent when left out. */
  readonly logger?: Logger
}

export interface TorrentClientOptions extends NetworkOptions {
  /** Where torrents of the storage 'files' go that do not say. */
  readonly savePath?: string
  /** How often statuses are read and `statusUpdated` may come; more seldom while that takes long. */
  readonly statusIntervalMs?: number
  /** What `alertReceived` brings besides what the client itself needs to hear, for example 'peer' or 'tracker'. */
  readonly alertCategories?: readonly AlertCategory[]
  /** Whole pieces that wait for a storage before peers are asked to pause. Native's default when left out. */
  readonly maxPendingWriteBytes?: number
  /** How long a storage call may take; also how long a storage may take to close. */
  readonly storageDeadlineMs?: number
  /** When a torrent whose storage was full tries to write again. */
  readonly fullDiskRetry?: FullDiskRetryOptions
  /** How often the resume store gets what nobody wished: what was moved, and what libtorrent alone knows of its files. */
  readonly resumeIntervalMs?: number
}

export const DEFAULT_CLIENT_OPTIONS: Required<
  Pick<TorrentClientOptions, 'statusIntervalMs' | 'storageDeadlineMs' | 'fullDiskRetry' | 'resumeIntervalMs'>
> = Object.freeze({
  statusIntervalMs: 250,
  storageDeadlineMs: 60_000,
  fullDiskRetry: Object.freeze({ firstMs: 5_000, longestMs: 300_000 }),
  resumeIntervalMs: 60_000,
})
