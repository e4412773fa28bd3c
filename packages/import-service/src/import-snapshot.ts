import type { FileLayout, TorrentId, TorrentLayout } from '@bae/storage'
import type { ImportRecord } from './database/import-database.js'
import type { ImportState } from './database/import-state.js'
import type { LibraryTorrent } from './library-like.js'
import { safeName, safePaths } from './safe-path.js'
import { countFilePieces, isStored, type StoredShare, shareOf, storedBytesOf } from './stored-share.js'

export interface ImportedFile {
  /** `/`-joined below the torrent's top folder: the place that an export gives the file. */
  readonly path: string
  readonly bytes: number
  /** It is wanted. */
  readonly selected: boolean
  /** Of its bytes, those in completed pieces. */
  readonly storedBytes: number
}

/** A moment of one import as plain JSON. What is not known (yet) is null, so that every key is always there. */
export interface ImportSnapshot {
  readonly id: TorrentId
  /** v1 where there is one, else v2. */
  readonly infoHash: string | null
  readonly infoHashV1: string | null
  readonly infoHashV2: string | null
  readonly name: string | null
  readonly state: ImportState
  /** What it is for. */
  readonly goal: 'complete' | 'seed'
  /** Why it is `paused`. */
  readonly pause: NonNullable<ImportRecord['pause']> | null
  /** How often it was tried in vain, and when it will be again; `atMs` is null where only a user can say. */
  readonly retry: { readonly attempts: number; readonly atMs: number | null } | null
  /** Completed ones of those that hold bytes of files. */
  readonly pieces: number
  readonly totalPieces: number | null
  /** Bytes of files in the completed pieces; padding does not count. */
  readonly bytes: number
  readonly totalBytes: number | null
  /** The same of the files that are selected alone. Null where all are, and while it is not known which. */
  readonly selected: StoredShare | null
  readonly files: readonly ImportedFile[]
  readonly addedAtMs: number
  readonly completedAtMs: number | null
  /** From the first to the last payload byte, over all runs. */
  readonly seconds: number | null
  readonly error: { readonly code: string; readonly message: string } | null
}

export function describeImport(record: ImportRecord, torrent: LibraryTorrent | undefined): ImportSnapshot {
  const { selectedFiles, size } = record
  const layout = torrent?.layout
  const name = layout?.name ?? record.name
  const files = torrent === undefined ? [] : describeFiles(torrent, selectedFiles)
  return {
    id: record.id,
    infoHash: record.infoHashV1 ?? record.infoHashV2 ?? null,
    infoHashV1: record.infoHashV1 ?? null,
    infoHashV2: record.infoHashV2 ?? null,
    name: name === undefined ? null : safeName(name),
    state: record.state,
    goal: record.goal ?? 'complete',
    pause: record.pause ?? null,
    retry: record.retry === undefined ? null : { atMs: null, ...record.retry },
    pieces: torrent === undefined ? 0 : countStoredPieces(torrent),
    totalPieces: layout === undefined ? (size?.pieces ?? null) : countFilePieces(layout),
    bytes: files.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    totalBytes: layout === undefined ? (size?.bytes ?? null) : totalFileBytes(layout),
    selected: (torrent ? selectedFiles && shareOf(torrent, selectedFiles) : size?.selected) ?? null,
    files,
    addedAtMs: record.addedAtMs,
    completedAtMs: record.completedAtMs ?? null,
    seconds: record.transferSeconds ?? null,
    error: record.error ?? null,
  }
}

function describeFiles(
  torrent: LibraryTorrent,
  selectedFiles: readonly number[] | undefined,
): readonly ImportedFile[] {
  const selected = selectedFiles && new Set(selectedFiles)
  return importedFiles(torrent.layout).map(({ path, file }) => ({
    path,
    bytes: file.lengthBytes,
    selected: selected?.has(file.index) ?? true,
    storedBytes: storedBytesOf(torrent, file),
  }))
}

/** The files that have a place in an export: no padding, and no symbolic links, which are not followed. */
export function importedFiles(
  layout: TorrentLayout,
): readonly { readonly path: string; readonly file: FileLayout }[] {
  const files = layout.files.filter((file) => file.kind === 'file')
  const paths = safePaths(files.map((file) => file.path))
  return files.map((file, position) => ({ path: paths[position] ?? '', file }))
}

export function totalPieces(layout: TorrentLayout): number {
  return Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes)
}

/** Of the selected files, where not all are. */
export function totalFileBytes(layout: TorrentLayout, selectedFiles?: readonly number[]): number {
  const files = selectedFiles?.map((index) => layout.files[index]) ?? layout.files
  return files.reduce((sum, file) => (file?.kind === 'file' ? sum + file.lengthBytes : sum), 0)
}

/** As `ImportRecord.size` has it. */
export function sizeOf(
  layout: TorrentLayout,
  selectedFiles: readonly number[] | undefined,
): NonNullable<ImportRecord['size']> {
  const selected = selectedFiles && shareOf({ layout, completedPieces: new Uint8Array() }, selectedFiles)
  return { pieces: countFilePieces(layout), bytes: totalFileBytes(layout), ...(selected && { selected }) }
}

export function countPieces(completedPieces: Uint8Array): number {
  let count = 0
  for (const byte of completedPieces) {
    for (let bits = byte; bits > 0; bits &= bits - 1) count += 1
  }
  return count
}

function countStoredPieces(torrent: LibraryTorrent): number {
  const { layout, completedPieces } = torrent
  // The same number for nearly every torrent, and many are listed.
  if (countFilePieces(layout) === totalPieces(layout)) return countPieces(completedPieces)
  const files = layout.files.filter(({ kind }) => kind === 'file')
  return shareOf(
    torrent,
    files.map(({ index }) => index),
  ).pieces
}

/** Every piece of the selected files is completed, or of all where none are named. Padding is nobody's file. */
export function isComplete(torrent: LibraryTorrent, selectedFiles?: readonly number[]): boolean {
  const { files } = torrent.layout
  const wanted = selectedFiles?.map((index) => files[index]) ?? files
  return wanted.every((file) => file !== undefined && (file.kind === 'padding' || isStored(torrent, file)))
}
