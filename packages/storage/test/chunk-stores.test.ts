import { describe, it } from 'vitest'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { ChunkStore, StagingChunkStore } from '../src/chunk-store.js'
import { chunkStoreCompliance } from '../src/compliance/chunk-store.js'
import { manifestStoreCompliance } from '../src/compliance/manifest-store.js'
import { stagingCompliance } from '../src/compliance/staging.js'
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
