import { randomUUID } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CacheManager } from '../src/cache/cache-manager.js'
import { CheckedChunkStore } from '../src/checked-chunk-store.js'
import { chunkKeyOf } from '../src/chunk-key.js'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { ChunkKey } from '../src/chunk-store.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { chunkStoreCompliance } from '../src/compliance/chunk-store.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { manifestStoreCompliance } from '../src/compliance/manifest-store.js'
import { stagingCompliance } from '../src/compliance/staging.js'
import { storageCompliance } from '../src/compliance/storage.js'
import { completedOf, fill } from '../src/compliance/storage-subject.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import type { Storage } from '../src/storage.js'
import { createStorageFactory } from '../src/storage-factory.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import type { TorrentId } from '../src/torrent-layout.js'
import { Library } from './library.js'
import { temporaryDirectory } from './temporary-directory.js'

const cacheOptions = { capacityBytes: 1 << 30, chunkSizeBytes: 8 << 20 }

for (const checks of ['first', 'always'] as const) {
  describe(`CheckedChunkStore that checks ${checks}`, () => {
    const create = async () => new CheckedChunkStore(new MemoryChunkStore(), { checks })
    const test = 'of puts of one key at the same time one wins whole'
    const skip = [{ test, reason: 'its winner is not what the key says, which is damage' }]
    chunkStoreCompliance({ describe, it }, { create, skip })
    stagingCompliance({ describe, it }, { create })
    manifestStoreCompliance({ describe, it }, { create })
  })
}

/** As an application has it: the cache below, its remote store too. */
describe('CheckedChunkStore on a CacheManager', () => {
  const create = async () => {
    const stores = { local: new MemoryChunkStore(), remote: new MemoryChunkStore() }
    const cache = await CacheManager.open({ ...stores, database: new MemoryDatabase() }, cacheOptions)
    return new CheckedChunkStore(cache, { checks: 'first' })
  }
  const test = 'of puts of one key at the same time one wins whole'
  const skip = [{ test, reason: 'its winner is not what the key says, which is damage' }]
  chunkStoreCompliance({ describe, it }, { create, skip })
  stagingCompliance({ describe, it }, { create })
  manifestStoreCompliance({ describe, it }, { create })
})

describe('BaeStorage on CheckedChunkStore', () => {
  const database = new MemoryDatabase()
  const chunkStore = new CheckedChunkStore(new MemoryChunkStore(), { checks: 'always' })
  const createStorage = createStorageFactory({ chunkStore, database }, { chunkSizeBytes: 65_536 })
  const ids = new WeakMap<Storage, TorrentId>()
  const open = async (id: TorrentId, layout: Storage['layout']): Promise<Storage> => {
    const storage = await createStorage(id, layout, { infoSection: Uint8Array.of(0x64, 0x65) })
    ids.set(storage, id)
    return storage
  }
  storageCompliance(
    { describe, it },
    {
      create: (layout) => open(randomUUID() as string as TorrentId, layout),
      reopen: (closed) => open(ids.get(closed) as TorrentId, closed.layout),
    },
  )
})

const bytes = patternBytes(7, 100_000)
const key = chunkKeyOf(bytes, 1 << 20)

async function flipByteOnDisk(directory: string, damaged: ChunkKey, at: number): Promise<void> {
  const path = join(directory, 'chunks', damaged.slice(0, 2), damaged)
  await using file = await open(path, 'r+')
  const { buffer } = await file.read(new Uint8Array(1), 0, 1, at)
  await file.write(Uint8Array.of((buffer[0] ?? 0) ^ 1), 0, 1, at)
}

async function openDirectory(directory: string, checks: 'first' | 'always') {
  return new CheckedChunkStore(await DirectoryChunkStore.open(directory), { checks })
}

