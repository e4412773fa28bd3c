import { chunkKeyFromLeaves, hashLeaves, leafBytes } from './chunk-key.js'
import type { ChunkKey } from './chunk-store.js'
import type { StreamFile } from './hash-lane.js'
import { type ActualHashes, PieceHasher, type WantedHashes } from './piece-hasher.js'
import { blockBytes } from './piece-mapper.js'

/** Bytes of a job that belong to a piece. */
export interface PiecePart {
  readonly piece: number
  readonly pieceOffset: number
  /** Where in the bytes of the job. */
  readonly offset: number
  readonly length: number
  readonly want: WantedHashes
  /** Set in the last part of the piece. */
  readonly pieceLengthBytes?: number
}

/** A chunk, or a part of a staged one. Plain data: it crosses threads. */
export interface HashJob {
  /** `undefined`: not there, and so none of its pieces can be right. */
  readonly bytes: Uint8Array | undefined
  /** Set for a whole chunk: its key is wanted. */
  readonly chunkSizeBytes?: number
  readonly parts: readonly PiecePart[]
}

/** A whole chunk in a file of its own, of whose parts a lane has all leaves: `areOfLeaves`. */
export interface FileJob {
  readonly bytes: StreamFile
  readonly chunkSizeBytes: number
  readonly parts: readonly PiecePart[]
}

export interface HashAnswer {
  readonly key?: ChunkKey
  /** Of the pieces that ended. Without hashes: a part of it was not there. */
  readonly pieces: readonly { readonly piece: number; readonly actual?: ActualHashes }[]
}

/** Hashes chunks and the pieces in them, in the order of their bytes; each byte once to SHA-256. */
export class ScrubHasher {
  /** `undefined`: a part of the piece was not there. */
  readonly #pieces = new Map<number, PieceHasher | undefined>()

  hash({ bytes, chunkSizeBytes, parts }: HashJob): HashAnswer {
    const wholeLeaves = bytes && chunkSizeBytes !== undefined ? hashLeaves(bytes) : undefined
    const pieces: HashAnswer['pieces'][number][] = []
    for (const part of parts) {
      this.#add(part, bytes, wholeLeaves)
      if (part.pieceLengthBytes === undefined) continue
      const actual = this.#pieces.get(part.piece)?.finish(part.pieceLengthBytes)
      this.#pieces.delete(part.piece)
      pieces.push({ piece: part.piece, ...(actual && { actual }) })
    }
    const key = wholeLeaves && chunkSizeBytes !== undefined && chunkKeyFromLeaves(wholeLeaves, chunkSizeBytes)
    return { pieces, ...(key && { key }) }
  }

  #add(part: PiecePart, bytes: Uint8Array | undefined, wholeLeaves: Uint8Array | undefined): void {
    const { piece, pieceOffset, offset, length, want } = part
    if (!this.#pieces.has(piece)) this.#pieces.set(piece, new PieceHasher(want))
    if (bytes === undefined) this.#pieces.set(piece, undefined)
    else
      this.#pieces
        .get(piece)
        ?.add(pieceOffset, bytes.subarray(offset, offset + length), leavesOf(part, bytes, wholeLeaves))
  }
}

/** Digests of the part's blocks among those of its job; `undefined` where its blocks are not leaves of that. */
function leavesOf(
  part: PiecePart,
  bytes: Uint8Array,
  wholeLeaves: Uint8Array | undefined,
): Uint8Array | undefined {
  if (part.want.treeBytes === undefined || wholeLeaves === undefined) return undefined
  return isOfLeaves(part, bytes.length) ? leavesUnder(part, wholeLeaves) : undefined
}

export function isOfLeaves({ offset, length }: PiecePart, jobBytes: number): boolean {
  const end = offset + length
  return offset % blockBytes === 0 && (end % blockBytes === 0 || end === jobBytes)
}

/** Whether the leaves of the trees that are wanted are among those of the job. */
export function areOfLeaves(parts: readonly PiecePart[], jobBytes: number): boolean {
  return parts.every((part) => part.want.treeBytes === undefined || isOfLeaves(part, jobBytes))
}

export function leavesUnder({ offset, length }: PiecePart, wholeLeaves: Uint8Array): Uint8Array {
  const end = Math.ceil((offset + length) / blockBytes)
  return wholeLeaves.subarray((offset / blockBytes) * leafBytes, end * leafBytes)
}
