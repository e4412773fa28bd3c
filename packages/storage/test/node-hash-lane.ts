import { createHash, type Hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { chunkKeyFromLeaves, hashLeaves } from '../src/chunk-key.js'
import type { HashLane, StreamDigests, StreamFile, StreamJob } from '../src/hash-lane.js'

/** What native gives to a library, made of Node's own hashes: the same digests, and as strict about its jobs. */
export class NodeHashLane implements HashLane {
  readonly #messages: Hash[] = [createHash('sha1'), createHash('sha1')]
  #last: Promise<unknown> = Promise.resolve()
  isClosed = false

  hash(jobs: readonly StreamJob[]): Promise<readonly (StreamDigests | undefined)[]> {
    const hashing = this.#last.then(() => jobs.map((job, at) => this.#hashOne(job, at)))
    this.#last = hashing
    return hashing
  }

  close(): void {
    this.isClosed = true
  }

  #hashOne(job: StreamJob, at: number): StreamDigests | undefined {
    const { isGiven, wantsLeaves, treeLeaves, sha1 } = job
    const bytes = job.bytes instanceof Uint8Array ? job.bytes : readIfWhole(job.bytes)
    if (bytes === undefined) return undefined
    const leaves = hashLeaves(bytes)
    const root = treeLeaves && Buffer.from(chunkKeyFromLeaves(leaves, treeLeaves * 16_384), 'hex')
    const digests: Buffer[] = []
    for (let step = 0; step < sha1.length; step += 3) {
      const [offset = 0, length = 0, ends] = sha1.slice(step, step + 3)
      if (length < 0 || offset + length > bytes.length + (offset < 0 ? length + 1 : 0))
        throw new RangeError(`a step of ${length} bytes at ${offset}`)
      const part = offset < 0 ? new Uint8Array(length) : bytes.subarray(offset, offset + length)
      this.#messages[at]?.update(part)
      if (ends !== 1) continue
      digests.push(this.#messages[at]?.digest() ?? Buffer.alloc(0))
      this.#messages[at] = createHash('sha1')
    }
    if (isGiven) structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
    return {
      leaves: wantsLeaves ? leaves : new Uint8Array(0),
      ...(root && { root }),
      sha1: Buffer.concat(digests),
    }
  }
}

function readIfWhole({ path, lengthBytes }: StreamFile): Uint8Array | undefined {
  try {
    const bytes = readFileSync(path)
    return bytes.length === lengthBytes ? bytes : undefined
  } catch {
    return undefined
  }
}
