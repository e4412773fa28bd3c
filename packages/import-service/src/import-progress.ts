import type { TorrentId } from '@bae/storage'
import type { ImportRecord } from './database/import-database.js'
import type { ImportState } from './database/import-state.js'
import { describeImport, totalFileBytes } from './import-snapshot.js'
import type { LibraryTorrent } from './library-like.js'
import { countFilePieces } from './stored-share.js'
import type { TorrentLike } from './torrent-client-like.js'

export type ImportPhase =
  | 'opening'
  | 'fetchingMetadata'
  | 'checking'
  | 'downloading'
  /** Everything is stored; the last records are being written. */
  | 'completing'
  | Exclude<ImportState, 'fetchingMetadata' | 'downloading'>

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
  readonly uploadBytesPerSecond: number
  readonly peers: number
  /** Why it is `paused`. */
  readonly pause: NonNullable<ImportRecord['pause']> | null
  /** When it is tried again, after what went wrong. */
  readonly retryAtMs: number | null
  /** Why it `failed`. */
  readonly error: NonNullable<ImportRecord['error']> | null
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
    state: phaseOf(record, torrent),
    pieces,
    totalPieces: all,
    bytes: totalBytes === null || all === null || all === 0 ? 0 : Math.floor((totalBytes * pieces) / all),
    totalBytes,
    downloadBytesPerSecond: torrent?.status.downloadBytesPerSecond ?? 0,
    uploadBytesPerSecond: torrent?.status.uploadBytesPerSecond ?? 0,
    peers: torrent?.status.peers ?? 0,
    ...troubleOf(record),
  }
}

/** An import that does not run here, as a moment of one that does. */
export function idleProgress(record: ImportRecord, torrent: LibraryTorrent | undefined): ImportProgress {
  const snapshot = describeImport(record, torrent)
  const { pieces, totalPieces: all, bytes, totalBytes } = snapshot.selected ?? snapshot
  return {
    id: record.id,
    name: snapshot.name,
    state: record.state,
    pieces,
    totalPieces: all,
    bytes,
    totalBytes,
    downloadBytesPerSecond: 0,
    uploadBytesPerSecond: 0,
    peers: 0,
    ...troubleOf(record),
  }
}

function troubleOf({ pause, retry, error }: ImportRecord) {
  return { pause: pause ?? null, retryAtMs: retry?.atMs ?? null, error: error ?? null }
}

function countsOf(
  torrent: TorrentLike | undefined,
  isSelection: boolean,
): { pieces: number; all: number | null } {
  const { completedPieces = 0, wantedPieces = 0, missingPieces = 0 } = torrent?.status ?? {}
  if (torrent?.layout === undefined) return { pieces: completedPieces, all: null }
  if (isSelection) return { pieces: wantedPieces - missingPieces, all: wantedPieces }
  const all = countFilePieces(torrent.layout)
  return { pieces: Math.min(completedPieces, all - missingPieces), all }
}

function phaseOf({ state }: ImportRecord, torrent: TorrentLike | undefined): ImportPhase {
  // What else the record says the torrent does not know.
  if (state !== 'fetchingMetadata' && state !== 'downloading') return state
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
