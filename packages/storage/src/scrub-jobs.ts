import type { PieceMapper } from './piece-mapper.js'
import type { PieceProofs } from './piece-proofs.js'
import type { PieceSet } from './piece-set.js'
import type { PiecePart } from './scrub-hasher.js'

/** What has to be read of one chunk. */
export interface ScrubJob {
  readonly ordinal: number
  readonly parts: readonly PiecePart[]
}

/** Pieces that are hashed in one go: at their ends chunks are read twice. */
const mostStretchBytes = 64 << 20
const leastStretchBytes = 8 << 20

/** As many as four lanes hash two at a time. */
const fewStretches = 8

/** The wanted pieces, `totalBytes` or so, in stretches, so that several can be checked at once. */
export function* stretchesOf(
  mapper: PieceMapper,
  wanted: PieceSet,
  totalBytes: number,
): Iterable<readonly number[]> {
  const stretchBytes = Math.min(mostStretchBytes, Math.max(leastStretchBytes, totalBytes / fewStretches))
  let pieces: number[] = []
  let bytes = 0
  for (let piece = 0; piece < mapper.pieceCount; piece++) {
    if (!wanted.has(piece)) continue
    pieces.push(piece)
    bytes += mapper.pieceLengthBytes(piece)
    if (bytes < stretchBytes) continue
    yield pieces
    pieces = []
    bytes = 0
  }
  if (pieces.length > 0) yield pieces
}

/** The chunks under pieces, each once and in order, with what they are to these pieces. */
export function* jobsOf(
  mapper: PieceMapper,
  proofs: PieceProofs,
  pieces: readonly number[],
): Iterable<ScrubJob> {
  let ordinal = -1
  let parts: PiecePart[] = []
  for (const piece of pieces) {
    const spans = mapper.chunksOfPiece(piece)
    const want = proofs.wanted(piece)
    for (const [index, span] of spans.entries()) {
      if (span.ordinal !== ordinal && parts.length > 0) {
        yield { ordinal, parts }
        parts = []
      }
      ordinal = span.ordinal
      const { pieceOffset, chunkOffset: offset, length } = span
      const isLast = index === spans.length - 1
      const end = isLast ? { pieceLengthBytes: mapper.pieceLengthBytes(piece) } : {}
      parts.push({ piece, pieceOffset, offset, length, want, ...end })
    }
  }
  if (parts.length > 0) yield { ordinal, parts }
}
