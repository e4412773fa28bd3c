import { leafBytes } from './chunk-key.js'
import { type ActualHashes, PieceHasher, type WantedHashes } from './piece-hasher.js'
import { blockBytes, type ChunkSpan, type PieceMapper } from './piece-mapper.js'
import type { TorrentLayout, TorrentMetadata } from './torrent-layout.js'

/** `'unproven'`: the torrent says nothing of this piece. */
export type PieceVerdict = 'right' | 'wrong' | 'unproven'

const sha1Bytes = 20

/** What a torrent says of its pieces: SHA-1 (v1), merkle roots (v2), or both, of which both must be right (hybrid). */
export class PieceProofs {
  readonly #mapper: PieceMapper
  readonly #layout: TorrentLayout
  readonly #metadata: TorrentMetadata

  constructor(mapper: PieceMapper, layout: TorrentLayout, metadata: TorrentMetadata) {
    this.#mapper = mapper
    this.#layout = layout
    this.#metadata = metadata
  }

  canProve(piece: number): boolean {
    const { sha1, root } = this.#expected(piece)
    return sha1 !== undefined || root !== undefined
  }

  /** The hashes that `judge` needs. */
  wanted(piece: number): WantedHashes {
    const { sha1, root } = this.#expected(piece)
    return { sha1: sha1 !== undefined, ...(root !== undefined && { treeBytes: this.#treeBytes(piece) }) }
  }

  judge(piece: number, actual: ActualHashes): PieceVerdict {
    const { sha1, root } = this.#expected(piece)
    if (sha1 === undefined && root === undefined) return 'unproven'
    return sha1 === actual.sha1 && root === actual.root ? 'right' : 'wrong'
  }

  /** Of a piece whose spans `readSpan` gives, one after the other. One that is `undefined` is not there: wrong. */
  async check(
    piece: number,
    readSpan: (span: ChunkSpan) => Promise<Uint8Array | undefined>,
  ): Promise<PieceVerdict> {
    const hasher = new PieceHasher(this.wanted(piece))
    for (const span of this.#mapper.chunksOfPiece(piece)) {
      const bytes = await readSpan(span)
      if (bytes === undefined) return 'wrong'
      hasher.add(span.pieceOffset, bytes)
    }
    return this.judge(piece, hasher.finish(this.#mapper.pieceLengthBytes(piece)))
  }

  #expected(piece: number): ActualHashes {
    const sha1 = digestAt(this.#metadata.pieceHashesV1, piece, sha1Bytes)
    const root = this.#treeBytes(piece) === 0 ? undefined : this.#rootOf(piece)
    return { ...(sha1 && { sha1: sha1.toString('hex') }), ...(root && { root: root.toString('hex') }) }
  }

  #rootOf(piece: number): Buffer | undefined {
    const root = digestAt(this.#metadata.pieceHashesV2, piece, leafBytes)
    return root?.some((byte) => byte !== 0) ? root : undefined
  }

  /** As wide as a piece, but for a file that has no more than one: as wide as its blocks. 0 where no tree is over the piece. */
  #treeBytes(piece: number): number {
    if (this.#metadata.pieceHashesV2 === undefined) return 0
    const [first] = this.#mapper.chunksOfPiece(piece, { offset: 0, length: 1 })
    const lengthBytes = first && this.#layout.files[first.fileIndex]?.lengthBytes
    if (lengthBytes === undefined) return 0
    if (lengthBytes > this.#layout.pieceLengthBytes) return this.#layout.pieceLengthBytes
    return blockBytes * 2 ** Math.ceil(Math.log2(Math.ceil(lengthBytes / blockBytes)))
  }
}

function digestAt(digests: Uint8Array | undefined, piece: number, length: number): Buffer | undefined {
  if (digests === undefined || (piece + 1) * length > digests.length) return undefined
  return Buffer.from(digests.subarray(piece * length, (piece + 1) * length))
}
