import { describe, expect, it } from 'vitest'
import type { BaeStorage } from '../src/bae-storage.js'
import { CacheManager } from '../src/cache/cache-manager.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { rejectsWithCode, sameBytes } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { createStorageFactory } from '../src/storage-factory.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import { block, CachedLibrary, chunkSizeBytes, chunksOf } from './cached-library.js'
import { hasSettled, type Library } from './library.js'

/** Adds a torrent as an application does, with the look for room. */
async function add(cached: CachedLibrary, store: CacheManager, torrent: Library): Promise<BaeStorage> {
  const create = createStorageFactory({ chunkStore: store, database: cached.database }, { chunkSizeBytes })
  return (await create(torrent.record.id, torrent.layout, torrent.record.metadata)) as BaeStorage
}

function pieces(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index)
}

/** Records what comes a little later than it would, as a server does. */
function recordLate({ database }: CachedLibrary): void {
  const { cache } = database
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3))
  const { markBack, addLocal } = cache
  cache.markBack = async (...args) => {
    await later()
    return await markBack.apply(cache, args)
  }
  cache.addLocal = async (...args) => {
    await later()
    await addLocal.apply(cache, args)
  }
}

/** Its answers to how much there is come when that is no longer so. */
function countLate({ database }: CachedLibrary): void {
  const { cache } = database
  const { usage } = cache
  cache.usage = async () => {
    const counted = await usage.apply(cache)
    await new Promise((resolve) => setTimeout(resolve, 10))
    return counted
  }
}

describe('a library of four chunks without a remote store', () => {
  it('refuses a torrent that is larger, with both figures, and fills with one that is not', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open({ remote: undefined })
    const [large, exact] = [cached.torrent(store, chunksOf(5)), cached.torrent(store, chunksOf(4))]
    const figures = `${5 * chunkSizeBytes} bytes more, and ${4 * chunkSizeBytes} are free`
    await expect(add(cached, store, large)).rejects.toMatchObject({
      code: 'STORAGE_NO_SPACE',
      message: expect.stringContaining(figures),
    })
    const storage = await add(cached, store, exact)
    for (const piece of [15, 3, 8, 0, 12, 7, 1, 2, 4, 5, 6, 9, 10, 11, 13, 14]) {
      await storage.writePiece(piece, 0, exact.piece(piece))
      await storage.completePiece(piece)
    }
    for (const piece of pieces(0, 16))
      sameBytes(await storage.readPiece(piece, 0, block), exact.piece(piece), '')
    expect([cached.local.usedBytes, cached.local.peakBytes]).toEqual([
      cached.capacityBytes,
      cached.capacityBytes,
    ])
    await expect(add(cached, store, cached.torrent(store, chunksOf(1)))).rejects.toMatchObject({
      message: expect.stringContaining(`${chunkSizeBytes} bytes more, and 0 are free`),
    })
    await storage.destroy()
    const next = cached.torrent(store, layoutOf('next', block, [4 * chunkSizeBytes]))
    await (await add(cached, store, next)).close()
  })

  it('takes up a torrent again that fills it to the last byte, staged chunks and all', async () => {
    const cached = new CachedLibrary()
    const first = await cached.open({ remote: undefined })
    const torrent = cached.torrent(first, chunksOf(4))
    const storage = await add(cached, first, torrent)
    for (const piece of [0, 1, 2, 3, 6, 9]) {
      await storage.writePiece(piece, 0, torrent.piece(piece))
      await storage.completePiece(piece)
    }
    await storage.close()
    await first.close()
    await cached.restart()
    await using second = await cached.open({ remote: undefined })
    await rejectsWithCode(
      'STORAGE_NO_SPACE',
      add(cached, second, cached.torrent(second, layoutOf('b', block, [1])))
        .then((opened) => opened.writePiece(0, 0, Uint8Array.of(1)))
        .then(() => add(cached, second, cached.torrent(second, chunksOf(4)))),
    )
    const again = await add(cached, second, torrent)
    await again.close()
  })

  it('never holds more, whoever writes without a look for room', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open({ remote: undefined, roomWaitMs: 60_000 })
    const torrent = cached.torrent(store, chunksOf(6))
    const storage = await torrent.open()
    await torrent.complete(storage, ...pieces(0, 16))
    await rejectsWithCode('STORAGE_NO_SPACE', torrent.write(storage, 16))
    await rejectsWithCode('STORAGE_NO_SPACE', store.put(torrent.key(5), torrent.chunk(5)))
    expect(cached.local.peakBytes).toBe(cached.capacityBytes)
  })

  it('may hold many small files, each of which is a chunk', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open({ remote: undefined })
    const torrent = cached.torrent(store, layoutOf('small', block, new Array(100).fill(1000)))
    const storage = await add(cached, store, torrent)
    await Promise.all(pieces(0, 7).map((piece) => storage.writePiece(piece, 0, torrent.piece(piece))))
    await Promise.all(pieces(0, 7).map((piece) => storage.completePiece(piece)))
    expect(cached.local.usedBytes).toBe(100_000)
  })

  it('is refused where four chunks do not fit', async () => {
    const deps = { local: new MemoryChunkStore(), database: new MemoryDatabase() }
    for (const capacityBytes of [4 * chunkSizeBytes - 1, 0, Number.NaN])
      await expect(CacheManager.open(deps, { capacityBytes, chunkSizeBytes })).rejects.toThrow(RangeError)
  })
})

