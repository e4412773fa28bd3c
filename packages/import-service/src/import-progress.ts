import type { TorrentId } from '@bae/storage'
import type { ImportRecord } from './database/import-database.js'
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

/** Of the selected files, where not all are. */
export function describeProgress(record: ImportRecord, torrent: TorrentLike | undefined): ImportProgress {
  const { id, name, selectedFiles } = record
  const layout = torrent?.layout
  const { pieces, all } = countsOf(torrent, selectedFiles !== undefined)
  const totalBytes = layout === undefined ? null : totalFileBytes(layout, selectedFiles)
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

function countsOf(
  torrent: TorrentLike | undefined,
  isSelection: boolean,
): { pieces: number; all: number | null } {
  const { completedPieces = 0, wantedPieces = 0, missingPieces = 0 } = torrent?.status ?? {}
  if (torrent?.layout === undefined) return { pieces: completedPieces, all: null }
  return isSelection
    ? { pieces: wantedPieces - missingPieces, all: wantedPieces }
    : { pieces: completedPieces, all: totalPieces(torrent.layout) }
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
