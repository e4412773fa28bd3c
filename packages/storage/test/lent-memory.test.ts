import { describe, expect, it } from 'vitest'
import { CacheManager } from '../src/cache/cache-manager.js'
import { CheckedChunkStore } from '../src/checked-chunk-store.js'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { StagingChunkStore } from '../src/chunk-store.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { layoutOf } from '../src/compliance/layouts.js'
import type { Database } from '../src/database.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { createStorageFactory } from '../src/storage-factory.js'
import type { TorrentId } from '../src/torrent-layout.js'
import { temporaryDirectory } from './temporary-directory.js'

const block = 16_384
const chunkSizeBytes = 2 * block
const id = '0199c0de-0000-7000-8000-000000000001' as TorrentId

const stores: [string, (database: Database) => Promise<StagingChunkStore>][] = [
  ['memory', async () => new MemoryChunkStore()],
  ['a folder', async () => DirectoryChunkStore.open(await temporaryDirectory())],
  [
    'a cache on a folder',
    async (database) =>
      await CacheManager.open(
        { local: await DirectoryChunkStore.open(await temporaryDirectory()), database },
        { chunkSizeBytes },
      ),
  ],
  ['a store that checks', async () => new CheckedChunkStore(new MemoryChunkStore(), { checks: 'first' })],
]

describe.each(stores)('memory that is lent to read from %s', (_, openStore) => {
  const layout = layoutOf('lent', 4 * block, [5 * block, 3 * block])
  const bytes = patternBytes(3, layout.totalLengthBytes)

  async function openLibrary() {
    const database = new MemoryDatabase()
    const chunkStore = await openStore(database)
    const createStorage = createStorageFactory({ chunkStore, database }, { chunkSizeBytes })
    return { chunkStore, storage: await createStorage(id, layout, { infoSection: Uint8Array.of(1) }) }
  }

  it.each([
    ['a piece that is staged', false],
    ['a piece that is sealed', true],
  ])('is what is read into, from %s, in one chunk or over several', async (_what, isSealed) => {
    const { chunkStore, storage } = await openLibrary()
    await using _store = chunkStore
    await using _storage = storage
    for (const piece of [0, 1]) {
      await storage.writePiece(piece, 0, bytes.subarray(piece * 4 * block, (piece + 1) * 4 * block))
      if (isSealed) await storage.completePiece(piece)
    }
    for (const [piece, offset, length] of [
      [0, 0, 2 * block],
      [0, 7, 4 * block - 7],
      [1, 0, 4 * block],
    ] as const) {
      const into = new Uint8Array(length).fill(0xaa)
      expect(await storage.readPiece(piece, offset, length, { into })).toBe(into)
      const start = piece * 4 * block + offset
      expect(Buffer.compare(into, bytes.subarray(start, start + length))).toBe(0)
    }
  })

  it('is refused with another length than was asked for', async () => {
    const { chunkStore, storage } = await openLibrary()
    await using _store = chunkStore
    await using _storage = storage
    await storage.writePiece(0, 0, bytes.subarray(0, 4 * block))
    for (const length of [block - 1, block + 1]) {
      const into = new Uint8Array(length)
      await expect(storage.readPiece(0, 0, block, { into })).rejects.toThrow(RangeError)
      await expect(storage.readPiece(0, block, 2 * block, { into })).rejects.toThrow(RangeError)
    }
  })
})
