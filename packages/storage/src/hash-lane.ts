/** A file that the lane reads, all of it, to hash it. */
export interface StreamFile {
  readonly path: string
  /** A file of another length is not read. */
  readonly lengthBytes: number
}

/** What is to be hashed of one of the streams of a lane. */
export interface StreamJob {
  /** Lent until the call has settled. */
  readonly bytes: Uint8Array | StreamFile
  /** The memory goes as soon as it is hashed, with the whole ArrayBuffer that `bytes` are in. Of no meaning to a file. */
  readonly isGiven: boolean
  /** SHA-256 of each 16 KiB of `bytes`, the last of what is left. */
  readonly wantsLeaves: boolean
  /** The root of the merkle tree over these, so many leaves wide. */
  readonly treeLeaves?: number
  /**
   * What the next SHA-1 of the stream is made of, three numbers for each step: an offset in `bytes`, or -1 for zeroes; a
   * length; 1 where a message ends, else 0. A message may go on in the next call.
   */
  readonly sha1: readonly number[]
}

export interface StreamDigests {
  /** 32 bytes each. Empty where none were wanted. */
  readonly leaves: Uint8Array
  readonly root?: Uint8Array
  /** 20 bytes for each message that has ended. */
  readonly sha1: Uint8Array
}

/** Something that hashes two streams of bytes beside each other faster than Node does, and off its main thread. */
export interface HashLane {
  /**
   * At most one job for each stream. A call waits for those before it. `undefined` of a file that could not be read, or
   * has another length: its stream is as it was before.
   */
  hash(jobs: readonly StreamJob[]): Promise<readonly (StreamDigests | undefined)[]>
  /** When the last call has settled: gives back the memory that files were read into. */
  close(): void
}

/** `undefined` where there is nothing faster than Node. */
export type CreateHashLane = () => HashLane | undefined

export const streamsOfLane = 2
