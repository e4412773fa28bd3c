import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileCalls } from '@bae/native'
import { type ChunkStore, DirectoryChunkStore } from '@bae/storage'
import { chunkStoreCompliance, fileCallsCompliance, stagingCompliance } from '@bae/storage/compliance'
import { afterAll, describe, it } from 'vitest'

// The calls that a library is written and read with keep what those of Node do, and a chunk store what it promises.
describe('createFileCalls of @bae/native', () => {
  const fileCalls = createFileCalls()
  const folders = new Map<ChunkStore, string>()

  async function open(folder: string): Promise<DirectoryChunkStore> {
    const store = await DirectoryChunkStore.open(folder, { fileCalls })
    folders.set(store, folder)
    return store
  }

  afterAll(async () => {
    for (const folder of folders.values()) await rm(folder, { recursive: true, force: true })
  })

  const create = async () => open(await mkdtemp(join(tmpdir(), 'bae-e2e-')))
  const reopen = (closed: ChunkStore) => open(folders.get(closed) ?? '')
  fileCallsCompliance({ describe, it }, fileCalls)
  chunkStoreCompliance({ describe, it }, { create, reopen })
  stagingCompliance({ describe, it }, { create, reopen })
})
