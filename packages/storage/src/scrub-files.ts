import type { AbortOptions } from './abort-options.js'
import type { ChunkKey, StagingChunkStore } from './chunk-store.js'
import type { PieceMapper } from './piece-mapper.js'
import type { ScrubFindings } from './scrub-findings.js'
import { areOfLeaves, type FileJob } from './scrub-hasher.js'
import type { ScrubJob } from './scrub-jobs.js'
import type { ScrubLane } from './scrub-lanes.js'
import type { ScrubReader } from './scrub-reader.js'

export interface ScrubFilesDeps {
  readonly chunkStore: StagingChunkStore
  readonly mapper: PieceMapper
  readonly reader: ScrubReader
  readonly findings: ScrubFindings
}

/**
 * Has a lane read and hash those of the jobs whose chunks are in files of their own, and notes what it finds. The
 * others come back: all of a store without files, and whatever is not as it should be, for the store to say what it is.
 */
export async function scrubFiles(
  lane: ScrubLane,
  jobs: readonly (ScrubJob | undefined)[],
  { chunkStore, mapper, reader, findings }: ScrubFilesDeps,
  options: AbortOptions,
): Promise<readonly (ScrubJob | undefined)[]> {
  if (chunkStore.lendFiles === undefined || lane.hashFiles === undefined) return jobs
  const keys = await Promise.all(jobs.map((job) => job && keyOf(job, mapper, reader)))
  if (keys.every((key) => key === undefined)) return jobs
  const answers = await chunkStore.lendFiles(async (pathOf) => {
    const files = jobs.map((job, at): FileJob | undefined => {
      const key = keys[at]
      if (job === undefined || key === undefined) return undefined
      const bytes = { path: pathOf(key), lengthBytes: mapper.chunkLengthBytes(job.ordinal) }
      return { bytes, chunkSizeBytes: mapper.chunkSizeBytes, parts: job.parts }
    })
    return await lane.hashFiles?.(files)
  }, options)
  return jobs.map((job, at) => {
    const [key, answer] = [keys[at], answers?.[at]]
    if (job === undefined || key === undefined || answer === undefined) return job
    findings.add(job.ordinal, { key, isThere: true }, [answer])
    return undefined
  })
}

/** `undefined`: it is staged, as far as is known, or needs leaves that are not those of its chunk. */
async function keyOf(
  { ordinal, parts }: ScrubJob,
  mapper: PieceMapper,
  reader: ScrubReader,
): Promise<ChunkKey | undefined> {
  return areOfLeaves(parts, mapper.chunkLengthBytes(ordinal)) ? await reader.keyOf(ordinal) : undefined
}
