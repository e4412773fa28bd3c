/** Marks every error of ours, so that two copies of a package still recognise each other's errors. */
const brand = Symbol.for('bae.error')

export type StorageErrorCode =
  /** A byte of the range was never written. The answer to a question, not a fault. */
  | 'STORAGE_PIECE_NOT_FOUND'
  /** The bytes are ours but cannot be had now. Trying again later may work. */
  | 'STORAGE_UNAVAILABLE'
  /** The bytes read are not the bytes that were stored. */
  | 'STORAGE_CORRUPT'
  /** A write of a length or place that the piece does not have. */
  | 'STORAGE_PIECE_LENGTH'
  /** A chunk that the records name is not in the store. */
  | 'STORAGE_CHUNK_MISSING'
  /** Disk, quota or capacity is full. */
  | 'STORAGE_NO_SPACE'
  /** Another process writes to this library, whose capacity only one can keep to. */
  | 'STORAGE_IN_USE'
  /** Another writer has taken the torrent over: what this one asked for was not done. */
  | 'STORAGE_FENCED'
  /** The operating system refused: see `cause`. */
  | 'STORAGE_IO'
  /** Used after `close()`. */
  | 'STORAGE_CLOSED'
  /** The database refused or failed: see `cause`. */
  | 'STORAGE_DATABASE'
  /** The database server is away, and was waited for. Nothing is lost; trying again later may work. */
  | 'STORAGE_DATABASE_UNAVAILABLE'
  /** There is no PostgreSQL that runs here: none for this platform, or not where it was said to be. */
  | 'STORAGE_POSTGRES_NOT_FOUND'
  /** The folder cannot hold the database: BAE_STATE can name another one. */
  | 'STORAGE_POSTGRES_FOLDER'
  /** Written by a newer version of bae, in a form that this one does not know. */
  | 'STORAGE_NEWER_VERSION'
  /** The database that was to be made anew has records. */
  | 'STORAGE_DATABASE_NOT_EMPTY'
  /** The store has manifests of torrents that the database does not know. */
  | 'STORAGE_REBUILD_NEEDED'
  /** Another torrent of the library already has this info hash. */
  | 'STORAGE_DUPLICATE_TORRENT'

/** An error of @bae/storage. Branch on `code`; `cause` is what happened below. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, options?: { cause?: unknown }) {
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
