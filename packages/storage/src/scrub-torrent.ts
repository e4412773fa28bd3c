import type { AbortOptions } from './abort-options.js'
import type { ChunkKey } from './chunk-store.js'
import type { TorrentRecord } from './database.js'
import { expectedSha1, sha1OfPiece } from './hash-piece.js'
import { PieceMapper } from './piece-mapper.js'
import { PieceSet } from './piece-set.js'
import { type ScrubbedChunk, ScrubbedChunks } from './scrubbed-chunks.js'
import type { TorrentReaderDeps } from './torrent-reader.js'

/** A complete piece whose bytes are not the torrent's. */
export interface DamagedPiece {
  readonly piece: number
  /** The files that the damage is in: paths joined by '/', without the torrent's top folder. */
  readonly files: readonly string[]
  /** The stored chunk that is gone or is not what its key says. None: the bytes are staged, or the record is wrong. */
  readonly chunk?: ChunkKey
}

/** One complete piece was checked. */
export interface ScrubStep {
  readonly piece: number
  /** Complete pieces checked so far, this one included, and how many there are in all. */
  readonly checkedPieces: number
  readonly completePieces: number
  readonly checkedBytes: number
  /** Empty when the piece is right. */
  readonly damage: readonly DamagedPiece[]
}

/**
 * Checks every recorded piece of a torrent: stored chunks against their keys, pieces against the SHA-1 the
 * torrent has for them. Reads each byte once and keeps one chunk in memory; repairs nothing. Pieces that
 * the torrent does not have yet are not looked at.
 */
export async function* scrubTorrent(
  deps: TorrentReaderDeps,
  options: AbortOptions = {},
): AsyncIterable<ScrubStep> {
  const { record, database } = deps
  const mapper = new PieceMapper(record.layout, record)
  const completed = new PieceSet(mapper.pieceCount, await database.completedPieces(record.id))
  const chunks = new ScrubbedChunks(deps, mapper, options)
  const completePieces = completed.count()
  let checkedPieces = 0
  let checkedBytes = 0
  for (let piece = 0; piece < mapper.pieceCount; piece++) {
    if (!completed.has(piece)) continue
    options.signal?.throwIfAborted()
    const damage = await checkPiece(record, mapper, chunks, piece)
    checkedPieces++
    checkedBytes += mapper.pieceLengthBytes(piece)
    yield { piece, checkedPieces, completePieces, checkedBytes, damage }
  }
}

async function checkPiece(
  { layout, metadata }: TorrentRecord,
  mapper: PieceMapper,
  chunks: ScrubbedChunks,
  piece: number,
): Promise<readonly DamagedPiece[]> {
  const damaged = new Set<ScrubbedChunk>()
  const actual = await sha1OfPiece(mapper, piece, async (span) => {
    const chunk = await chunks.load(span)
    if (!chunk.sound) damaged.add(chunk)
    const at = span.chunkOffset - chunk.offset
    return chunk.bytes?.subarray(at, at + span.length) ?? new Uint8Array(span.length)
  })
  const expected = expectedSha1(metadata, piece)
  const isRight = expected !== undefined && actual !== undefined && Buffer.compare(actual, expected) === 0
  const blamed = [...damaged].filter(
    (chunk) => !isRight || chunk.bytes === undefined || isUnexplained(mapper, chunk, piece),
  )
  for (const chunk of blamed) chunk.blamed = true
  const pathOf = (fileIndex: number): string => layout.files[fileIndex]?.path.join('/') ?? ''
  if (blamed.length > 0) {
    return blamed.map(({ fileIndex, key }) => ({
      piece,
      files: [pathOf(fileIndex)],
      ...(key === undefined ? {} : { chunk: key }),
    }))
  }
  if (isRight || expected === undefined) return []
  const files = new Set(mapper.chunksOfPiece(piece).map(({ fileIndex }) => pathOf(fileIndex)))
  return [{ piece, files: [...files] }]
}

/** The piece is right though its chunk is not: another piece has the damage, unless this is the last one over it. */
function isUnexplained(mapper: PieceMapper, chunk: ScrubbedChunk, piece: number): boolean {
  return !chunk.blamed && mapper.pieceRangeOfChunk(chunk.ordinal).end === piece + 1
}
