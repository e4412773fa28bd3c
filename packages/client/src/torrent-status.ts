import type { NativeTorrentStatus } from '@bae/native'
import type { ClientError } from './errors.js'
import type { PieceBits } from './piece-bits.js'
import type { TorrentState, TorrentStatus } from './torrent.js'

/** All that a status is made of. */
export interface StatusFacts {
  /** What native said last; undefined while the session does not have the torrent. */
  readonly native: NativeTorrentStatus | undefined
  /** Payload that was moved before native began to count. */
  readonly earlier: { readonly downloadedBytes: number; readonly uploadedBytes: number }
  /** Undefined until the metadata is known and the storage is open. */
  readonly bits: PieceBits | undefined
  readonly failure: ClientError | undefined
  /** Why nothing can be written, while the torrent only uploads. */
  readonly noSpace: ClientError | undefined
}

export const INITIAL_STATUS: TorrentStatus = Object.freeze({
  state: 'opening',
  completedPieces: 0,
  peers: 0,
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
  downloadedBytes: 0,
  uploadedBytes: 0,
})

/** `previous` itself when nothing changed, so that a change can be seen by comparing references. */
export function nextStatus(previous: TorrentStatus, facts: StatusFacts): TorrentStatus {
  const { native, bits } = facts
  const error = facts.failure ?? facts.noSpace
  const next: TorrentStatus = {
    state: stateOf(facts),
    completedPieces: bits?.count ?? 0,
    ...(bits && { totalPieces: bits.total }),
    peers: native?.peers ?? 0,
    downloadBytesPerSecond: native?.downloadBytesPerSecond ?? 0,
    uploadBytesPerSecond: native?.uploadBytesPerSecond ?? 0,
    downloadedBytes: facts.earlier.downloadedBytes + (native?.downloadedBytes ?? 0),
    uploadedBytes: facts.earlier.uploadedBytes + (native?.uploadedBytes ?? 0),
    ...(error && { error }),
  }
  return isSame(previous, next) ? previous : Object.freeze(next)
}

function stateOf({ native, bits, failure }: StatusFacts): TorrentState {
  if (failure !== undefined) return 'failed'
  if (native === undefined) return 'opening'
  if (native.paused) return 'paused'
  if (native.state === 'checkingResumeData' || native.state === 'checkingFiles') return 'checking'
  if (bits === undefined) return 'fetchingMetadata'
  return bits.isComplete ? 'seeding' : 'downloading'
}

function isSame(a: TorrentStatus, b: TorrentStatus): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof TorrentStatus>
  return [...keys].every((key) => a[key] === b[key])
}