describe('a cache of four chunks before a remote store', () => {
  it('takes in a torrent of ten, and gives every piece back', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open()
    const torrent = cached.torrent(store, chunksOf(10))
    const storage = await add(cached, store, torrent)
    for (const piece of pieces(0, 40)) {
      await torrent.write(storage, piece)
      await storage.completePiece(piece)
    }
    await storage.close()
    const reopened = await torrent.open()
    for (const piece of pieces(0, 40))
      sameBytes(await reopened.readPiece(piece, 0, block), torrent.piece(piece), `piece ${piece}`)
    await store.whenUploaded()
    expect(await cached.remoteKeys()).toEqual(
      pieces(0, 10)
        .map((ordinal) => torrent.key(ordinal))
        .sort(),
    )
    expect(cached.local.peakBytes).toBeLessThanOrEqual(cached.capacityBytes)
  })

  it('lets no chunk be begun once two are, until one of them is whole', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open({ roomWaitMs: 60_000 })
    const torrent = cached.torrent(store, chunksOf(4))
    const storage = await torrent.open()
    await torrent.complete(storage, 0, 4)
    await expect(torrent.write(storage, 8)).rejects.toMatchObject({
      code: 'STORAGE_NO_SPACE',
      message: expect.stringContaining('begun come first'),
    })
    await torrent.complete(storage, 1, 2, 3)
    await torrent.complete(storage, 8)
    await rejectsWithCode('STORAGE_NO_SPACE', torrent.write(storage, 12))
  })

  it('lets a chunk be begun as soon as a whole one is sealed, which is waited for', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open({ roomWaitMs: 60_000 })
    const torrent = cached.torrent(store, chunksOf(3))
    const storage = await torrent.open()
    await torrent.write(storage, ...pieces(0, 5))
    const writing = torrent.write(storage, 8)
    expect(await hasSettled(writing)).toBe(false)
    await Promise.all(pieces(0, 4).map((piece) => storage.completePiece(piece)))
    await writing
  })

  it('lets a chunk be begun after others whose last bytes are still being written', async () => {
    const cached = new CachedLibrary()
    const slow = new SlowChunkStore(cached.local)
    await using store = await cached.open({ local: slow, roomWaitMs: 60_000 })
    const torrent = cached.torrent(store, chunksOf(3))
    const storage = await torrent.open()
    slow.hold('staging.write')
    const filling = torrent.write(storage, ...pieces(0, 8))
    await slow.whenHeld('staging.write')
    const beginning = torrent.write(storage, 8)
    expect(await hasSettled(beginning)).toBe(false)
    slow.release('staging.write')
    await filling
    await Promise.all(pieces(0, 4).map((piece) => storage.completePiece(piece)))
    await beginning
  })

  it('does not wait for a chunk whose last bytes could not be written', async () => {
    const cached = new CachedLibrary()
    const faulty = new FaultyChunkStore(cached.local)
    await using store = await cached.open({ local: faulty, roomWaitMs: 60_000 })
    const torrent = cached.torrent(store, chunksOf(3))
    const storage = await torrent.open()
    await torrent.write(storage, ...pieces(0, 3), 4)
    faulty.fail('staging.write', new Error('the disk is gone'))
    await expect(torrent.write(storage, 3)).rejects.toThrow('gone')
    await rejectsWithCode('STORAGE_NO_SPACE', torrent.write(storage, 8))
  })

  it('does not wait for ever for a whole chunk that nobody seals', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open({ roomWaitMs: 20 })
    const torrent = cached.torrent(store, chunksOf(3))
    const storage = await torrent.open()
    await torrent.write(storage, ...pieces(0, 8))
    await rejectsWithCode('STORAGE_NO_SPACE', torrent.write(storage, 8))
  })

  it('evicts nothing that is not remote yet: a write waits for the upload, and not for ever', async () => {
    const cached = new CachedLibrary()
    cached.slow.hold('put')
    await using store = await cached.open({ roomWaitMs: 20 })
    const torrent = cached.torrent(store, chunksOf(6))
    const storage = await torrent.open()
    await torrent.complete(storage, ...pieces(0, 4))
    for (const first of [4, 8, 12]) await torrent.complete(storage, ...pieces(first, first + 4))
    await expect(torrent.write(storage, 16)).rejects.toMatchObject({
      code: 'STORAGE_NO_SPACE',
      message: expect.stringContaining('none can go'),
    })
    expect(await cached.localKeys()).toEqual(
      pieces(0, 4)
        .map((ordinal) => torrent.key(ordinal))
        .sort(),
    )
    cached.slow.release('put')
    await store.whenUploaded()
    await torrent.complete(storage, ...pieces(16, 24))
    expect(cached.local.peakBytes).toBe(cached.capacityBytes)
  })

  it('goes on with a write as soon as an upload has made room', async () => {
    const cached = new CachedLibrary()
    cached.slow.hold('put')
    await using store = await cached.open({ roomWaitMs: 60_000, drainMs: 0 })
    const torrent = cached.torrent(store, chunksOf(5))
    const storage = await torrent.open()
    for (const first of [0, 4, 8, 12]) await torrent.complete(storage, ...pieces(first, first + 4))
    const writing = torrent.write(storage, 16)
    expect(await hasSettled(writing)).toBe(false)
    cached.slow.release('put')
    await writing
  })

  it('fails writes at once when all that could go is pinned, and goes on when it is not', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open({ roomWaitMs: 60_000 })
    const torrent = cached.torrent(store, chunksOf(6))
    const storage = await torrent.open()
    const target = { torrentId: torrent.record.id }
    expect(await store.pin(target, 'user')).toBe(true)
    for (const first of [0, 4, 8, 12]) await torrent.complete(storage, ...pieces(first, first + 4))
    await store.whenUploaded()
    await rejectsWithCode('STORAGE_NO_SPACE', torrent.write(storage, 16))
    expect((await cached.localKeys()).length).toBe(4)
    expect(await store.unpin(target, 'user')).toBe(true)
    await torrent.complete(storage, ...pieces(16, 20))
    expect(cached.local.peakBytes).toBe(cached.capacityBytes)
  })

  it('holds while many chunks come back at once, and are put at once', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open()
    const torrent = cached.torrent(store, chunksOf(12))
    const storage = await torrent.open()
    for (let chunk = 0; chunk < 12; chunk++)
      await torrent.complete(storage, ...pieces(4 * chunk, 4 * chunk + 4))
    await store.whenUploaded()
    recordLate(cached)
    for (let round = 0; round < 3; round++) {
      await Promise.all(pieces(0, 12).map((ordinal) => store.get(torrent.key(ordinal))))
      expect(cached.local.peakBytes).toBeLessThanOrEqual(cached.capacityBytes)
    }
    const other = cached.torrent(store, layoutOf('other', block, [8 * chunkSizeBytes + 5]))
    other.bytes.reverse()
    await Promise.all(pieces(0, 8).map((at) => store.put(other.key(at), other.chunk(at)).catch(() => {})))
    expect(cached.local.peakBytes).toBeLessThanOrEqual(cached.capacityBytes)
  })

  it('holds while the records are counted and chunks come back meanwhile', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open()
    const torrent = cached.torrent(store, chunksOf(12))
    const storage = await torrent.open()
    for (const first of [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44])
      await torrent.complete(storage, ...pieces(first, first + 4))
    recordLate(cached)
    countLate(cached)
    for (let round = 0; round < 3; round++) {
      await Promise.all(pieces(0, 12).map((ordinal) => store.get(torrent.key(ordinal))))
      expect(cached.local.peakBytes).toBeLessThanOrEqual(cached.capacityBytes)
    }
  })

  it('counts a chunk that is evicted while its bytes come once more', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open()
    const torrent = cached.torrent(store, chunksOf(9))
    const storage = await torrent.open()
    for (const first of [0, 4, 8, 12, 16, 20, 24, 28])
      await torrent.complete(storage, ...pieces(first, first + 4))
    const twin = cached.torrent(store, chunksOf(9))
    const other = await twin.open()
    for (const first of [0, 4, 28, 24, 8, 32]) await twin.complete(other, ...pieces(first, first + 4))
    for (const piece of pieces(0, 32)) await storage.readPiece(piece, 0, block)
    expect(cached.local.peakBytes).toBeLessThanOrEqual(cached.capacityBytes)
    const { localBytes } = await cached.database.cache.usage()
    expect(cached.local.usedBytes).toBeLessThanOrEqual(localBytes)
  })
})
