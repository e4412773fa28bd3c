import type { AbortOptions } from './abort-options.js'
import { forEachBounded } from './for-each-bounded.js'
import { PieceMapper } from './piece-mapper.js'
import { PieceProofs } from './piece-proofs.js'
import { PieceSet } from './piece-set.js'
import { type ScrubFilesDeps, scrubFiles } from './scrub-files.js'
import { ScrubFindings } from './scrub-findings.js'
import { jobsOf, type ScrubJob, stretchesOf } from './scrub-jobs.js'
import { openScrubLanes, type ScrubLane } from './scrub-lanes.js'
import { type ScrubbedChunk, ScrubReader } from './scrub-reader.js'
import type { ScrubProgress, ScrubReport } from './scrub-report.js'
import type { TorrentReaderDeps } from './torrent-reader.js'

export interface ScrubOptions extends AbortOptions {
  readonly onProgress?: (progress: ScrubProgress) => void
  /** Only these of the complete pieces. */
  readonly pieces?: Iterable<number>
}

/** Chunks of one lane that are read or hashed at a time. */
const maxChunksAhead = 3

/**
 * Checks the recorded pieces of a torrent: sealed chunks against their keys, pieces against what the torrent says of
 * them (SHA-1, merkle roots, or both). Reads each byte once, keeps a few chunks in memory, hashes on threads where
 * there is much, and repairs nothing. Pieces that the torrent does not have are not looked at. What the store cannot
 * answer rejects: that is no damage.
 */
export async function scrubTorrent(
  deps: TorrentReaderDeps,
  options: ScrubOptions = {},
): Promise<ScrubReport> {
  const { record, database, chunkStore } = deps
  const mapper = new PieceMapper(record.layout, record)
  const wanted = wantedPieces(mapper, await database.completedPieces(record.id), options.pieces)
  const proofs = new PieceProofs(mapper, record.layout, record.metadata)
  const findings = new ScrubFindings(mapper, proofs, wanted, options.onProgress)
  const failed = new AbortController()
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])])
  const reader = new ScrubReader(deps, mapper, { signal })
  const totalBytes = wanted.count() * record.layout.pieceLengthBytes
  const lanes = openScrubLanes(totalBytes, {
    createHashLane: deps.createHashLane,
    fromFiles: chunkStore.lendFiles !== undefined,
  })
  const stretches = stretchesOf(mapper, wanted, totalBytes)[Symbol.iterator]()
  const scrubbing = { chunkStore, mapper, reader, findings, signal }
  try {
    await forEachBounded(lanes, lanes.length, async (lane) => {
      try {
        for (let next = take(stretches, lane.width); next.length > 0; next = take(stretches, lane.width)) {
          for (const pieces of next) findings.addPadding(pieces)
          const jobs = next.map((pieces) => jobsOf(mapper, proofs, pieces)[Symbol.iterator]())
          await scrubStretches(lane, jobs, scrubbing)
        }
      } catch (error) {
        // The other lanes need not go on.
        failed.abort(error)
        throw error
      }
    })
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()))
  }
  return await findings.report(deps, options)
}

interface Scrubbing extends ScrubFilesDeps {
  readonly signal: AbortSignal
}

interface ReadChunk extends ScrubbedChunk {
  readonly ordinal: number
}

/**
 * Those of several stretches beside each other. The next chunks are read while those before them are hashed; those that
 * the lane reads itself are over before the next ones begin, and the other lanes hash while it reads.
 */
async function scrubStretches(
  lane: ScrubLane,
  stretches: readonly Iterator<ScrubJob>[],
  scrubbing: Scrubbing,
): Promise<void> {
  const { reader, findings, signal } = scrubbing
  const read = async ({ ordinal, parts }: ScrubJob): Promise<ReadChunk> => ({
    ordinal,
    ...(await reader.read(ordinal, parts)),
  })
  const underWay: Promise<void>[] = []
  try {
    for (;;) {
      const begun = stretches.map((stretch) => take(stretch, 1)[0])
      if (begun.every((job) => job === undefined)) break
      signal.throwIfAborted()
      const jobs = await scrubFiles(lane, begun, scrubbing, { signal })
      if (jobs.every((job) => job === undefined)) continue
      const chunks = await Promise.all(jobs.map((job) => job && read(job)))
      const noted = hashChunks(lane, chunks, findings)
      noted.catch(() => {})
      underWay.push(noted)
      if (underWay.length >= maxChunksAhead) await underWay.shift()
    }
    await Promise.all(underWay)
  } finally {
    // What failed first is told; the memory of the others is free only then.
    await Promise.allSettled(underWay)
  }
}

/** One chunk of each stretch, or none. One that is staged is read, and hashed, in parts. */
async function hashChunks(
  lane: ScrubLane,
  chunks: readonly (ReadChunk | undefined)[],
  findings: ScrubFindings,
): Promise<void> {
  const rounds = Math.max(...chunks.map((chunk) => chunk?.jobs.length ?? 0))
  const hashing = Array.from({ length: rounds }, (_, round) =>
    lane.hash(chunks.map((chunk) => chunk?.jobs[round])),
  )
  // All are begun before the first is waited for: those of the next chunk come after them.
  const answers = await Promise.all(hashing)
  for (const [at, chunk] of chunks.entries()) {
    if (chunk === undefined) continue
    const isThere = chunk.jobs.every(({ bytes }) => bytes !== undefined)
    findings.add(
      chunk.ordinal,
      { key: chunk.key, isThere },
      answers.flatMap((round) => round[at] ?? []),
    )
  }
}

/** The next ones, so many or as many as there are. */
function take<T>(from: Iterator<T>, count: number): T[] {
  const taken: T[] = []
  while (taken.length < count) {
    const next = from.next()
    if (next.done) break
    taken.push(next.value)
  }
  return taken
}

function wantedPieces(
  mapper: PieceMapper,
  completed: Uint8Array,
  only: Iterable<number> | undefined,
): PieceSet {
  const complete = new PieceSet(mapper.pieceCount, completed)
  if (only === undefined) return complete
  const wanted = new PieceSet(mapper.pieceCount)
  for (const piece of only) if (complete.has(piece)) wanted.add(piece)
  return wanted
}
