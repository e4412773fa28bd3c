/** Marks every error of ours, so that two copies of a package still recognise each other's errors. */
const brand = Symbol.for('bae.error')

export type ClientErrorCode =
  /** Used before `start()`. */
  | 'CLIENT_NOT_STARTED'
  /** Used after `close()`, or closed while it waited. */
  | 'CLIENT_CLOSED'
  /** A storage did not close in time, and was waited for no longer. */
  | 'CLIENT_CLOSE_TIMEOUT'
  | 'CLIENT_UNKNOWN_TORRENT'
  /** Native asked for a storage index that was never opened or is closed again. */
  | 'CLIENT_UNKNOWN_STORAGE'
  /** A storage index or torrent id was given a second storage while the first is in use. */
  | 'CLIENT_DUPLICATE_STORAGE'
  /** A magnet link or .torrent that cannot be understood: see `cause`. */
  | 'CLIENT_INVALID_SOURCE'
  /** The id is in use for a torrent with another info hash. */
  | 'CLIENT_DUPLICATE_TORRENT'
  /** A peer was named for a private torrent. */
  | 'CLIENT_PRIVATE_TORRENT'
  /** What a resume store has of a torrent cannot be understood: see `cause`. */
  | 'CLIENT_INVALID_RESUME_DATA'
  /** A file that libtorrent wrote is not as it was. */
  | 'CLIENT_FILE_CHANGED'
  /** Removed while somebody waited for it. */
  | 'CLIENT_TORRENT_REMOVED'
  /** What peers say of a magnet link has its hash, but libtorrent takes no such torrent. */
  | 'CLIENT_METADATA_REFUSED'
  /** The torrent stopped with an error: see `cause`. */
  | 'CLIENT_TORRENT_FAILED'
  /** The storage has no room: the torrent only uploads until it has. The code of the room it came from. */
  | 'STORAGE_NO_SPACE'

/** An error of @bae/client. Branch on `code`; `cause` is what happened below. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ClientErrorCode

  constructor(code: ClientErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }
}

/** True for an error of any bae package with this code. */
export function hasErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && brand in error && 'code' in error && error.code === code
}
