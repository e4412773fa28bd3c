import type { AbortOptions, ReadOptions } from './abort-options.js'
import type { TorrentId, TorrentLayout, TorrentMetadata } from './torrent-layout.js'

/** Digests of a piece: SHA-1 of all of it, and of each 16 KiB block the SHA-256 (BEP 52 leaves). */
export interface PieceHashes {
  readonly sha1?: Uint8Array
  readonly sha256Blocks?: readonly Uint8Array[]
}

export interface WriteOptions extends AbortOptions {
  /**
   * What a caller knows already: 32 bytes of SHA-256 for each 16 KiB of a file, counted from where it begins, and for
   * what is left at its end (BEP 52 leaves), of those that are wholly in the bytes, in order. None of padding.
   */
  readonly blockHashes?: Uint8Array
}

/**
 * The bytes of one torrent. Calls for different pieces may overlap; calls for one piece take effect
 * in the order they were made. Whoever writes one runs `storageCompliance` from
 * `@bae/storage/compliance` on it.
 */
export interface Storage extends AsyncDisposable {
  readonly layout: TorrentLayout
  /** True where `blockHashes` of whole pieces save the storage work. */
  readonly wantsBlockHashes?: boolean
  /**
   * Keeps bytes of one piece, not yet known to be right: nearly always the whole piece, a block-aligned
   * part of it when memory is short. `bytes` is lent: valid only until the promise settles. Writing again
   * replaces, and the piece is no longer completed. Rejects STORAGE_PIECE_LENGTH outside the piece,
   * STORAGE_NO_SPACE when full.
   */
  writePiece(piece: number, offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void>
  /**
   * Exactly `length` bytes, never fewer, which the caller must not modify. Serves any range that was
   * written, completed or not; padding reads as zeroes. Rejects STORAGE_PIECE_NOT_FOUND where a byte was
   * never written, STORAGE_UNAVAILABLE where it is ours but cannot be had now.
   */
  readPiece(piece: number, offset: number, length: number, options?: ReadOptions): Promise<Uint8Array>
  /** Digests of what is stored, where the store can make them better than its caller. Left out: the caller reads and hashes. */
  hashPiece?(
    piece: number,
    want: { sha1: boolean; sha256Blocks: boolean },
    options?: AbortOptions,
  ): Promise<PieceHashes>
  /** The hash matched: once this settles the piece survives a crash. Idempotent; rejects STORAGE_PIECE_NOT_FOUND. */
  completePiece(piece: number): Promise<void>
  /** The piece is no longer complete. Its bytes stay readable until overwritten or closed. An absent piece is fine. */
  clearPiece(piece: number): Promise<void>
  /** One bit a piece, most significant first (BEP 3 order), exactly ceil(pieces / 8) bytes, spare bits zero. */
  completedPieces(): Promise<Uint8Array>
  /** Calls `listener` with pieces that were complete and are lost. Returns the unsubscriber. */
  onPiecesLost(listener: (pieces: readonly number[]) => void): () => void
  /** Settles after all calls in flight. Afterwards every call rejects STORAGE_CLOSED. Idempotent. */
  close(): Promise<void>
  /** Closes, and deletes this torrent's bytes and records. Bytes that another torrent shares stay. */
  destroy(): Promise<void>
}

export interface OpenStorageOptions extends AbortOptions {
  /** Indices of the files that are to be fetched, as far as that is known now; all when left out. For who looks whether there is room. */
  readonly wantedFiles?: readonly number[]
}

/** Opens the storage of one torrent. `metadata` is for those who keep it; a plain byte store ignores it. */
export type StorageFactory = (
  torrentId: TorrentId,
  layout: TorrentLayout,
  metadata: TorrentMetadata,
  options?: OpenStorageOptions,
) => Promise<Storage>
