import { constants } from 'node:os'
import { StorageError } from './errors.js'

/** The errno name of a failed system call, such as 'ENOENT'; undefined for every other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  // Node has no name for a quota that is used up.
  if ('errno' in error && error.errno === -constants.errno.EDQUOT) return 'EDQUOT'
  return typeof error.code === 'string' ? error.code : undefined
}

/** True only for "there is no such file". Too many open files, no permission or a dead disk are failures, not absence. */
export function isAbsent(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT'
}

/** What a failed system call means for a store. `what` says what was being done. */
export function ioError(what: string, cause: unknown): StorageError {
  const errno = errnoOf(cause)
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new StorageError('STORAGE_NO_SPACE', `no space left: ${what} failed`, { cause })
  }
  return new StorageError('STORAGE_IO', `${what} failed${errno === undefined ? '' : ` with ${errno}`}`, {
    cause,
  })
}
