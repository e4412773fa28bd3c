import { errnoOf } from '../io-error.js'

/** An error of the operating system; with `codes`, one of those only. */
export function isFileError(error: unknown, ...codes: string[]): error is Error & { code: string } {
  const errno = errnoOf(error)
  return errno !== undefined && (codes.length === 0 || codes.includes(errno))
}
