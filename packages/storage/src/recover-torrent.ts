import type { AbortOptions } from './abort-options.js'
import { crashPoint } from './crash-point.js'
import type { PieceProofs } from './piece-proofs.js'
import { provePieces } from './prove-pieces.js'
import type { TorrentDeps } from './torrent-deps.js'
import type { TorrentParts } from './torrent-parts.js'

/**
 * Brings records and bytes in step again after the last process ended at any point. Looks at the staged
 * chunks of the torrent, which are few, and never through the store: what is sealed is believed here, and
 * checked by a scrub; but for what a power cut may have spoilt.
 */
export async function recoverTorrent(
  deps: TorrentDeps,
  proofs: PieceProofs,
  parts: TorrentParts,
  options: AbortOptions & { readonly bootId: string | undefined },
): Promise<void> {
  const staged = await takeOverStaged(deps, options)
  await replaySeals(deps, parts, staged)
  crashPoint('seals are replayed')
  await dropLostPieces(deps, parts, staged)
  crashPoint('lost pieces are dropped')
  await provePieces(deps, proofs, parts, options)
  crashPoint('pieces of another boot are proven')
  const right = await findRightPieces(deps, proofs, parts, staged, options)
  await Promise.all(right.map((piece) => parts.recorder.complete(piece)))
  crashPoint('stored pieces are recorded again')
}

/** Answers the places of what is staged for this writer from now on. */
async function takeOverStaged(
  { torrentId, fence, mapper, chunkStore: { staging } }: TorrentDeps,
  options: AbortOptions,
): Promise<Set<number>> {
  const staged = new Set<number>()
  // Of most torrents nothing is.
  if (!(await isAnythingIn(staging.list(torrentId)))) return staged
  await staging.takeOver(torrentId, { ...options, fence })
  for await (const { fileIndex, chunk, fence: whose } of staging.list(torrentId)) {
    options.signal?.throwIfAborted()
    // An older writer may go on for a while.
    if (whose === fence) staged.add(mapper.chunkOrdinal(fileIndex, chunk))
  }
  return staged
}

async function isAnythingIn(list: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of list) return true
  return false
}

/** Chunks whose key was recorded and whose name was not changed yet, or that were being staged again. */
async function replaySeals(deps: TorrentDeps, parts: TorrentParts, staged: Set<number>): Promise<void> {
  for (const ordinal of staged) {
    if (!parts.recorder.isSealed(ordinal)) continue
    const key = await parts.keys.find(ordinal)
    if (key === undefined) continue
    const chunk = parts.sealer.staged(ordinal)
    // A staged copy beside its object may be half of one: the object is whole.
    if (await deps.chunkStore.has(key)) await deps.chunkStore.staging.discard(chunk)
    else await deps.chunkStore.staging.seal(chunk, key)
    staged.delete(ordinal)
  }
}

/** A chunk that lies under complete and other pieces is not sealed: without its staged bytes the complete ones are gone. */
async function dropLostPieces(deps: TorrentDeps, parts: TorrentParts, staged: Set<number>): Promise<void> {
  const lost = new Set<number>()
  for (const piece of parts.completed.runEnds()) {
    const across = deps.mapper.chunkAcrossEnd(piece)
    if (across === undefined || staged.has(across)) continue
    const { first, end } = deps.mapper.pieceRangeOfChunk(across)
    for (let one = first; one < end; one++) if (parts.completed.has(one)) lost.add(one)
  }
  if (lost.size === 0) return
  deps.logger.warn({ torrentId: deps.torrentId, pieces: lost.size }, 'recorded pieces have lost their bytes')
  await parts.recorder.uncomplete(lost)
}

/**
 * Pieces that were stored but not recorded any more, and those of padding alone, which nobody sends: with the right hash
 * they need not be downloaded.
 */
async function findRightPieces(
  deps: TorrentDeps,
  proofs: PieceProofs,
  parts: TorrentParts,
  staged: ReadonlySet<number>,
  options: AbortOptions,
): Promise<readonly number[]> {
  const { mapper, chunkStore } = deps
  const candidates = new Set<number>()
  for (const piece of mapper.piecesOfPadding()) if (!parts.completed.has(piece)) candidates.add(piece)
  for (const ordinal of staged) {
    const { first, end } = mapper.pieceRangeOfChunk(ordinal)
    for (let piece = first; piece < end; piece++) if (!parts.completed.has(piece)) candidates.add(piece)
  }
  const right: number[] = []
  for (const piece of candidates) {
    options.signal?.throwIfAborted()
    if (!proofs.canProve(piece)) continue
    const verdict = await proofs.check(piece, ({ ordinal, chunkOffset: offset, length }) =>
      chunkStore.staging.read(parts.sealer.staged(ordinal), { offset, length }, options),
    )
    if (verdict === 'right') right.push(piece)
  }
  return right
}
