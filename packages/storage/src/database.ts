import type { CacheRecords } from './cache-records.js'
import type { ChunkKey } from './chunk-store.js'
import type { DeleteObjects } from './delete-objects.js'
import type { FenceOptions } from './fence.js'
import type { FileRecords } from './file-records.js'
import type { OrphanRecords } from './orphan-records.js'
import type { TorrentId, TorrentLayout, TorrentMetadata } from './torrent-layout.js'

/** All that is kept of a torrent beside its bytes. */
export interface TorrentRecord {
  readonly id: TorrentId
  readonly layout: TorrentLayout
  readonly metadata: TorrentMetadata
  /** Fixed when the torrent is added; a power of two of at least 16 KiB. */
  readonly chunkSizeBytes: number
  readonly addedAtMs: number
}

/**
 * A chunk by its place: `ordinal` counts the chunks of a torrent in file order, so that the keys of a
 * whole torrent are one packed sequence (see PieceMapper.chunkOrdinal).
 */
export interface SealedChunk {
  readonly ordinal: number
  readonly key: ChunkKey
  readonly lengthBytes: number
}

/** What lists show of a torrent: all but its metadata, which is as large as its piece hashes. */
export interface TorrentOverview {
  readonly id: TorrentId
  readonly layout: TorrentLayout
  /** As `completedPieces` answers them. */
  readonly completedPieces: Uint8Array
}

/** What became true together: pieces that are complete, chunks whose keys are known. */
export interface Progress {
  readonly completedPieces: readonly number[]
  readonly sealedChunks: readonly SealedChunk[]
  /** The bytes of these pieces survive a power cut already: see `markFlushed`. */
  readonly flushed?: boolean
}

/** Which complete pieces a power cut may have spoilt. */
export interface FlushState {
  /** Complete and not marked as flushed; BEP 3 order, exactly ceil(pieces / 8) bytes. */
  readonly unflushedPieces: Uint8Array
  /** The boot of the machine in which they were recorded, as `saveBootId` was told. */
  readonly bootId: string | undefined
}

/**
 * The records of a library: sets, never a row a piece. Passes `databaseCompliance`. Failures reject
 * STORAGE_DATABASE with the cause; absence is `undefined` or empty. A server that is away is waited for, then
 * it is STORAGE_DATABASE_UNAVAILABLE: a change may have been made all the same, and may be asked for again.
 *
 * A change with a fence is refused as a whole, with STORAGE_FENCED, where `raiseFence` has seen a higher one.
 */
export interface Database extends AsyncDisposable {
  readonly cache: CacheRecords
  readonly orphans: OrphanRecords
  readonly files: FileRecords
  /** Saves a new torrent. The same record again is fine; another id with one of its info hashes rejects STORAGE_DUPLICATE_TORRENT. */
  saveTorrent(record: TorrentRecord): Promise<void>
  findTorrent(id: TorrentId): Promise<TorrentRecord | undefined>
  /** By v1 (40 hex digits) or v2 (64 hex digits) info hash. */
  findTorrentByInfoHash(infoHash: string): Promise<TorrentRecord | undefined>
  /** Oldest first. */
  listTorrents(): Promise<readonly TorrentId[]>
  /** Of those that are there, in the order of `ids`. For lists: many cost hardly more statements than one. */
  overviewTorrents(ids: readonly TorrentId[]): Promise<readonly TorrentOverview[]>
  /** Forgets the torrent and its references. Returns the chunks that nothing refers to any more: for `forgetChunks`. */
  deleteTorrent(id: TorrentId, options?: FenceOptions): Promise<readonly ChunkKey[]>

  /**
   * From now on who writes to the torrent with a lower fence is refused; the same one again is fine. Rejects
   * STORAGE_FENCED where there was a higher one. The highest goes with the torrent; without one nothing is done.
   */
  raiseFence(id: TorrentId, fence: number): Promise<void>

  /** All of it in one transaction. Repeating it changes nothing. A chunk row is made, or gains a reference, where the ordinal had no key before. */
  recordProgress(id: TorrentId, progress: Progress, options?: FenceOptions): Promise<void>
  /** BEP 3 order, exactly ceil(pieces / 8) bytes, spare bits zero. */
  completedPieces(id: TorrentId): Promise<Uint8Array>
  /** These pieces are no longer complete; the chunks `ordinals` have no key any more and lose a reference. Returns the keys left without one. */
  clearProgress(
    id: TorrentId,
    lost: { pieces: readonly number[]; ordinals: readonly number[] },
    options?: FenceOptions,
  ): Promise<readonly ChunkKey[]>
  /** The bytes of these pieces survive a power cut. Those that are not complete (any more) are passed over. */
  markFlushed(id: TorrentId, pieces: readonly number[], options?: FenceOptions): Promise<void>
  /** Nothing and no boot where the torrent is not there. */
  flushState(id: TorrentId): Promise<FlushState>
  /** What is recorded from now on is recorded in this boot of the machine. */
  saveBootId(id: TorrentId, bootId: string, options?: FenceOptions): Promise<void>
  /** Keys of the chunks [first, first + count), `undefined` where none is recorded. */
  chunkKeys(id: TorrentId, first: number, count: number): Promise<readonly (ChunkKey | undefined)[]>
  /** How long those of `keys` are that have a record. */
  chunkLengths(keys: readonly ChunkKey[]): Promise<ReadonlyMap<ChunkKey, number>>

  /**
   * Forgets those of `keys` that have no reference. `deleteObjects` runs with exactly these while nobody can
   * begin to refer to them, also where the connection to a server breaks meanwhile; if it rejects, they stay.
   * It has five seconds: who wants to refer to them waits, and may go on if this process dies.
   */
  forgetChunks(keys: readonly ChunkKey[], deleteObjects: DeleteObjects): Promise<void>

  /** Idempotent; later calls reject STORAGE_CLOSED. */
  close(): Promise<void>
}
