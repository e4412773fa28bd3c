import { BaeStorage } from './bae-storage.js'
import type { StagingChunkStore } from './chunk-store.js'
import type { Database, TorrentRecord } from './database.js'
import { type Logger, silentLogger } from './logger.js'
import { PieceMapper } from './piece-mapper.js'
import type { StorageFactory } from './storage.js'

export interface StorageFactoryDeps {
  readonly chunkStore: StagingChunkStore
  readonly database: Database
  readonly logger?: Logger
}

export interface StorageFactoryOptions {
  /** For torrents that are new: a power of two of at least 16 KiB. */
  readonly chunkSizeBytes?: number
}

export const defaultStorageFactoryOptions = { chunkSizeBytes: 1 << 20 } as const

/**
 * Opens torrents of one library. A new torrent is saved before anything of it is stored; a known one keeps
 * the layout and the chunk size it was added with. Store and database are lent.
 */
export function createStorageFactory(
  { chunkStore, database, logger = silentLogger }: StorageFactoryDeps,
  options: StorageFactoryOptions = {},
): StorageFactory {
  const { chunkSizeBytes } = { ...defaultStorageFactoryOptions, ...options }
  return async (torrentId, layout, metadata, { signal } = {}) => {
    signal?.throwIfAborted()
    const abort = signal === undefined ? {} : { signal }
    const known = await database.findTorrent(torrentId)
    if (known !== undefined)
      return await BaeStorage.open({ record: known, chunkStore, database, logger }, abort)
    const record: TorrentRecord = { id: torrentId, layout, metadata, chunkSizeBytes, addedAtMs: Date.now() }
    // A layout that makes no sense is refused before it is saved.
    new PieceMapper(layout, { chunkSizeBytes })
    await database.saveTorrent(record)
    return await BaeStorage.open({ record, chunkStore, database, logger }, abort)
  }
}
