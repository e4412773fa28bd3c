import { createHash } from 'node:crypto'
import type { ChunkSpan, PieceMapper } from './piece-mapper.js'
import type { TorrentMetadata } from './torrent-layout.js'

const sha1Bytes = 20

/** The SHA-1 of a piece whose spans `readSpan` gives, one after the other; `undefined` as soon as one is missing. Padding is zeroes. */
export async function sha1OfPiece(
  mapper: PieceMapper,
  piece: number,
  readSpan: (span: ChunkSpan) => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  const sha1 = createHash('sha1')
  let at = 0
  for (const span of mapper.chunksOfPiece(piece)) {
    const bytes = await readSpan(span)
    if (bytes === undefined) return undefined
    sha1.update(new Uint8Array(span.pieceOffset - at)).update(bytes)
    at = span.pieceOffset + span.length
  }
  sha1.update(new Uint8Array(mapper.pieceLengthBytes(piece) - at))
  return new Uint8Array(sha1.digest())
}

/** What the torrent says the SHA-1 of a piece is; a v2 torrent says nothing. */
export function expectedSha1(metadata: TorrentMetadata, piece: number): Uint8Array | undefined {
  const hashes = metadata.pieceHashesV1
  if (hashes === undefined || (piece + 1) * sha1Bytes > hashes.length) return undefined
  return hashes.subarray(piece * sha1Bytes, (piece + 1) * sha1Bytes)
}
