/**
 * A torrent in this library: a UUID v7 made by whoever adds it, before any metadata is known.
 * It never changes; info hashes are attributes of the torrent, not its identity.
 */
export type TorrentId = string & { readonly __torrentId: never }

export interface FileLayout {
  /** Position in the torrent's own file list, padding included. */
  readonly index: number
  /** Components below the torrent's top folder, as the torrent names them: not yet safe as a path. */
  readonly path: readonly string[]
  /** Where the file begins in the torrent's byte space. */
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly kind: 'file' | 'padding' | 'symlink'
  readonly executable: boolean
  /** The root of the file's merkle tree (BEP 52), 64 hex digits: where the torrent is v2 or hybrid and the file is not empty. */
  readonly piecesRoot?: string
  /** The components as the torrent has them, where one is not UTF-8. */
  readonly pathBytes?: readonly Uint8Array[]
  /** Of a symlink: components below the torrent's top folder of what it points to. Its own path where that is not in the torrent. */
  readonly symlinkTarget?: readonly string[]
}

/** Where every byte of a torrent belongs. Pure data: survives structured clone and JSON (without `pathBytes`). */
export interface TorrentLayout {
  /** 40 hex digits, lower case. */
  readonly infoHashV1?: string
  /** 64 hex digits, lower case. */
  readonly infoHashV2?: string
  readonly name: string
  /** True for a torrent of exactly one file that has no folder around it: its path is `[name]`. */
  readonly singleFile: boolean
  readonly pieceLengthBytes: number
  /** Padding included: the length of the torrent's byte space. */
  readonly totalLengthBytes: number
  readonly files: readonly FileLayout[]
}

/** What proves the bytes, and what lets another client have the torrent again. */
export interface TorrentMetadata {
  /** The bencoded `info` dictionary, byte for byte as it was hashed. */
  readonly infoSection: Uint8Array
  /** 20 bytes a piece, for v1 and hybrid torrents. */
  readonly pieceHashesV1?: Uint8Array
  /**
   * 32 bytes a piece, for v2 and hybrid torrents: the merkle root of the file's bytes in it, from the piece layer, or
   * the root of a file that has no more than this piece. Zeroes where it is not known: a magnet link brings no layers.
   */
  readonly pieceHashesV2?: Uint8Array
}

export function pieceCount(layout: TorrentLayout): number {
  return Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes)
}

/** Length of one piece; the last one may be shorter. RangeError outside the torrent. */
export function pieceLengthBytes(layout: TorrentLayout, piece: number): number {
  if (!Number.isInteger(piece) || piece < 0 || piece >= pieceCount(layout)) {
    throw new RangeError(`piece ${piece} is outside a torrent of ${pieceCount(layout)} pieces`)
  }
  const start = piece * layout.pieceLengthBytes
  return Math.min(layout.pieceLengthBytes, layout.totalLengthBytes - start)
}
