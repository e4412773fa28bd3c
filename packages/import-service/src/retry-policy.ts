import type { ClientErrorCode } from '@bae/client'
import type { NativeErrorCode } from '@bae/native'
import type { StorageErrorCode } from '@bae/storage'
import { type ImportErrorCode, isBaeError } from './errors.js'

type KnownCode = ClientErrorCode | ImportErrorCode | NativeErrorCode | StorageErrorCode | 'STORAGE_FENCED'

/** What an import does about an error that ended a run of it. */
export type FailureKind =
  /** Tried again by itself, after a while. */
  | 'passing'
  /** Waits for room. */
  | 'noSpace'
  /** Waits for the database. */
  | 'databaseAway'
  /** Another process has the import: nothing is recorded. */
  | 'lost'
  /** The same again brings the same: only when a user says so. */
  | 'lasting'

/** The one table. A code that it does not have, and what is no error of ours, is lasting. */
const kinds: { readonly [code in KnownCode]?: FailureKind } = {
  NATIVE_SESSION_FAILED: 'passing',
  NATIVE_REQUEST_ABORTED: 'passing',
  NATIVE_IO: 'passing',
  STORAGE_UNAVAILABLE: 'passing',
  STORAGE_IO: 'passing',
  STORAGE_IN_USE: 'passing',
  STORAGE_CLOSED: 'passing',
  CLIENT_DUPLICATE_TORRENT: 'passing',
  CLIENT_TORRENT_REMOVED: 'passing',
  CLIENT_TORRENT_FAILED: 'passing',
  CLIENT_CLOSE_TIMEOUT: 'passing',
  IMPORT_STALLED: 'passing',
  IMPORT_TIMEOUT: 'passing',
  IMPORT_SOURCE_UNREACHABLE: 'passing',
  STORAGE_NO_SPACE: 'noSpace',
  STORAGE_DATABASE_UNAVAILABLE: 'databaseAway',
  IMPORT_DATABASE: 'databaseAway',
  STORAGE_FENCED: 'lost',
  IMPORT_LEASE_LOST: 'lost',
  IMPORT_BUSY: 'lost',
}

/** All codes that are not lasting. */
export const classifiedCodes: readonly string[] = Object.keys(kinds)

export function failureKind(error: unknown): FailureKind {
  return isBaeError(error) ? (kinds[error.code as KnownCode] ?? 'lasting') : 'lasting'
}

const firstMs = 5_000
const longestMs = 15 * 60_000
/** So many imports that failed together do not come back together. */
const jitter = 0.2

/** How long to wait after so many attempts in vain. `random` is from 0 to 1, and makes it up to a fifth shorter. */
export function retryDelayMs(attempts: number, random: number): number {
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(attempts - 1, 30))
  return Math.round(fullMs * (1 - jitter * random))
}
