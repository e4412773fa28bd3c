import type { FileLayout, TorrentId, TorrentLayout } from '@bae/storage'
import type { ImportRecord, ImportState } from './database/import-database.js'
import type { LibraryTorrent } from './library-like.js'
import { safeName, safePaths } from './safe-path.js'

export interface ImportedFile {
  /** `/`-joined below the torrent's top folder: the place that an export gives the file. */
  readonly path: string
  readonly bytes: number
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
  readonly pieces: number
  readonly totalPieces: number | null
  /** Bytes of files in the completed pieces; padding does not count. */
  readonly bytes: number
  readonly totalBytes: number | null
  readonly files: readonly ImportedFile[]
  readonly addedAtMs: number
  readonly completedAtMs: number | null
  /** From the first to the last payload byte, over all runs. */
  readonly seconds: number | null
  readonly error: { readonly code: string; readonly message: string } | null
}

export function describeImport(record: ImportRecord, torrent: LibraryTorrent | undefined): ImportSnapshot {
  const layout = torrent?.layout
  const name = layout?.name ?? record.name
  return {
    id: record.id,
    infoHash: record.infoHashV1 ?? record.infoHashV2 ?? null,
    infoHashV1: record.infoHashV1 ?? null,
    infoHashV2: record.infoHashV2 ?? null,
    name: name === undefined ? null : safeName(name),
    state: record.state,
    pieces: torrent === undefined ? 0 : countPieces(torrent.completedPieces),
    totalPieces: layout === undefined ? null : totalPieces(layout),
    bytes: torrent === undefined ? 0 : completedFileBytes(torrent),
    totalBytes: layout === undefined ? null : totalFileBytes(layout),
    files:
      layout === undefined
        ? []
        : importedFiles(layout).map(({ path, file }) => ({ path, bytes: file.lengthBytes })),
    addedAtMs: record.addedAtMs,
    completedAtMs: record.completedAtMs ?? null,
    seconds: record.transferSeconds ?? null,
    error: record.error ?? null,
  }
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

export function totalFileBytes(layout: TorrentLayout): number {
  return layout.files.reduce((sum, file) => (file.kind === 'padding' ? sum : sum + file.lengthBytes), 0)
}

export function countPieces(completedPieces: Uint8Array): number {
  let count = 0
  for (const byte of completedPieces) {
    for (let bits = byte; bits > 0; bits &= bits - 1) count += 1
  }
  return count
}

export function isComplete(torrent: LibraryTorrent): boolean {
  return countPieces(torrent.completedPieces) === totalPieces(torrent.layout)
}

function completedFileBytes(torrent: LibraryTorrent): number {
  const { layout, completedPieces } = torrent
  let bytes = 0
  for (const file of layout.files) {
    if (file.kind === 'padding' || file.lengthBytes === 0) continue
    const end = file.offsetBytes + file.lengthBytes
    const first = Math.floor(file.offsetBytes / layout.pieceLengthBytes)
    for (let piece = first; piece * layout.pieceLengthBytes < end; piece += 1) {
      if (((completedPieces[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) === 0) continue
      const pieceStart = piece * layout.pieceLengthBytes
      bytes += Math.min(end, pieceStart + layout.pieceLengthBytes) - Math.max(file.offsetBytes, pieceStart)
    }
  }
  return bytes
}
