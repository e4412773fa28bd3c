export type { AddImportOptions } from './begin-import.js'
export type { Config } from './config/config.js'
export { type ReadConfigOptions, readConfig } from './config/read-config.js'
export type { ConfigFlags, Environment, User } from './config/sources.js'
export type {
  Claim,
  ClaimedImport,
  DueQuery,
  ImportDatabase,
  ImportRecord,
  ImportWish,
  SaveOptions,
} from './database/import-database.js'
export type { EventPage, ImportChange, ImportEvent, ImportReason } from './database/import-event.js'
export type { ImportState } from './database/import-state.js'
export { ImportError, type ImportErrorCode, isBaeError } from './errors.js'
export type { EventOptions } from './event-feed.js'
export type { ExportedTorrent, ExportOptions } from './export-torrent.js'
export type { Import, ImportOutcome } from './import-job.js'
export type { ImportPhase, ImportProgress } from './import-progress.js'
export { ImportService } from './import-service.js'
export type { ImportServiceDeps } from './import-service-deps.js'
export type { ImportedFile, ImportSnapshot } from './import-snapshot.js'
export { type ImportSource, resolveSource } from './import-source.js'
export type {
  Damage,
  LibraryLike,
  LibraryTorrent,
  VerifyOptions,
  VerifyReport,
} from './library-like.js'
export type { ListedFiles } from './listed-files.js'
export type { ReadFileOptions } from './read-import.js'
export type { RebuildImportsOptions, RebuildReport, RebuiltImport } from './rebuild-imports.js'
export { type ServiceClock, systemClock } from './service-clock.js'
export {
  DEFAULT_SERVICE_LIMITS,
  DEFAULT_SERVICE_OPTIONS,
  type ServiceLimits,
  type ServiceOptions,
} from './service-limits.js'
export type { SubmitOptions } from './submit-import.js'
export type { StatusUpdate, TorrentClientLike, TorrentLike } from './torrent-client-like.js'
export type { BadFile, BadPiece, VerifiedImport } from './verified-import.js'
