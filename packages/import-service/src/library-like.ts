import type {
  AbortOptions,
  ByteRange,
  Garbage,
  GarbageOptions,
  NotRebuilt,
  PinReason,
  RebuildOptions,
  RebuiltTorrent,
  TorrentId,
  TorrentLayout,
} from '@bae/storage'

/** What the library holds of one torrent. */
export interface LibraryTorrent {
  readonly id: TorrentId
  readonly layout: TorrentLayout
  /** One bit a piece, most significant first, exactly ceil(pieces / 8) bytes. */
  readonly completedPieces: Uint8Array
}

/** Wrong bytes in one file. */
export interface Damage {
  readonly fileIndex: number
  /** Complete pieces that are wrong because of it. */
  readonly pieces: readonly number[]
  /** The key of the chunk that is wrong or gone, where the library can tell. */
  readonly chunk?: string
  /** Where the chunk is: in the library, in the store behind it, both, or neither. */
  readonly places: { readonly local: boolean; readonly remote: boolean }
}

export interface VerifyReport {
  /** Pieces that were read and hashed: those that are completed. */
  readonly checkedPieces: number
  readonly damage: readonly Damage[]
  /** Set where something was wrong and a repair was asked for. */
  readonly repair?: { readonly healedChunks: number; readonly lostPieces: readonly number[] }
}

export interface VerifyOptions extends AbortOptions {
  readonly onProgress?: (progress: { readonly checkedPieces: number; readonly totalPieces: number }) => void
  /** Heals what can be had from another copy; what cannot is no longer recorded, and fetched by the next import. */
  readonly repair?: boolean
  /** Repair through a storage that this process has open, or reject IMPORT_BUSY: another one must not be opened. */
  readonly onlyIfOpen?: boolean
}

/**
 * What the service needs of the storage side beside what the client writes to: reading, checking and
 * deleting torrents of a library, without a session. Absence is `undefined`; failures reject.
 */
export interface LibraryLike {
  findTorrent(id: TorrentId): Promise<LibraryTorrent | undefined>
  /** Those of them that are there. For lists: reads what many need together. */
  findTorrents(ids: readonly TorrentId[]): Promise<readonly LibraryTorrent[]>
  /** The bytes of one file in order. Rejects STORAGE_PIECE_NOT_FOUND where a piece of it is not there yet. */
  readFile(
    id: TorrentId,
    fileIndex: number,
    options?: AbortOptions & { readonly range?: ByteRange },
  ): AsyncIterable<Uint8Array>
  /**
   * Reads every completed piece and compares its hash. Who repairs has claimed the torrent.
   */
  verify(id: TorrentId, options?: VerifyOptions): Promise<VerifyReport>
  /** All torrents were verified since the library was opened, and nothing is wrong any more: reads need no checks. */
  noteAllSound(): Promise<void>
  /** All of the torrent that is or comes into the local store stays there; again changes nothing. False: there is no such torrent. */
  pin(id: TorrentId, reason: PinReason): Promise<boolean>
  /** Nothing stays for this reason any more. False: nothing did. */
  unpin(id: TorrentId, reason: PinReason): Promise<boolean>
  /** Deletes the torrent's records, staged bytes and the chunks that no other torrent shares. An absent torrent is fine. */
  removeTorrent(id: TorrentId): Promise<void>
  /** Does what makes room; where a full disk keeps even that from being recorded, once more with what is kept free for it. */
  makingRoom<T>(job: () => Promise<T>): Promise<T>
  /** Makes the records of torrents anew from what the store has. Rejects STORAGE_DATABASE_NOT_EMPTY. */
  rebuild(options?: RebuildOptions): AsyncIterable<RebuiltTorrent | NotRebuilt>
  /** Deletes what crashes have left, and tells each thing. Rejects STORAGE_REBUILD_NEEDED. */
  collectGarbage(options?: GarbageOptions): AsyncIterable<Garbage>
  /** Idempotent. */
  close(): Promise<void>
}
