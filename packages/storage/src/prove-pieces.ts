import type { AbortOptions } from './abort-options.js'
import { chunkKeyOf } from './chunk-key.js'
import { setBits } from './have-bits.js'
import { isLoss } from './lost-bytes.js'
import type { PieceProofs } from './piece-proofs.js'
import type { TorrentDeps } from './torrent-deps.js'
import type { TorrentParts } from './torrent-parts.js'

/**
 * After another boot of the machine: what was recorded after the last barrier may have lost its bytes with
 * the page cache. Each such piece is hashed; those that are not as they should be are not claimed any more.
 */
export async function provePieces(
  deps: TorrentDeps,
  proofs: PieceProofs,
  parts: TorrentParts,
  options: AbortOptions & { readonly bootId: string | undefined },
): Promise<void> {
  const { database, torrentId, chunkStore, fence, logger } = deps
  const { unflushedPieces, bootId } = await database.flushState(torrentId)
  if (bootId !== undefined && bootId === options.bootId) return
  const right: number[] = []
  const spoilt: number[] = []
  for (const piece of setBits(unflushedPieces)) {
    options.signal?.throwIfAborted()
    if (!parts.completed.has(piece)) continue
    const proven = await isRight(deps, proofs, parts, piece, options)
    ;(proven ? right : spoilt).push(piece)
  }
  if (spoilt.length > 0) {
    logger.warn(
      { torrentId, pieces: spoilt.length },
      'recorded pieces did not survive the end of the machine',
    )
    await parts.recorder.uncomplete(spoilt)
  }
  if (right.length > 0) {
    await chunkStore.flush(options)
    await database.markFlushed(torrentId, right, { fence })
  }
  if (options.bootId !== undefined) await database.saveBootId(torrentId, options.bootId, { fence })
}

/** By the torrent's own hash of the piece; where none is known (a magnet link of v2), by the keys of its chunks. */
async function isRight(
  deps: TorrentDeps,
  proofs: PieceProofs,
  parts: TorrentParts,
  piece: number,
  options: AbortOptions,
): Promise<boolean> {
  try {
    if (!proofs.canProve(piece)) return await chunksAreRight(deps, parts, piece, options)
    const verdict = await proofs.check(piece, (span) => parts.reader.readSpan(span, options))
    return verdict === 'right'
  } catch (error) {
    if (isLoss(error)) return false
    throw error
  }
}

/** A chunk that has no key yet cannot be proven. */
async function chunksAreRight(
  { mapper, chunkStore }: TorrentDeps,
  parts: TorrentParts,
  piece: number,
  options: AbortOptions,
): Promise<boolean> {
  for (const { ordinal } of mapper.chunksOfPiece(piece)) {
    const key = parts.recorder.isSealed(ordinal) ? await parts.keys.find(ordinal) : undefined
    const bytes = key === undefined ? undefined : await chunkStore.get(key, options)
    if (bytes === undefined || chunkKeyOf(bytes, mapper.chunkSizeBytes) !== key) return false
  }
  return true
}
