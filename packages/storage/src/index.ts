export type { AbortOptions, ReadOptions } from './abort-options.js'
export { BaeStorage, type BaeStorageDeps, type RepairedScrubReport } from './bae-storage.js'
export type { ByteRange } from './byte-range.js'
export type { CacheManagerDeps, CacheManagerOptions, RemoteChunkStore } from './cache/cache-deps.js'
export { limitsOf, minCapacityChunks } from './cache/cache-limits.js'
export { CacheManager, defaultCacheOptions, refuseAwayChunks } from './cache/cache-manager.js'
export type {
  CacheRecords,
  CacheUsage,
  CapacityClaim,
  Eviction,
  PinReason,
  PinTarget,
  WaitingChunk,
} from './cache-records.js'
export { CheckedChunkStore, type CheckedChunkStoreOptions, type ReadChecks } from './checked-chunk-store.js'
export type { MerkleRoot } from './chunk-key.js'
export { chunkKeyOf, isChunkKey, parseChunkKey } from './chunk-key.js'
export { DirectoryChunkStore, type DirectoryChunkStoreOptions } from './chunk-store/directory-chunk-store.js'
export { MemoryChunkStore } from './chunk-store/memory-chunk-store.js'
export type {
  ChunkKey,
  ChunkPlaces,
  ChunkStore,
  GetOptions,
  StagedChunk,
  StagingArea,
  StagingChunkStore,
  StagingWriteOptions,
} from './chunk-store.js'
export { collectGarbage, type Garbage, type GarbageKind, type GarbageOptions } from './collect-garbage.js'
export type {
  Database,
  FlushState,
  Progress,
  SealedChunk,
  TorrentOverview,
  TorrentRecord,
} from './database.js'
export { destroyTorrent } from './delete-chunks.js'
export type { Durability } from './durability.js'
export { isBaeError, StorageError, type StorageErrorCode } from './errors.js'
export type { FenceOptions } from './fence.js'
export type { FileCalls } from './file-calls.js'
export type { CreateHashLane, HashLane, StreamDigests, StreamFile, StreamJob } from './hash-lane.js'
export { type Logger, silentLogger } from './logger.js'
export { refuseLostRecords } from './lost-records.js'
export type { ManifestStore } from './manifest-store.js'
export { MemoryDatabase } from './memory-database.js'
export { OpenMark } from './open-mark.js'
export { blockBytes, type ChunkSpan, PieceMapper, type PieceSpan } from './piece-mapper.js'
export { type PieceSource, type ReadFileOptions, readFile } from './read-file.js'
export {
  type NotRebuilt,
  type RebuildOptions,
  type RebuiltTorrent,
  rebuildDatabase,
} from './rebuild-database.js'
export type { RepairReport } from './repair-torrent.js'
export type { Damage, ScrubProgress, ScrubReport } from './scrub-report.js'
export { type ScrubOptions, scrubTorrent } from './scrub-torrent.js'
export type { OpenStorageOptions, PieceHashes, Storage, StorageFactory, WriteOptions } from './storage.js'
export {
  createStorageFactory,
  defaultStorageFactoryOptions,
  type StorageFactoryDeps,
  type StorageFactoryOptions,
} from './storage-factory.js'
export {
  type FileLayout,
  pieceCount,
  pieceLengthBytes,
  type TorrentId,
  type TorrentLayout,
  type TorrentMetadata,
} from './torrent-layout.js'
export { TorrentReader, type TorrentReaderDeps } from './torrent-reader.js'
