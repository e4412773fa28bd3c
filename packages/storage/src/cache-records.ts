import type { ChunkKey } from './chunk-store.js'
import type { TorrentId } from './torrent-layout.js'

/** Why chunks are to stay in the local store: a torrent that is being downloaded or seeded, or a user's wish. */
export type PinReason = 'download' | 'seed' | 'user'

/** A single chunk, or all chunks of a torrent: those it has now and those that are sealed later. */
export type PinTarget = { readonly key: ChunkKey } | { readonly torrentId: TorrentId }

export interface CacheUsage {
  /** Bytes of chunks that count as local: never less than the local store has. */
  readonly localBytes: number
  /** Bytes of chunks that only the remote store has. */
  readonly awayBytes: number
}

/** What was evicted. */
export interface Eviction {
  readonly keys: readonly ChunkKey[]
  readonly bytes: number
}

/** A chunk that waits for its upload, and the version of its record: what is found out of it holds for that only. */
export interface WaitingChunk {
  readonly key: ChunkKey
  readonly version: string
}

/** Only its holder brings bytes into the local store of a library with a capacity. */
export interface CapacityClaim {
  /** Aborts when somebody else may have the claim. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** A later use of a chunk within so long may leave its mark as it is. */
export const recencyMs = 60_000

/**
 * Where chunks are: part of the records of a library, and of `databaseCompliance`. A chunk that is recorded
 * counts as local, and as not yet remote: it has come with its bytes. A chunk counts as local before its
 * bytes come and until they are gone, and as remote only after they came: so a crash between a change of
 * bytes and its record leaves a count that is too high, never one that is too low.
 */
export interface CacheRecords {
  usage(): Promise<CacheUsage>
  /** This chunk is about to be put. Where there is no record of it one is made, without references. */
  addLocal(key: ChunkKey, lengthBytes: number): Promise<void>
  /**
   * A remote chunk is about to be put into the local store too: whoever found it missing there must not say so any
   * more. False, and nothing done, where it has no record.
   */
  markBack(key: ChunkKey, atMs: number): Promise<boolean>
  /** They are in the remote store. Answers those whose records are of that version still; the others are passed over. */
  markRemote(chunks: readonly WaitingChunk[], atMs: number): Promise<readonly ChunkKey[]>
  /** They are in the remote store and not in the local one. Those whose records have changed are passed over. */
  markAway(chunks: readonly WaitingChunk[]): Promise<void>
  /** They turned out not to be in the remote store: they count as local ones that wait for their upload. */
  forgetRemote(keys: readonly ChunkKey[]): Promise<void>
  /** Up to `limit` chunks that something refers to and that are not marked as remote, without those of `except`. */
  notRemote(limit: number, except: readonly ChunkKey[]): Promise<readonly WaitingChunk[]>
  /**
   * Of the chunks that are local and remote and have no pin, the least recently used, until they are
   * `wantedBytes` or no more are left. `deleteObjects` runs with exactly these while their rows are locked;
   * afterwards they are away. May answer less than there is: it is done when it answers none.
   */
  evict(wantedBytes: number, deleteObjects: (keys: readonly ChunkKey[]) => Promise<void>): Promise<Eviction>
  /** They were used at `atMs`: see `recencyMs`. Counts for chunks that are marked as remote. */
  touch(keys: readonly ChunkKey[], atMs: number): Promise<void>
  /** One more pin. False, and nothing done, where the chunk or the torrent has no record. Pins go with their target. */
  pin(target: PinTarget, reason: PinReason): Promise<boolean>
  /** Takes one pin away. False where there was none. */
  unpin(target: PinTarget, reason: PinReason): Promise<boolean>
  pinCount(target: PinTarget, reason: PinReason): Promise<number>
  /** Of all processes one at a time has the claim; it ends with its process. `undefined`: another one has it. */
  claimCapacity(): Promise<CapacityClaim | undefined>
}
