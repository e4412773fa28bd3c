import { describe, it } from 'vitest'
import { CacheManager } from '../src/cache/cache-manager.js'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { ChunkStore, StagingChunkStore } from '../src/chunk-store.js'
import { chunkStoreCompliance } from '../src/compliance/chunk-store.js'
import { manifestStoreCompliance } from '../src/compliance/manifest-store.js'
import { stagingCompliance } from '../src/compliance/staging.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { PowerCutChunkStore } from '../src/testing/power-cut-chunk-store.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import { temporaryDirectory } from './temporary-directory.js'

const directories = new WeakMap<ChunkStore, string>()

async function openDirectory(directory: string): Promise<StagingChunkStore> {
  const store = await DirectoryChunkStore.open(directory)
  directories.set(store, directory)
  return store
}

const stores: Record<string, () => Promise<StagingChunkStore>> = {
  MemoryChunkStore: async () => new MemoryChunkStore(),
  'FaultyChunkStore without a script': async () => new FaultyChunkStore(new MemoryChunkStore()),
  'PowerCutChunkStore with power': async () => new PowerCutChunkStore(),
  'SlowChunkStore that holds nothing': async () => new SlowChunkStore(new MemoryChunkStore()),
}

for (const [name, create] of Object.entries(stores)) {
  describe(name, () => {
    chunkStoreCompliance({ describe, it }, { create })
    stagingCompliance({ describe, it }, { create })
    manifestStoreCompliance({ describe, it }, { create })
  })
}

describe('DirectoryChunkStore', () => {
  const create = async (): Promise<StagingChunkStore> => openDirectory(await temporaryDirectory())
  const reopen = (closed: ChunkStore): Promise<StagingChunkStore> =>
    openDirectory(directories.get(closed) ?? '')
  chunkStoreCompliance({ describe, it }, { create, reopen })
  stagingCompliance({ describe, it }, { create, reopen })
  manifestStoreCompliance({ describe, it }, { create, reopen })
})

/** Stores of one name on one machine: what a cache finds again after a restart. */
interface CacheWorld {
  readonly local: string
  readonly remote: string | undefined
  database: MemoryDatabase
}

const worlds = new WeakMap<ChunkStore, CacheWorld>()

async function openCache(world: CacheWorld): Promise<StagingChunkStore> {
  const { database, remote } = world
  const local = await DirectoryChunkStore.open(world.local)
  const store = await CacheManager.open(
    { local, database, ...(remote === undefined ? {} : { remote: await DirectoryChunkStore.open(remote) }) },
    { capacityBytes: 1 << 30, chunkSizeBytes: 8 << 20 },
  )
  worlds.set(store, world)
  return store
}

async function reopenCache(closed: ChunkStore): Promise<StagingChunkStore> {
  const world = worlds.get(closed) as CacheWorld
  await world.database.close()
  world.database = MemoryDatabase.reopen(world.database)
  return await openCache(world)
}

describe('CacheManager on a DirectoryChunkStore alone', () => {
  const create = async (): Promise<StagingChunkStore> =>
    openCache({ local: await temporaryDirectory(), remote: undefined, database: new MemoryDatabase() })
  chunkStoreCompliance({ describe, it }, { create, reopen: reopenCache })
  stagingCompliance({ describe, it }, { create, reopen: reopenCache })
  manifestStoreCompliance({ describe, it }, { create, reopen: reopenCache })
})

describe('CacheManager before another DirectoryChunkStore', () => {
  const create = async (): Promise<StagingChunkStore> =>
    openCache({
      local: await temporaryDirectory(),
      remote: await temporaryDirectory(),
      database: new MemoryDatabase(),
    })
  chunkStoreCompliance({ describe, it }, { create, reopen: reopenCache })
  stagingCompliance({ describe, it }, { create, reopen: reopenCache })
  manifestStoreCompliance({ describe, it }, { create, reopen: reopenCache })
})

describe('CacheManager between stores that wait and fail', () => {
  const create = (): Promise<StagingChunkStore> =>
    CacheManager.open(
      {
        local: new SlowChunkStore(new MemoryChunkStore()),
        remote: new FaultyChunkStore(new SlowChunkStore(new MemoryChunkStore())),
        database: new MemoryDatabase(),
      },
      { capacityBytes: 1 << 30, chunkSizeBytes: 8 << 20 },
    )
  chunkStoreCompliance({ describe, it }, { create })
  stagingCompliance({ describe, it }, { create })
  manifestStoreCompliance({ describe, it }, { create })
})
