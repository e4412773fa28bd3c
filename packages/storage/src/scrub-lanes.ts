import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type HashAnswer, type HashJob, ScrubHasher } from './scrub-hasher.js'

/** Hashes the jobs of one stretch of a torrent, in order. */
export interface ScrubLane {
  /** Takes the memory of `job.bytes` over. */
  hash(job: HashJob): Promise<HashAnswer>
  close(): Promise<void>
}

/** More threads than that wait for the disk. */
const maxThreads = 4

/** A thread takes 40 ms of CPU to begin, as long as 25 MiB take to be hashed: it pays with some times that. */
const minThreadBytes = 128 << 20

/** Threads where there is enough to hash for them. A program that was bundled into one file has no file for a thread. */
export function openScrubLanes(totalBytes: number): readonly ScrubLane[] {
  const file = new URL('./scrub-worker.js', import.meta.url)
  const wanted = Math.min(maxThreads, availableParallelism(), Math.floor(totalBytes / minThreadBytes))
  if (wanted === 0 || !existsSync(fileURLToPath(file))) return [new SameThreadLane()]
  return Array.from({ length: wanted }, () => new ThreadLane(file))
}

class SameThreadLane implements ScrubLane {
  readonly #hasher = new ScrubHasher()

  async hash(job: HashJob): Promise<HashAnswer> {
    return this.#hasher.hash(job)
  }

  async close(): Promise<void> {}
}

interface Waiting {
  readonly resolve: (answer: HashAnswer) => void
  readonly reject: (error: unknown) => void
}

class ThreadLane implements ScrubLane {
  readonly #worker: Worker
  readonly #waiting: Waiting[] = []
  #ended: Error | undefined

  constructor(file: URL) {
    this.#worker = new Worker(file)
    this.#worker.on('message', (answer: HashAnswer) => this.#waiting.shift()?.resolve(answer))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(new Error('the thread that hashes has ended')))
  }

  hash(job: HashJob): Promise<HashAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended)
      this.#waiting.push({ resolve, reject })
      // What shares its memory with others is copied, all else changes hands.
      const bytes = job.bytes && (isAlone(job.bytes) ? job.bytes : new Uint8Array(job.bytes))
      this.#worker.postMessage({ ...job, bytes }, bytes ? [bytes.buffer as ArrayBuffer] : [])
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #fail(error: Error): void {
    this.#ended ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

function isAlone(bytes: Uint8Array): boolean {
  return bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
}
