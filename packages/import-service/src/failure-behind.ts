import { isBaeError, systemErrorCode } from './errors.js'

/** The client says that a torrent failed; users want to know of what. */
export function failureBehind(error: unknown): unknown {
  if (!isBaeError(error) || !isBaeError(error.cause)) return error
  const wraps = /^(CLIENT|NATIVE)_/.test(error.code) || error.cause.code === error.code
  return wraps ? failureBehind(error.cause) : error
}

/** What a record keeps of an error; what is none of ours has its system's code, or its name. */
export function describeFailure(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: 'Error', message: String(error) }
  return { code: systemErrorCode(error) ?? error.name, message: error.message }
}
