/** A file that is read to be hashed: all of it. */
export interface HashLaneFile {
  readonly path: string
  /** Less than 2 GiB. A file of another length is not read. */
  readonly lengthBytes: number
}

/** What is to be hashed of one of the two streams of a lane. */
export interface HashLaneJob {
  /** Less than 2 GiB. Lent until the call has settled: not to be changed or transferred meanwhile. */
  readonly bytes: Uint8Array | HashLaneFile
  /** The memory goes as soon as it is hashed, with the whole ArrayBuffer that `bytes` are in: garbage would wait. Of no meaning to a file. */
  readonly isGiven: boolean
  /** SHA-256 of each 16 KiB of `bytes`, the last of what is left. */
  readonly wantsLeaves: boolean
  /** The root of the merkle tree over these (BEP 52), so many leaves wide: a power of two. */
  readonly treeLeaves?: number
  /**
   * What the next SHA-1 of the stream is made of, three numbers for each step: an offset in `bytes`, or -1 for zeroes; a
   * length; 1 where a message ends, else 0. A message may go on in the next call.
   */
  readonly sha1: readonly number[]
}

export interface HashLaneDigests {
  /** 32 bytes each. Empty where none were wanted. */
  readonly leaves: Uint8Array
  /** 32 bytes. */
  readonly root?: Uint8Array
  /** 20 bytes for each message that has ended. */
  readonly sha1: Uint8Array
}

export interface HashLane {
  /**
   * One job for each stream, the second may be missing. `undefined` of a file that could not be read, or has another
   * length: its stream is as it was before. Rejects NATIVE_INVALID_ARGUMENT, and then is of no use any more.
   */
  hash(jobs: readonly HashLaneJob[]): Promise<readonly (HashLaneDigests | undefined)[]>
  /** When the last call has settled: gives back the memory that files were read into. */
  close(): void
}