describe('a byte that was flipped on the disk', () => {
  it('is never given out: every read of its chunk rejects STORAGE_CORRUPT with the chunk named', async () => {
    const directory = await temporaryDirectory()
    await using store = await openDirectory(directory, 'first')
    await store.put(key, bytes)
    await flipByteOnDisk(directory, key, 77_777)
    for (const range of [undefined, { offset: 0, length: 10 }, { offset: 77_777, length: 1 }]) {
      await expect(store.get(key, range && { range })).rejects.toMatchObject({
        code: 'STORAGE_CORRUPT',
        message: expect.stringContaining(key),
      })
    }
    expect(await store.has(key)).toBe(true)
    await store.put(key, bytes)
    expect(await store.get(key)).toEqual(bytes)
  })

  it('after the first read is seen where every read is checked', async () => {
    for (const checks of ['first', 'always'] as const) {
      const directory = await temporaryDirectory()
      await using store = await openDirectory(directory, checks)
      await store.put(key, bytes)
      expect(await store.get(key, { range: { offset: 5, length: 7 } })).toEqual(bytes.subarray(5, 12))
      await flipByteOnDisk(directory, key, 5)
      const again = store.get(key, { range: { offset: 5, length: 7 } })
      if (checks === 'always') await expect(again).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
      else expect((await again)?.[0]).toBe((bytes[5] ?? 0) ^ 1)
    }
  })

  it('takes its piece from the records when a torrent is read, and tells of it', async () => {
    const directory = await temporaryDirectory()
    await using store = await openDirectory(directory, 'first')
    const library = new Library(layoutOf('damaged', 16_384, [6 * 16_384]), { store })
    const storage = await library.open()
    await fill(storage, library.bytes)
    await flipByteOnDisk(directory, library.key(1), 3)
    const lost = new Promise<readonly number[]>((resolve) => storage.onPiecesLost(resolve))
    await expect(storage.readPiece(5, 0, 100)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
    // Piece 5 is proven by its own hash.
    expect(await lost).toEqual([4])
    expect(await completedOf(storage)).toEqual([0, 1, 2, 3, 5])
    expect(await storage.readPiece(5, 0, 16_384)).toEqual(library.piece(5))
    await library.complete(storage, 4)
    expect(await storage.readPiece(5, 0, 16_384)).toEqual(library.piece(5))
  })
})

describe('a scrub', () => {
  it('proves each chunk itself, not a second time here, and finds what is damaged', async () => {
    const directory = await temporaryDirectory()
    await using store = await openDirectory(directory, 'always')
    const library = new Library(layoutOf('scrubbed', 16_384, [6 * 16_384]), { store })
    await using storage = await library.open()
    await fill(storage, library.bytes)
    const key = library.key(1)
    await flipByteOnDisk(directory, key, 3)
    const asked: unknown[] = []
    store.get = async (...parameters) => void asked.push(parameters)
    const { damage } = await scrubTorrent(library)
    expect(damage).toMatchObject([{ chunk: key, pieces: [4] }])
    expect(asked).toEqual([])
  })
})

describe('a chunk that is being checked', () => {
  it('is read once for all who ask meanwhile, and each gets bytes of its own', async () => {
    const inner = new SlowChunkStore(new MemoryChunkStore())
    await using store = new CheckedChunkStore(inner, { checks: 'first' })
    await store.put(key, bytes)
    inner.hold('get')
    const reads = [0, 1, 2].map((offset) => store.get(key, { range: { offset, length: 3 } }))
    await inner.whenHeld('get')
    inner.release('get')
    const [first, ...others] = await Promise.all(reads)
    expect(first).toEqual(bytes.subarray(0, 3))
    first?.fill(0)
    expect(others).toEqual([bytes.subarray(1, 4), bytes.subarray(2, 5)])
  })

  it('is not waited for by one who gave up, and is there for the others', async () => {
    const inner = new SlowChunkStore(new MemoryChunkStore())
    await using store = new CheckedChunkStore(inner, { checks: 'first' })
    await store.put(key, bytes)
    inner.hold('get')
    const abort = new AbortController()
    const reason = new Error('changed my mind')
    const given = store.get(key, { signal: abort.signal })
    const other = store.get(key)
    await inner.whenHeld('get')
    abort.abort(reason)
    await expect(given).rejects.toBe(reason)
    inner.release('get')
    expect(await other).toEqual(bytes)
  })

  it('is checked again once it was forgotten for others', async () => {
    const inner = new MemoryChunkStore()
    await using store = new CheckedChunkStore(inner, { checks: 'first', maxRemembered: 1 })
    const other = patternBytes(8, 10)
    const otherKey = chunkKeyOf(other, 1 << 20)
    for (const [name, content] of [
      [key, bytes],
      [otherKey, other],
    ] as const) {
      await store.put(name, content)
      await store.get(name)
    }
    await inner.put(key, other)
    await inner.put(otherKey, bytes)
    await expect(store.get(key)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
    expect(await store.get(otherKey)).toEqual(bytes)
  })
})

describe('what a CheckedChunkStore does not check', () => {
  it('goes to the store below as it came', async () => {
    const asked: unknown[] = []
    class AskedChunkStore extends MemoryChunkStore {
      override async freeBytes(torrentId?: TorrentId): Promise<number> {
        asked.push(torrentId)
        return 7
      }

      willRead(keys: readonly ChunkKey[]): void {
        asked.push(keys)
      }
    }
    await using store = new CheckedChunkStore(new AskedChunkStore(), { checks: 'always' })
    const id = randomUUID() as string as TorrentId
    expect(await store.freeBytes(id)).toBe(7)
    store.willRead?.([key])
    expect(asked).toEqual([id, [key]])
    expect(new CheckedChunkStore(new MemoryChunkStore(), { checks: 'always' }).willRead).toBeUndefined()
  })
})
