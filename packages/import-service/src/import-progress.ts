import type { TorrentId } from '@bae/storage'
import { totalFileBytes, totalPieces } from './import-snapshot.js'
import type { TorrentLike } from './torrent-client-like.js'

export type ImportPhase =
  | 'opening'
  | 'fetchingMetadata'
  | 'checking'
  | 'downloading'
  /** Everything is stored; the last records are being written. */
  | 'completing'
  | 'completed'
  | 'failed'

/** A moment of an import that runs, as plain JSON. */
export interface ImportProgress {
  readonly id: TorrentId
  readonly name: string | null
  readonly state: ImportPhase
  readonly pieces: number
  /** Null until metadata, as `totalBytes`. */
  readonly totalPieces: number | null
  /** Bytes of files, from the share of pieces that are completed: less than one piece off until the end. */
  readonly bytes: number
  readonly totalBytes: number | null
  readonly downloadBytesPerSecond: number
  readonly peers: number
}

export function describeProgress(
  id: TorrentId,
  name: string | undefined,
  torrent: TorrentLike | undefined,
): ImportProgress {
  const layout = torrent?.layout
  const pieces = torrent?.status.completedPieces ?? 0
  const all = layout === undefined ? null : totalPieces(layout)
  const totalBytes = layout === undefined ? null : totalFileBytes(layout)
  return {
    id,
    name: layout?.name ?? name ?? null,
    state: phaseOf(torrent),
    pieces,
    totalPieces: all,
    bytes: totalBytes === null || all === null || all === 0 ? 0 : Math.floor((totalBytes * pieces) / all),
    totalBytes,
    downloadBytesPerSecond: torrent?.status.downloadBytesPerSecond ?? 0,
    peers: torrent?.status.peers ?? 0,
  }
}

function phaseOf(torrent: TorrentLike | undefined): ImportPhase {
  switch (torrent?.status.state) {
    case 'fetchingMetadata':
    case 'checking':
    case 'failed':
      return torrent.status.state
    case 'downloading':
    case 'paused':
      return 'downloading'
    case 'finished':
    case 'seeding':
      return 'completing'
    default:
      return 'opening'
  }
}
