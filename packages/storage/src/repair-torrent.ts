import type { AbortOptions } from './abort-options.js'
import { forEachBounded } from './for-each-bounded.js'
import type { PieceMapper } from './piece-mapper.js'
import type { Damage } from './scrub-report.js'
import { scrubTorrent } from './scrub-torrent.js'
import type { TorrentParts } from './torrent-parts.js'
import type { TorrentReaderDeps } from './torrent-reader.js'

export interface RepairReport {
  /** Chunks that are sound again, from another copy. */
  readonly healedChunks: number
  /** Pieces that are not recorded any more and have to be fetched again, in order. */
  readonly lostPieces: readonly number[]
}

/** Chunks healed at once: each waits for another store. */
const maxHealsAtOnce = 4

/**
 * Mends what a scrub found: damaged chunks from another copy where there is a sound one. What is still wrong at a
 * second look, which also sees what was written meanwhile, is taken from the records. Pieces of a damaged chunk that
 * their own hashes prove stay.
 */
export async function repairTorrent(
  deps: TorrentReaderDeps,
  mapper: PieceMapper,
  { recorder }: Pick<TorrentParts, 'recorder'>,
  damage: readonly Damage[],
  options: AbortOptions = {},
): Promise<RepairReport> {
  const chunks = new Set(damage.flatMap(({ chunk }) => chunk ?? []))
  await forEachBounded(chunks, maxHealsAtOnce, async (chunk) => {
    await deps.chunkStore.heal(chunk, options)
  })
  const concerned = piecesConcerned(mapper, damage)
  const { damage: left } = await scrubTorrent(deps, { ...options, pieces: concerned })
  const wrong = new Set(left.flatMap(({ pieces }) => pieces))
  const proven = new Set([...concerned].filter((piece) => !wrong.has(piece)))
  const gone = wrong.size === 0 ? wrong : await recorder.uncomplete(wrong, proven)
  const damaged = new Set(left.flatMap(({ chunk }) => chunk ?? []))
  return {
    healedChunks: [...chunks].filter((chunk) => !damaged.has(chunk)).length,
    lostPieces: [...new Set([...wrong, ...gone])].sort((a, b) => a - b),
  }
}

/** The damaged pieces, and all that share a chunk with them: the chunk may be made a staged one again. */
function piecesConcerned(mapper: PieceMapper, damage: readonly Damage[]): ReadonlySet<number> {
  const concerned = new Set<number>()
  for (const piece of damage.flatMap(({ pieces }) => pieces)) {
    for (const { ordinal } of mapper.chunksOfPiece(piece)) {
      const { first, end } = mapper.pieceRangeOfChunk(ordinal)
      for (let one = first; one < end; one++) concerned.add(one)
    }
  }
  return concerned
}
