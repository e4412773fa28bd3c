import { createHash, type Hash } from 'node:crypto'
import { chunkKeyFromLeaves, hashLeaves } from './chunk-key.js'

/** Which hashes of a piece are wanted. */
export interface WantedHashes {
  readonly sha1: boolean
  /** Bytes that the merkle tree over the piece is wide: a power of two of at least 16 KiB. Left out: no tree. */
  readonly treeBytes?: number
}

/** In hex. */
export interface ActualHashes {
  readonly sha1?: string
  readonly root?: string
}

/** Hashes one piece from its parts, in order. Between them is padding: zeroes to SHA-1, nothing to a merkle tree. */
export class PieceHasher {
  readonly #want: WantedHashes
  readonly #sha1: Hash | undefined
  readonly #leaves: Uint8Array[] = []
  #at = 0

  constructor(want: WantedHashes) {
    this.#want = want
    this.#sha1 = want.sha1 ? createHash('sha1') : undefined
  }

  /** `leaves`: the digests of the blocks of `bytes`, where the caller has them. */
  add(pieceOffset: number, bytes: Uint8Array, leaves?: Uint8Array): void {
    this.#sha1?.update(new Uint8Array(pieceOffset - this.#at)).update(bytes)
    this.#at = pieceOffset + bytes.length
    if (this.#want.treeBytes !== undefined) this.#leaves.push(leaves ?? hashLeaves(bytes))
  }

  finish(pieceLengthBytes: number): ActualHashes {
    const { treeBytes } = this.#want
    this.#sha1?.update(new Uint8Array(pieceLengthBytes - this.#at))
    return {
      ...(this.#sha1 && { sha1: this.#sha1.digest('hex') }),
      ...(treeBytes !== undefined && { root: chunkKeyFromLeaves(Buffer.concat(this.#leaves), treeBytes) }),
    }
  }
}
