import { randomUUID } from 'node:crypto'
import { describe, it } from 'vitest'
import { CacheManager } from '../src/cache/cache-manager.js'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { StagingChunkStore } from '../src/chunk-store.js'
import { MapStorage } from '../src/compliance/map-storage.js'
import { storageCompliance } from '../src/compliance/storage.js'
import type { StorageSubject } from '../src/compliance/storage-subject.js'
import type { Database } from '../src/database.js'
import { MemoryDatabase } from '../src/memory-database.js'
import type { Storage } from '../src/storage.js'
import { createStorageFactory } from '../src/storage-factory.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import type { TorrentId } from '../src/torrent-layout.js'
import { fileDirectory } from './temporary-directory.js'

describe('MapStorage', () => {
  storageCompliance(
    { describe, it },
    {
      create: async (layout) => new MapStorage(layout),
      reopen: async (closed) => new MapStorage(closed.layout, (closed as MapStorage).contents),
    },
  )
})

/** One library for all clauses, made by the first of them. */
function baeStorages(
  openStore: (database: Database) => Promise<StagingChunkStore>,
  fenceOf: () => number | undefined = () => undefined,
): StorageSubject {
  const database: Database = new MemoryDatabase()
  const ids = new WeakMap<Storage, TorrentId>()
  let store: Promise<StagingChunkStore> | undefined
  const open = async (id: TorrentId, layout: Storage['layout']): Promise<Storage> => {
    store ??= openStore(database)
    // Chunks of four blocks: some of the pieces are smaller, some larger.
    const createStorage = createStorageFactory(
      { chunkStore: await store, database },
      { chunkSizeBytes: 65_536, fenceOf },
    )
    const storage = await createStorage(id, layout, { infoSection: Uint8Array.of(0x64, 0x65) })
    ids.set(storage, id)
    return storage
  }
  return {
    create: (layout) => open(randomUUID() as string as TorrentId, layout),
    reopen: (closed) => open(ids.get(closed) as TorrentId, closed.layout),
  }
}

describe('BaeStorage on MemoryChunkStore', () => {
  storageCompliance(
    { describe, it },
    baeStorages(async () => new MemoryChunkStore()),
  )
})

describe('BaeStorage on SlowChunkStore', () => {
  storageCompliance(
    { describe, it },
    baeStorages(async () => new SlowChunkStore(new MemoryChunkStore())),
  )
})

describe('BaeStorage on DirectoryChunkStore', () => {
  storageCompliance(
    { describe, it },
    baeStorages(async () => DirectoryChunkStore.open(await fileDirectory())),
  )
})

describe('BaeStorage whose owner is another one each time', () => {
  let fence = 0
  storageCompliance(
    { describe, it },
    baeStorages(
      async () => DirectoryChunkStore.open(await fileDirectory()),
      () => ++fence,
    ),
  )
})

describe('BaeStorage on a CacheManager', () => {
  const limits = { capacityBytes: 512 << 20, chunkSizeBytes: 65_536 }
  describe('alone', () => {
    const open = (database: Database): Promise<StagingChunkStore> =>
      CacheManager.open({ local: new MemoryChunkStore(), database }, limits)
    let fence = 0
    storageCompliance(
      { describe, it },
      baeStorages(open, () => ++fence),
    )
  })
  describe('with a remote store', () => {
    const open = (database: Database): Promise<StagingChunkStore> =>
      CacheManager.open({ local: new MemoryChunkStore(), remote: new MemoryChunkStore(), database }, limits)
    storageCompliance({ describe, it }, baeStorages(open))
  })
})
