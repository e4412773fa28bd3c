import { constants } from 'node:os'

/** Marks every error of ours, so that two copies of a package still recognise each other's errors. */
const brand = Symbol.for('bae.error')

export type ImportErrorCode =
  /** No import of the library has this id or info hash. */
  | 'IMPORT_NOT_FOUND'
  /** The prefix of an id fits more than one import. */
  | 'IMPORT_AMBIGUOUS_ID'
  /** What was given is neither a torrent nor a magnet link that can be used. */
  | 'IMPORT_INVALID_SOURCE'
  /** There is no file of this name. */
  | 'IMPORT_SOURCE_NOT_FOUND'
  /** The file or address is there but cannot be read, or does not answer. */
  | 'IMPORT_SOURCE_UNREACHABLE'
  /** The name of a peer has no address. */
  | 'IMPORT_PEER_NOT_FOUND'
  /** Another process is working on this torrent. */
  | 'IMPORT_BUSY'
  /** Another process has taken the import over; what this one still writes of it is refused. */
  | 'IMPORT_LEASE_LOST'
  /** A service answers for this library already. */
  | 'IMPORT_SERVICE_RUNNING'
  /** The command needs a service, and none runs on this library. */
  | 'IMPORT_SERVICE_NOT_RUNNING'
  /** The service is there but does not answer, or may not be asked by this user; or it went away. */
  | 'IMPORT_SERVICE_UNREACHABLE'
  /** The service does not understand what it is asked: it is of another version. */
  | 'IMPORT_SERVICE_REQUEST'
  /** Nobody brought anything of the import for long, while others waited for its turn. */
  | 'IMPORT_STALLED'
  /** The time given for the whole command is over. */
  | 'IMPORT_TIMEOUT'
  /** Stopped by a signal. */
  | 'IMPORT_INTERRUPTED'
  /** This Node.js is older than what bae needs. */
  | 'IMPORT_NODE_TOO_OLD'
  /** The result cannot be written to where it should go: see `cause`. */
  | 'IMPORT_OUTPUT_FAILED'
  /** The command line is wrong. */
  | 'IMPORT_USAGE'
  /** The file of the configuration, or a variable of the environment, says what cannot be. */
  | 'IMPORT_CONFIG_INVALID'
  /** The library folder cannot be made or written. */
  | 'IMPORT_LIBRARY_UNWRITABLE'
  /** There is no folder for temporary files: see `cause`. */
  | 'IMPORT_TEMPORARY_UNWRITABLE'
  /** The folder holds no library that this version understands. */
  | 'IMPORT_LIBRARY_INVALID'
  /** The folder of BAE_REMOTE cannot be the remote store of this library. */
  | 'IMPORT_REMOTE_INVALID'
  /** Not all pieces that the command needs are there yet. */
  | 'IMPORT_INCOMPLETE'
  /** The torrent has no file of this path. */
  | 'IMPORT_FILE_NOT_FOUND'
  /** Something is in the way: an export never overwrites. */
  | 'IMPORT_EXPORT_EXISTS'
  /** The operating system refused to write the export: see `cause`. */
  | 'IMPORT_EXPORT_FAILED'
  /** What was stored is not what the torrent says. */
  | 'IMPORT_CORRUPT'
  /** Another import of the library already has this info hash. */
  | 'IMPORT_DUPLICATE'
  /** The database refused or failed: see `cause`. */
  | 'IMPORT_DATABASE'
  /** The database was used after `close()`. */
  | 'IMPORT_DATABASE_CLOSED'
  /** The service was used after `close()`. */
  | 'IMPORT_CLOSED'

/** An error of @bae/import-service. Branch on `code`; `cause` is what happened below. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
  readonly code: ImportErrorCode

  constructor(code: ImportErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }
}

/** True for errors of any bae package, also of another copy of it; with `code`, for that code only. */
export function isBaeError(error: unknown, code?: string): error is Error & { code: string } {
  return (
    error instanceof Error && brand in error && 'code' in error && (code === undefined || error.code === code)
  )
}

/** The code of an error from the operating system (ENOENT, ...), where it is one. */
export function systemErrorCode(error: unknown): string | undefined {
  // Node has no name for a quota that is used up.
  if (error instanceof Error && 'errno' in error && error.errno === -constants.errno.EDQUOT) return 'EDQUOT'
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
