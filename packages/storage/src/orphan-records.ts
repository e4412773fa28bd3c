import type { ChunkKey } from './chunk-store.js'
import type { DeleteObjects } from './delete-objects.js'
import type { TorrentId } from './torrent-layout.js'

/** What is asked by whoever looks for things that nobody needs: part of the records of a library, and of `databaseCompliance`. */
export interface OrphanRecords {
  /** Chunks that nothing refers to, in the order of their keys: up to `limit` of those behind `after`. */
  unreferenced(after: ChunkKey | undefined, limit: number): Promise<readonly ChunkKey[]>
  /**
   * `deleteObjects`, which does not use this database, runs with exactly those of `keys` that have no record, while nobody can make one: a chunk
   * that is recorded meanwhile gets its object afterwards. Nothing runs where all have one. As `Database.forgetChunks`.
   */
  forgetUnknown(keys: readonly ChunkKey[], deleteObjects: DeleteObjects): Promise<void>
  /** Runs `work`, which does not use this database, where there is no such torrent, while nobody can save it. False, and nothing done, where there is. */
  whileAbsent(id: TorrentId, work: () => Promise<void>): Promise<boolean>
}
