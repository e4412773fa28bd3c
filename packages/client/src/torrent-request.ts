import type { AddTorrentRequest } from '@bae/native'
import type { HeldTorrent } from './held-torrent.js'

/** How a session is asked for a torrent, with all that is wished of it. */
export function requestOf(
  torrent: HeldTorrent,
  begin: {
    /** What the storage holds; undefined where nobody knows yet. */
    readonly havePieces: Uint8Array | undefined
    readonly seedMode: boolean
    readonly disablePex: boolean
  },
): AddTorrentRequest {
  const { id, savePath, resumeData, wishes, progress, knownPeers } = torrent
  const flags = {
    ...(wishes.sequential && { sequentialDownload: true }),
    ...(wishes.superSeeding && { superSeeding: true }),
    ...(begin.disablePex && { disablePex: true }),
    ...(progress.uploadModeIsWished && { uploadMode: true }),
  }
  return {
    torrentId: id,
    ...torrent.torrentFileOrMagnet(),
    ...wishes.toRequest(),
    ...(begin.havePieces && { havePieces: begin.havePieces }),
    ...(savePath !== undefined && { savePath }),
    ...(resumeData && { resumeData }),
    ...(knownPeers.addresses.length > 0 && { peers: knownPeers.addresses }),
    ...(begin.seedMode && !resumeData && { seedMode: true }),
    ...(Object.keys(flags).length > 0 && { flags }),
  }
}

/** Pieces that count as completed and that the session does not have, after it checked. */
export function missingPieces(torrent: HeldTorrent): readonly number[] {
  const found = torrent.withSession((session, handle) => session.pieceMap(handle))
  const { tally } = torrent.progress
  if (found === undefined || tally === undefined) return []
  const pieces = Array.from({ length: tally.totalPieces }, (_, piece) => piece)
  return pieces.filter(
    (piece) => tally.has(piece) && ((found[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) === 0,
  )
}
