import { chunkKeyFromLeaves, hashLeaves } from './chunk-key.js'
import type { ChunkKey } from './chunk-store.js'
import type { StreamDigests, StreamJob } from './hash-lane.js'
import { blockBytes } from './piece-mapper.js'
import {
  areOfLeaves,
  type FileJob,
  type HashAnswer,
  type HashJob,
  isOfLeaves,
  leavesUnder,
  type PiecePart,
} from './scrub-hasher.js'

const sha1Bytes = 20
const nothing = new Uint8Array(0)

/** Jobs of a scrub as one stream of a hash lane, and the digests as answers: both in the order of the jobs. */
export class ScrubStream {
  /** How much of the piece that it is in was begun. */
  #begunBytes = 0
  /** The same before the job that was begun last. */
  #begunBefore = 0
  /** Of the piece that it is in. `undefined`: a part of it was not there. */
  #leaves: Uint8Array[] | undefined = []

  /** Takes the memory of the bytes over. */
  begin({ bytes, chunkSizeBytes, parts }: HashJob | FileJob): StreamJob {
    this.#begunBefore = this.#begunBytes
    const sha1 = parts.flatMap((part) => (part.want.sha1 ? this.#stepsOf(part, bytes !== undefined) : []))
    if (bytes === undefined) return { bytes: nothing, isGiven: false, wantsLeaves: false, sha1 }
    const isGiven = bytes instanceof Uint8Array && isAlone(bytes) && areOfLeaves(parts, bytes.length)
    return {
      ...{ bytes, isGiven, wantsLeaves: parts.some(({ want }) => want.treeBytes !== undefined), sha1 },
      ...(chunkSizeBytes !== undefined && { treeLeaves: chunkSizeBytes / blockBytes }),
    }
  }

  /** What was begun last could not be read: it will be begun in another way. */
  takeBack(): void {
    this.#begunBytes = this.#begunBefore
  }

  /** `begun`: what `begin` made of the job. Where the memory was given, nothing of it is there any more. */
  end(
    { bytes, parts }: HashJob | FileJob,
    begun: StreamJob,
    { leaves, root, sha1 }: StreamDigests,
  ): HashAnswer {
    const pieces: HashAnswer['pieces'][number][] = []
    let digests = 0
    for (const part of parts) {
      const { piece, want, pieceLengthBytes } = part
      if (bytes === undefined) this.#leaves = undefined
      else if (want.treeBytes !== undefined)
        this.#leaves?.push(
          begun.isGiven || !(bytes instanceof Uint8Array) || isOfLeaves(part, bytes.length)
            ? leavesUnder(part, leaves)
            : hashLeaves(bytes.subarray(part.offset, part.offset + part.length)),
        )
      if (pieceLengthBytes === undefined) continue
      const digest = want.sha1 ? hexOf(sha1, digests++) : undefined
      const actual = this.#leaves && {
        ...(digest !== undefined && { sha1: digest }),
        ...(want.treeBytes !== undefined && {
          root: chunkKeyFromLeaves(Buffer.concat(this.#leaves), want.treeBytes),
        }),
      }
      this.#leaves = []
      pieces.push({ piece, ...(actual && { actual }) })
    }
    return { pieces, ...(root && { key: Buffer.from(root).toString('hex') as ChunkKey }) }
  }

  /** Between the parts of a piece, and behind the last, is padding: zeroes to SHA-1. Bytes that are not there are passed over. */
  #stepsOf({ pieceOffset, offset, length, pieceLengthBytes }: PiecePart, isThere: boolean): number[] {
    const steps = [-1, pieceOffset - this.#begunBytes, 0]
    if (isThere) steps.push(offset, length, 0)
    this.#begunBytes = pieceOffset + length
    if (pieceLengthBytes === undefined) return steps
    steps.push(-1, pieceLengthBytes - this.#begunBytes, 1)
    this.#begunBytes = 0
    return steps
  }
}

function hexOf(digests: Uint8Array, at: number): string {
  return Buffer.from(digests.subarray(at * sha1Bytes, (at + 1) * sha1Bytes)).toString('hex')
}

/** Whether nothing else is in its memory. */
export function isAlone(bytes: Uint8Array): boolean {
  return bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
}
