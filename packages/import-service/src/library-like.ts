import type { AbortOptions, ByteRange, TorrentId, TorrentLayout } from '@bae/storage'

/** What the library holds of one torrent. */
export interface LibraryTorrent {
  readonly id: TorrentId
  readonly layout: TorrentLayout
  /** One bit a piece, most significant first, exactly ceil(pieces / 8) bytes. */
  readonly completedPieces: Uint8Array
}

export interface DamagedPiece {
  readonly piece: number
  /** The files that the damage is in: the torrent's own paths, joined by '/'. */
  readonly files: readonly string[]
  /** The key of the chunk that is wrong or gone, where the library can tell. */
  readonly chunk?: string
}

export interface VerifyReport {
  /** Pieces that were read and hashed: those that are completed. */
  readonly checkedPieces: number
  /** A piece is named once for each chunk of it that is wrong. */
  readonly damaged: readonly DamagedPiece[]
}

export interface VerifyOptions extends AbortOptions {
  readonly onProgress?: (progress: { readonly checkedPieces: number; readonly totalPieces: number }) => void
}

/**
 * What the service needs of the storage side beside what the client writes to: reading, checking and
 * deleting torrents of a library, without a session. Absence is `undefined`; failures reject.
 */
export interface LibraryLike {
  findTorrent(id: TorrentId): Promise<LibraryTorrent | undefined>
  /** The bytes of one file in order. Rejects STORAGE_PIECE_NOT_FOUND where a piece of it is not there yet. */
  readFile(
    id: TorrentId,
    fileIndex: number,
    options?: AbortOptions & { readonly range?: ByteRange },
  ): AsyncIterable<Uint8Array>
  /** Reads every completed piece and compares its hash. */
  verify(id: TorrentId, options?: VerifyOptions): Promise<VerifyReport>
  /** Deletes the torrent's records, staged bytes and the chunks that no other torrent shares. An absent torrent is fine. */
  removeTorrent(id: TorrentId): Promise<void>
  /** Idempotent. */
  close(): Promise<void>
}
