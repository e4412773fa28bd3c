import type { NativeTorrentStatus } from '@bae/native'
import type { ClientError } from './errors.js'
import type { TallyCounts } from './piece-tally.js'

export type TorrentState =
  | 'opening'
  | 'fetchingMetadata'
  | 'checking'
  | 'downloading'
  /** All that is wanted is there, which is not everything. */
  | 'finished'
  | 'seeding'
  | 'paused'
  | 'failed'

/** A moment of a torrent; a new object for each change, never modified. */
export interface TorrentStatus {
  readonly state: TorrentState
  readonly paused: boolean
  /** Fetches nothing because the storage was full, until it tries again by itself. */
  readonly uploadMode: boolean
  /** What the storage has completed, not what libtorrent believes: a piece counts once it survives a crash. */
  readonly completedPieces: number
  /** Unknown until metadata, as the next four. */
  readonly totalPieces?: number
  /** Of the torrent's byte space, padding included. */
  readonly totalBytes?: number
  /** Of the pieces in files that are wanted. */
  readonly wantedBytes?: number
  /** Pieces in files that are wanted, and those of them that are not completed. */
  readonly wantedPieces?: number
  readonly missingPieces?: number
  /** Of what is wanted. */
  readonly completedBytes: number
  /** `completedBytes` of `wantedBytes`, from 0 to 1; 0 until metadata. */
  readonly progress: number
  readonly peers: number
  /** Of the peers, those that have everything. */
  readonly seeds: number
  readonly downloadBytesPerSecond: number
  readonly uploadBytesPerSecond: number
  /** Payload moved since the torrent was added to this client. */
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  /** Payload over all runs of the client, as far as its resume store was told. */
  readonly allTimeDownloadedBytes: number
  readonly allTimeUploadedBytes: number
  /** Why the state is 'failed', or why nothing is written now (no space). The original error is its cause. */
  readonly error?: Error & { readonly code: string }
}

/** Payload that was moved. */
export interface MovedBytes {
  readonly downloadedBytes: number
  readonly uploadedBytes: number
}

export const NOTHING_MOVED: MovedBytes = Object.freeze({ downloadedBytes: 0, uploadedBytes: 0 })

/** All that a status is made of. */
export interface StatusFacts {
  /** What native said last; undefined while the session does not have the torrent. */
  readonly native: (NativeTorrentStatus & { readonly seeds?: number }) | undefined
  /** In this client, before native began to count. */
  readonly earlier: MovedBytes
  /** In earlier runs of the client. */
  readonly before: MovedBytes
  /** Undefined until the metadata is known and the storage is open. */
  readonly tally: TallyCounts | undefined
  readonly failure: ClientError | undefined
  /** Why nothing can be written, while the torrent only uploads. */
  readonly noSpace: ClientError | undefined
}

export const INITIAL_STATUS: TorrentStatus = Object.freeze({
  state: 'opening',
  paused: false,
  uploadMode: false,
  completedPieces: 0,
  completedBytes: 0,
  progress: 0,
  peers: 0,
  seeds: 0,
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
  downloadedBytes: 0,
  uploadedBytes: 0,
  allTimeDownloadedBytes: 0,
  allTimeUploadedBytes: 0,
})

/** `previous` itself when nothing changed, so that a change can be seen by comparing references. */
export function nextStatus(previous: TorrentStatus, facts: StatusFacts): TorrentStatus {
  const { native, tally } = facts
  const downloadedBytes = facts.earlier.downloadedBytes + (native?.downloadedBytes ?? 0)
  const uploadedBytes = facts.earlier.uploadedBytes + (native?.uploadedBytes ?? 0)
  const error = facts.failure ?? facts.noSpace
  const next: TorrentStatus = {
    state: stateOf(facts),
    paused: native?.paused ?? false,
    uploadMode: native?.uploadMode ?? false,
    completedPieces: tally?.completedPieces ?? 0,
    completedBytes: tally?.completedBytes ?? 0,
    progress: tally === undefined ? 0 : tally.isFinished ? 1 : tally.completedBytes / tally.wantedBytes,
    ...(tally && {
      totalPieces: tally.totalPieces,
      totalBytes: tally.totalBytes,
      wantedBytes: tally.wantedBytes,
      wantedPieces: tally.wantedPieces,
      missingPieces: tally.missingPieces,
    }),
    peers: native?.peers ?? 0,
    seeds: native?.seeds ?? 0,
    downloadBytesPerSecond: native?.downloadBytesPerSecond ?? 0,
    uploadBytesPerSecond: native?.uploadBytesPerSecond ?? 0,
    downloadedBytes,
    uploadedBytes,
    allTimeDownloadedBytes: facts.before.downloadedBytes + downloadedBytes,
    allTimeUploadedBytes: facts.before.uploadedBytes + uploadedBytes,
    ...(error && { error }),
  }
  return isSame(previous, next) ? previous : Object.freeze(next)
}

function stateOf({ native, tally, failure }: StatusFacts): TorrentState {
  if (failure !== undefined) return 'failed'
  if (native === undefined) return 'opening'
  if (native.paused) return 'paused'
  if (native.state === 'checkingResumeData' || native.state === 'checkingFiles') return 'checking'
  if (tally === undefined) return 'fetchingMetadata'
  if (tally.isComplete) return 'seeding'
  return tally.isFinished ? 'finished' : 'downloading'
}

function isSame(a: TorrentStatus, b: TorrentStatus): boolean {
  const keys = Object.keys(a) as (keyof TorrentStatus)[]
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
