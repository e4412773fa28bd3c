import type { StagingChunkStore } from './chunk-store.js'
import { StorageError } from './errors.js'
import type { PieceMapper } from './piece-mapper.js'
import { PieceSet } from './piece-set.js'
import type { TorrentId, TorrentLayout } from './torrent-layout.js'

/** What a torrent wants from the store beside what it has. */
export interface Want {
  readonly torrentId: TorrentId
  readonly layout: TorrentLayout
  readonly mapper: PieceMapper
  readonly completedPieces: Uint8Array
  /** Indices; all files when left out. */
  readonly wantedFiles?: readonly number[]
}

/**
 * Refuses a torrent whose missing bytes the store has no room for, before the first of them is fetched:
 * nothing is evicted for it, so it could only fill the disk. Rejects STORAGE_NO_SPACE with both figures.
 */
export async function assertRoom(store: StagingChunkStore, want: Want): Promise<void> {
  const missingBytes = missingBytesOf(want)
  // Whoever brings nothing asks for no room.
  if (missingBytes === 0) return
  const freeBytes = await store.freeBytes(want.torrentId)
  if (freeBytes === undefined || missingBytes <= freeBytes) return
  const figures = `"${want.layout.name}" needs ${missingBytes} bytes more, and ${freeBytes} are free`
  throw new StorageError('STORAGE_NO_SPACE', `no space: ${figures}`)
}

/** Of files, without padding. A piece is fetched whole: what it has of files that are not wanted counts. */
function missingBytesOf({ layout, mapper, completedPieces, wantedFiles }: Want): number {
  const completed = new PieceSet(mapper.pieceCount, completedPieces)
  const missing = new PieceSet(mapper.pieceCount)
  for (const index of wantedFiles ?? layout.files.keys()) {
    const file = layout.files[index]
    if (file?.kind !== 'file' || file.lengthBytes === 0) continue
    const end = file.offsetBytes + file.lengthBytes
    const first = Math.floor(file.offsetBytes / layout.pieceLengthBytes)
    for (let piece = first; piece * layout.pieceLengthBytes < end; piece++)
      if (!completed.has(piece)) missing.add(piece)
  }
  let missingBytes = 0
  for (const { first, end } of missing.runs()) missingBytes += mapper.fileBytesOfPieces(first, end)
  return missingBytes
}
