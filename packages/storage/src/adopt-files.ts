import type { AbortOptions } from './abort-options.js'
import { batchesOf } from './batches-of.js'
import type { StagingChunkStore } from './chunk-store.js'
import { crashPoint } from './crash-point.js'
import type { Database } from './database.js'
import { deleteUnreferencedChunks } from './delete-chunks.js'
import { type AdoptingTorrent, type Adoption, piecesIn } from './find-adoption.js'
import { forEachBounded } from './for-each-bounded.js'
import { PieceSet } from './piece-set.js'

export interface AdoptionDeps {
  readonly chunkStore: StagingChunkStore
  readonly database: Database
  readonly fence: number | undefined
}

/** In one transaction. */
const chunksAtOnce = 4_096

const maxLooksAtOnce = 8

/**
 * Gives a torrent, which is saved and not open, what was found for it. References are taken first; then the
 * chunks are looked for and flushed, whoever wrote them; only then their pieces are claimed. A crash in between
 * leaves keys that the torrent may have, and no piece.
 */
export async function adoptFiles(
  deps: AdoptionDeps,
  torrent: AdoptingTorrent,
  found: Adoption,
  options: AbortOptions = {},
): Promise<void> {
  const { database, chunkStore, fence } = deps
  const { id } = torrent.record
  for (const sealedChunks of batchesOf(found.chunks, chunksAtOnce)) {
    options.signal?.throwIfAborted()
    await database.recordProgress(id, { completedPieces: [], sealedChunks }, { fence })
    crashPoint('chunks of other torrents are referred to')
  }
  const { chunks, pieces } = await withoutLostFiles(deps, torrent, found, options)
  for (const some of batchesOf(chunks, chunksAtOnce))
    await chunkStore.flush({ ...options, chunks: some.map(({ key }) => key) })
  await database.recordProgress(id, { completedPieces: pieces, sealedChunks: [], flushed: true }, { fence })
  crashPoint('pieces of other torrents are recorded')
  await discardStaged(deps, torrent, new Set(chunks.map(({ ordinal }) => ordinal)))
}

/** A file of which a chunk is gone is not taken: its references are given back. */
async function withoutLostFiles(
  deps: AdoptionDeps,
  torrent: AdoptingTorrent,
  found: Adoption,
  options: AbortOptions,
): Promise<Adoption> {
  const { record, mapper, completedPieces } = torrent
  const lostFiles = new Set<number>()
  await forEachBounded(found.chunks, maxLooksAtOnce, async ({ ordinal, key }) => {
    if (!(await deps.chunkStore.has(key, options))) lostFiles.add(mapper.chunkAt(ordinal).fileIndex)
  })
  if (lostFiles.size === 0) return found
  const isLost = (ordinal: number): boolean => lostFiles.has(mapper.chunkAt(ordinal).fileIndex)
  const ordinals = found.chunks.map(({ ordinal }) => ordinal).filter(isLost)
  const unreferenced = await deps.database.clearProgress(record.id, { pieces: [], ordinals }, deps)
  await deleteUnreferencedChunks(deps, unreferenced)
  const chunks = found.chunks.filter(({ ordinal }) => !isLost(ordinal))
  const completed = new PieceSet(mapper.pieceCount, completedPieces.slice())
  return { chunks, pieces: piecesIn(mapper, completed, chunks) }
}

/** Parts of the same chunks that the torrent had before. */
async function discardStaged(
  { chunkStore }: AdoptionDeps,
  { record, mapper }: AdoptingTorrent,
  adopted: ReadonlySet<number>,
): Promise<void> {
  for await (const staged of chunkStore.staging.list(record.id)) {
    if (adopted.has(mapper.chunkOrdinal(staged.fileIndex, staged.chunk)))
      await chunkStore.staging.discard(staged)
  }
}
