import type { AbortOptions, ReadOptions } from './abort-options.js'
import type { ByteRange } from './byte-range.js'
import type { FenceOptions } from './fence.js'
import type { ManifestStore } from './manifest-store.js'
import type { TorrentId } from './torrent-layout.js'

/** The BEP 52 merkle root of a chunk's bytes as 64 hex digits: a chunk's name is the proof of its bytes. */
export type ChunkKey = string & { readonly __chunkKey: never }

export interface GetOptions extends ReadOptions {
  readonly range?: ByteRange
}

/** Immutable bytes by key. Implementations pass `chunkStoreCompliance`. After close every call rejects STORAGE_CLOSED. */
export interface ChunkStore extends AsyncDisposable {
  readonly name: string
  /** All or nothing becomes visible. Keeps its own copy: the caller may reuse `bytes` once it settled. */
  put(key: ChunkKey, bytes: Uint8Array, options?: AbortOptions): Promise<void>
  /**
   * `undefined` means no such chunk and nothing else. A range beyond the end is a RangeError, never a short answer.
   * `into` is for a range; without one it is not used.
   */
  get(key: ChunkKey, options?: GetOptions): Promise<Uint8Array | undefined>
  /** Rejects when it cannot know. */
  has(key: ChunkKey, options?: AbortOptions): Promise<boolean>
  /** An absent chunk is fine. */
  delete(key: ChunkKey, options?: AbortOptions): Promise<void>
  /** In no particular order; `prefix` is the start of the key. */
  list(prefix: string, options?: AbortOptions): AsyncIterable<ChunkKey>
  close(): Promise<void>
}

/** A chunk that is only partly there: named by its place, as its key is not known yet. */
export interface StagedChunk {
  readonly torrentId: TorrentId
  readonly fileIndex: number
  readonly chunk: number
  /** Of the writer whose bytes these are: another one's of the same place are not touched. */
  readonly fence?: number
}

export interface StagingWriteOptions extends AbortOptions {
  /** How many bytes the chunk will have when it is whole, for stores that keep room for it. */
  readonly wholeBytes?: number
}

/**
 * Chunks being filled. A staged chunk lies where the sealed one will live: sealing gives it its final
 * name and copies nothing. Survives the death of the process.
 *
 * What writers with different fences stage is apart, so that an older one that goes on late can do no harm to the
 * newer one, which takes over what is there.
 */
export interface StagingArea {
  /** Positional; may leave holes, which read as zeroes or as not there. `bytes` is lent until it settles. */
  write(chunk: StagedChunk, offset: number, bytes: Uint8Array, options?: StagingWriteOptions): Promise<void>
  /**
   * Exactly `range.length` bytes, or `undefined` when the staged chunk is absent or ends before that. Who names no
   * fence, and has nothing staged there, reads what the newest writer has.
   */
  read(chunk: StagedChunk, range: ByteRange, options?: ReadOptions): Promise<Uint8Array | undefined>
  /**
   * The staged chunk becomes the chunk `key`. Where `key` is stored already the staged one goes away.
   * Neither staged nor stored: rejects STORAGE_CHUNK_MISSING. Doing it again is fine.
   */
  seal(chunk: StagedChunk, key: ChunkKey): Promise<void>
  discard(chunk: StagedChunk): Promise<void>
  /** Every staged chunk of one torrent, of all writers: bounded by what is being filled, never by the size of the store. */
  list(torrentId: TorrentId): AsyncIterable<StagedChunk>
  /**
   * What writers with a lower fence or without one have staged of the torrent becomes the caller's; without a fence,
   * what any writer has. Of several for one place the newest counts. Nothing that they still do changes it, and what
   * was flushed of it is flushed. A death in between loses nothing: doing it again goes on. Settles when nothing of
   * theirs is left; what they stage afterwards is taken, or thrown away, by the next one.
   */
  takeOver(torrentId: TorrentId, options?: FenceOptions & AbortOptions): Promise<void>
  /** With a fence nothing of newer writers. */
  discardAll(torrentId: TorrentId, options?: FenceOptions): Promise<void>
  /** The torrents that have staged chunks, and perhaps some that have none any more. */
  listTorrents(): AsyncIterable<TorrentId>
}

/** Where the bytes of a sealed chunk are: here, in the store behind this one, both, or neither. */
export interface ChunkPlaces {
  readonly local: boolean
  readonly remote: boolean
}

export interface FlushOptions extends AbortOptions {
  /** These too, whoever wrote them: another process may have. Those that are not there are passed over. */
  readonly chunks?: readonly ChunkKey[]
}

export interface LeftoverOptions extends AbortOptions {
  /** Only what was last changed before: as of `Date.now()`. */
  readonly beforeMs: number
  /** Removes them on the way. */
  readonly remove: boolean
}

/** A chunk store that chunks can grow in. */
export interface StagingChunkStore extends ChunkStore {
  readonly staging: StagingArea
  readonly manifests: ManifestStore
  /** Settles when all that was written, sealed and put before survives a power cut. What it rejects with may be tried again. */
  flush(options?: FlushOptions): Promise<void>
  /** What calls that never ended have left and no other call will find: by names that only the store knows. */
  leftovers(options: LeftoverOptions): AsyncIterable<string>
  /** Where a sealed chunk is, as far as can be told without reading it: its bytes may be damaged. Rejects when it cannot know. */
  places(key: ChunkKey, options?: AbortOptions): Promise<ChunkPlaces>
  /**
   * Replaces a damaged or missing local copy by the remote one, after that was proven by its key. False, with
   * nothing changed, where there is no sound other copy. Rejects where that cannot be told now.
   */
  heal(key: ChunkKey, options?: AbortOptions): Promise<boolean>
  /**
   * How many more bytes there is room for now; `undefined` where nobody can tell. What is kept for the chunks
   * that `torrentId` is filling is free for that torrent.
   */
  freeBytes(torrentId?: TorrentId): Promise<number | undefined>
  /** As `get`, of a store that proves what it gives: this once without, for whoever proves the bytes anyway. */
  getUnchecked?(key: ChunkKey, options?: AbortOptions): Promise<Uint8Array | undefined>
  /**
   * Lends the files that sealed chunks are in until `use` has settled: to whoever reads and proves a few of them anyway,
   * faster than `get` gives them. Whether there is such a file shows when it is read. Only of a store that keeps each
   * chunk as a file of its own.
   */
  lendFiles?<T>(use: (pathOf: (key: ChunkKey) => string) => Promise<T>, options?: AbortOptions): Promise<T>
  /** These chunks will be read next, in this order. A hint for stores that can bring them nearer. */
  willRead?(keys: readonly ChunkKey[]): void
}
