export type {
  AlertCategory,
  CreateTorrentOptions,
  CreateTorrentProgress,
  IpRange,
  PeerStatus,
  TorrentLimits,
  TrackerEntry,
  TrackerStatus,
} from '@bae/native'
export type { TorrentClientEvents } from './client-events.js'
export type { TorrentClientDeps, TorrentClientOptions } from './client-options.js'
export { DEFAULT_CLIENT_OPTIONS } from './client-options.js'
export type { ClientStatistics } from './client-statistics.js'
export { createTorrent, type SeedOptions } from './create-torrent.js'
export { DirectoryResumeStore } from './directory-resume-store.js'
export { ClientError, type ClientErrorCode } from './errors.js'
export { type FileSelector, selectedFiles } from './file-selector.js'
export { DEFAULT_STREAM_OPTIONS, type StreamOptions } from './file-stream.js'
export { FILE_PRIORITIES, type FilePriority } from './file-wishes.js'
export type { FullDiskRetryOptions } from './full-disk-retry.js'
export { ALL_ADDRESSES, type IpFilter } from './ip-filter.js'
export type { Logger } from './logger.js'
export { type MagnetLink, readMagnetUri } from './magnet-uri.js'
export { DEFAULT_METADATA_CACHE_OPTIONS, MemoryMetadataCache, type MetadataCache } from './metadata-cache.js'
export type { Restored } from './restore-torrents.js'
export { MemoryResumeStore, type ResumeStore } from './resume-store.js'
export { DEFAULT_SESSION_SETTINGS, type NetworkOptions } from './session-settings.js'
export type { StorageCounts } from './storage-bridge.js'
export type { PieceMap, Torrent, TorrentEvents, TorrentTrackers, TorrentWebSeeds } from './torrent.js'
export { TorrentClient } from './torrent-client.js'
export type { TorrentFile } from './torrent-file.js'
export { createTorrentId } from './torrent-id.js'
export { MAX_TORRENT_FILE_BYTES, type TorrentInput } from './torrent-input.js'
export type { AddTorrentOptions, PeerAddress } from './torrent-options.js'
export type { ParseTorrentFile, TorrentSource } from './torrent-source.js'
export type { TorrentState, TorrentStatus } from './torrent-status.js'
