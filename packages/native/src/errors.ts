const brand = Symbol.for('bae.error')

export type NativeErrorCode =
  /** No addon for this machine could be loaded: see the message for what to install. */
  | 'NATIVE_BINDING_NOT_FOUND'
  /** The addon was loaded, but its digests are wrong: it is bound to an OpenSSL it was not made for. */
  | 'NATIVE_SELF_TEST_FAILED'
  /** libtorrent could not start: see the message. */
  | 'NATIVE_SESSION_FAILED'
  | 'NATIVE_SESSION_CLOSED'
  /** A storage call was given up: its deadline passed or the session closed. */
  | 'NATIVE_REQUEST_ABORTED'
  /** A storage call transferred the bytes that it was lent: their memory is lost until the process ends. */
  | 'NATIVE_BYTES_TRANSFERRED'
  /** An argument is not of the kind that its name says: see the message. */
  | 'NATIVE_INVALID_ARGUMENT'
  | 'NATIVE_INVALID_TORRENT'
  /** Nothing is wrong with it, but libtorrent takes none so large: the message names the limit. */
  | 'NATIVE_TORRENT_LIMIT'
  | 'NATIVE_DUPLICATE_TORRENT'
  | 'NATIVE_INVALID_SETTING'
  /** The handle names no torrent of this session. */
  | 'NATIVE_UNKNOWN_TORRENT'
  /** libtorrent has no resume data of the torrent: see the message. */
  | 'NATIVE_RESUME_DATA_FAILED'
  /** A file could not be read while a torrent was made from it. */
  | 'NATIVE_IO'

/** An error of @bae/native. Branch on `code`. */
export class NativeError extends Error {
  override readonly name = 'NativeError'
  readonly code: NativeErrorCode

  constructor(code: NativeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }
}

/** An error from the addon, which carries one of our codes, as NativeError; anything else stays as it is. */
export function asNativeError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const { code } = error
  if (typeof code !== 'string' || !code.startsWith('NATIVE_')) return error
  return new NativeError(code as NativeErrorCode, error.message, { cause: error })
}

/** Errors of the addon that carry one of our codes leave as NativeError. */
export function rethrow<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw asNativeError(error)
  }
}
