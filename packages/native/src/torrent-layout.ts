/**
 * Native's own words for a torrent's shape. Structurally the same as those of @bae/storage, which this
 * package must not know; a type test in @bae/client proves that they agree.
 */
export interface FileLayout {
  /** Position in the torrent's own file list, padding included. */
  readonly index: number
  /** Components below the torrent's top folder, as the torrent names them: not yet safe as a path. */
  readonly path: readonly string[]
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly kind: 'file' | 'padding' | 'symlink'
  readonly executable: boolean
  readonly piecesRoot?: string
  readonly pathBytes?: readonly Uint8Array[]
  /** Of a symlink: components below the torrent's top folder of what it points to. Its own path where that is not in the torrent. */
  readonly symlinkTarget?: readonly string[]
}

export interface TorrentLayout {
  /** 40 hex digits, lower case. */
  readonly infoHashV1?: string
  /** 64 hex digits, lower case. */
  readonly infoHashV2?: string
  readonly name: string
  /** True for a torrent of exactly one file that has no folder around it: its path is `[name]`. */
  readonly singleFile: boolean
  readonly pieceLengthBytes: number
  readonly totalLengthBytes: number
  readonly files: readonly FileLayout[]
}

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

export interface PieceHashes {
  readonly sha1?: Uint8Array
  readonly sha256Blocks?: readonly Uint8Array[]
}
