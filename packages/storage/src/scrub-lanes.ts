import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type CreateHashLane, type HashLane, streamsOfLane } from './hash-lane.js'
import { type FileJob, type HashAnswer, type HashJob, ScrubHasher } from './scrub-hasher.js'
import { isAlone, ScrubStream } from './scrub-stream.js'

/** Hashes the jobs of so many stretches of a torrent beside each other, those of each in order. */
export interface ScrubLane {
  readonly width: number
  /** Of each stretch the next job, or none. Takes the memory of their bytes over. */
  hash(jobs: readonly (HashJob | undefined)[]): Promise<readonly (HashAnswer | undefined)[]>
  /**
   * The same of chunks that it reads itself, once all that was begun before is over. No answer for one that could not be
   * read: it is still the next job of its stretch. Only of lanes that are lent.
   */
  hashFiles?(jobs: readonly (FileJob | undefined)[]): Promise<readonly (HashAnswer | undefined)[]>
  close(): Promise<void>
}

/** More threads than that wait for the disk. Node's pool has as many. */
const maxThreads = 4

/** A thread takes 40 ms of CPU to begin, as long as 25 MiB take to be hashed: it pays with some times that. */
const minThreadBytes = 128 << 20

/** What has a lane to give is not loaded for less. */
const minLentBytes = 16 << 20

/** For so much each, several lanes that read files are worth it: they need no thread of their own. */
const minFileLaneBytes = 32 << 20

export interface ScrubLaneOptions {
  readonly createHashLane?: CreateHashLane | undefined
  /** The chunks are in files that lanes may read. */
  readonly fromFiles?: boolean
}

/**
 * Lanes that are lent, or threads of Node, as many as there is enough to hash for. A program that was bundled into one
 * file has no file for a thread.
 */
export function openScrubLanes(
  totalBytes: number,
  { createHashLane, fromFiles = false }: ScrubLaneOptions = {},
): readonly ScrubLane[] {
  const file = new URL('./scrub-worker.js', import.meta.url)
  const wanted = Math.min(maxThreads, availableParallelism(), Math.floor(totalBytes / minThreadBytes))
  const lent = totalBytes < minLentBytes ? undefined : createHashLane?.()
  if (lent !== undefined) {
    // A lane that reads files waits for the disk meanwhile: others hash then.
    const lanes = fromFiles ? Math.min(maxThreads, Math.floor(totalBytes / minFileLaneBytes)) : wanted
    const others = Array.from({ length: lanes - 1 }, () => createHashLane?.() ?? [])
    return [lent, ...others.flat()].map((lane) => new LentLane(lane))
  }
  if (wanted === 0 || !existsSync(fileURLToPath(file))) return [new SameThreadLane()]
  return Array.from({ length: wanted }, () => new ThreadLane(file))
}

/** Its threads are those of whoever lends it. */
class LentLane implements ScrubLane {
  readonly width = streamsOfLane
  readonly #lane: HashLane
  readonly #streams = Array.from({ length: streamsOfLane }, () => new ScrubStream())

  constructor(lane: HashLane) {
    this.#lane = lane
  }

  hash(jobs: readonly (HashJob | undefined)[]): Promise<readonly (HashAnswer | undefined)[]> {
    return this.#hash(jobs)
  }

  async hashFiles(jobs: readonly (FileJob | undefined)[]): Promise<readonly (HashAnswer | undefined)[]> {
    const answers = await this.#hash(jobs)
    for (const [at, stream] of this.#streams.entries()) if (jobs[at] && !answers[at]) stream.takeBack()
    return answers
  }

  async close(): Promise<void> {
    this.#lane.close()
  }

  async #hash(
    jobs: readonly (HashJob | FileJob | undefined)[],
  ): Promise<readonly (HashAnswer | undefined)[]> {
    const begun = this.#streams.map((stream, at) => stream.begin(jobs[at] ?? nothing))
    const digests = await this.#lane.hash(begun)
    return this.#streams.map((stream, at) => {
      const [job, sent, made] = [jobs[at], begun[at], digests[at]]
      return job && sent && made && stream.end(job, sent, made)
    })
  }
}

const nothing: HashJob = { bytes: undefined, parts: [] }

class SameThreadLane implements ScrubLane {
  readonly width = 1
  readonly #hasher = new ScrubHasher()

  async hash(jobs: readonly (HashJob | undefined)[]): Promise<readonly (HashAnswer | undefined)[]> {
    return jobs.map((job) => job && this.#hasher.hash(job))
  }

  async close(): Promise<void> {}
}

interface Waiting {
  readonly resolve: (answer: HashAnswer) => void
  readonly reject: (error: unknown) => void
}

class ThreadLane implements ScrubLane {
  readonly width = 1
  readonly #worker: Worker
  readonly #waiting: Waiting[] = []
  #ended: Error | undefined

  constructor(file: URL) {
    this.#worker = new Worker(file)
    this.#worker.on('message', (answer: HashAnswer) => this.#waiting.shift()?.resolve(answer))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(new Error('the thread that hashes has ended')))
  }

  hash(jobs: readonly (HashJob | undefined)[]): Promise<readonly (HashAnswer | undefined)[]> {
    return Promise.all(jobs.map((job) => job && this.#hash(job)))
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #hash(job: HashJob): Promise<HashAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended)
      this.#waiting.push({ resolve, reject })
      // What shares its memory with others is copied, all else changes hands.
      const bytes = job.bytes && (isAlone(job.bytes) ? job.bytes : new Uint8Array(job.bytes))
      this.#worker.postMessage({ ...job, bytes }, bytes ? [bytes.buffer as ArrayBuffer] : [])
    })
  }

  #fail(error: Error): void {
    this.#ended ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
