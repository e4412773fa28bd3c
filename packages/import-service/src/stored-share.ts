import type { FileLayout, TorrentLayout } from '@bae/storage'
import type { LibraryTorrent } from './library-like.js'

type TorrentBytes = Pick<LibraryTorrent, 'layout' | 'completedPieces'>

/** How much of something is stored. */
export interface StoredShare {
  readonly files: number
  readonly pieces: number
  readonly totalPieces: number
  readonly bytes: number
  readonly totalBytes: number
}

/** Bytes of a file that lie in completed pieces. */
export function storedBytesOf({ layout, completedPieces }: TorrentBytes, file: FileLayout): number {
  const { pieceLengthBytes } = layout
  const { first, end } = piecesOf(file, pieceLengthBytes)
  let bytes = 0
  for (let piece = first; piece < end; piece += 1) {
    if (!hasPiece(completedPieces, piece)) continue
    const from = Math.max(file.offsetBytes, piece * pieceLengthBytes)
    bytes += Math.min(file.offsetBytes + file.lengthBytes, (piece + 1) * pieceLengthBytes) - from
  }
  return bytes
}

/** True for an empty file too: nothing of it is missing. */
export function isStored(torrent: LibraryTorrent, file: FileLayout): boolean {
  return storedBytesOf(torrent, file) === file.lengthBytes
}

/** What is stored of these files, and of the pieces that they are in. `indices` are in order. */
export function shareOf(torrent: TorrentBytes, indices: readonly number[]): StoredShare {
  const { layout, completedPieces } = torrent
  const share = { files: indices.length, pieces: 0, totalPieces: 0, bytes: 0, totalBytes: 0 }
  let counted = 0
  for (const index of indices) {
    const file = layout.files[index]
    if (file === undefined) continue
    share.bytes += storedBytesOf(torrent, file)
    share.totalBytes += file.lengthBytes
    const { first, end } = piecesOf(file, layout.pieceLengthBytes)
    // A piece that lies in the file before, too, is counted.
    for (let piece = Math.max(first, counted); piece < end; piece += 1) {
      share.totalPieces += 1
      if (hasPiece(completedPieces, piece)) share.pieces += 1
    }
    counted = Math.max(counted, end)
  }
  return share
}

/**
 * The files that are whole, where nothing else is stored but what their pieces have of others: so an import of some files
 * ends, and one that was stopped only by chance. `undefined` otherwise. Empty files cannot be told.
 */
export function onlyWholeFiles(torrent: LibraryTorrent): readonly number[] | undefined {
  const files = torrent.layout.files.filter(({ kind, lengthBytes }) => kind === 'file' && lengthBytes > 0)
  const whole = files.filter((file) => isStored(torrent, file)).map(({ index }) => index)
  const all = shareOf(
    torrent,
    files.map(({ index }) => index),
  )
  return whole.length > 0 && shareOf(torrent, whole).pieces === all.pieces ? whole : undefined
}

/** Of all pieces those that hold bytes of files: nobody fetches one that is padding alone. */
export function countFilePieces({ files, pieceLengthBytes }: TorrentLayout): number {
  let count = 0
  let counted = 0
  for (const file of files) {
    if (file.kind !== 'file') continue
    const { first, end } = piecesOf(file, pieceLengthBytes)
    count += Math.max(0, end - Math.max(first, counted))
    counted = Math.max(counted, end)
  }
  return count
}

function piecesOf({ offsetBytes, lengthBytes }: FileLayout, pieceLengthBytes: number) {
  const first = Math.floor(offsetBytes / pieceLengthBytes)
  return { first, end: lengthBytes === 0 ? first : Math.ceil((offsetBytes + lengthBytes) / pieceLengthBytes) }
}

function hasPiece(completedPieces: Uint8Array, piece: number): boolean {
  return ((completedPieces[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0
}
