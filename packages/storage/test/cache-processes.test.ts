import { describe, expect, it } from 'vitest'
import { rejectsWithCode, sameBytes } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { readFile } from '../src/read-file.js'
import { TorrentReader } from '../src/torrent-reader.js'
import { block, CachedLibrary, chunkSizeBytes, chunksOf } from './cached-library.js'

describe('a second process on a library with a capacity', () => {
  it('is refused when it writes, reads what there is, and may write when the first has closed', async () => {
    const cached = new CachedLibrary(4)
    const first = await cached.open()
    const torrent = cached.torrent(first, chunksOf(5))
    const storage = await torrent.open()
    for (let piece = 0; piece < 20; piece++) {
      await torrent.write(storage, piece)
      await storage.completePiece(piece)
    }
    await storage.close()
    await first.whenUploaded()

    await using second = await cached.open()
    const before = await cached.localKeys()
    for (let ordinal = 0; ordinal < 5; ordinal++)
      sameBytes(await second.get(torrent.key(ordinal)), torrent.chunk(ordinal), `${ordinal}`)
    expect(await cached.localKeys()).toEqual(before)
    const other = cached.torrent(second, chunksOf(1, 'other'))
    await rejectsWithCode('STORAGE_IN_USE', second.freeBytes())
    await rejectsWithCode('STORAGE_IN_USE', second.put(other.key(0), other.chunk(0)))
    const opened = await other.open()
    await rejectsWithCode('STORAGE_IN_USE', other.write(opened, 0))
    await first.close()
    await other.complete(opened, 0, 1, 2, 3)
    await opened.close()
    expect(cached.local.peakBytes).toBeLessThanOrEqual(cached.capacityBytes)
  })

  it('counts what the first has left, staged chunks of unknown torrents too', async () => {
    const cached = new CachedLibrary(4)
    const first = await cached.open({ remote: undefined })
    const torrent = cached.torrent(first, layoutOf('two files', block, [chunkSizeBytes, 100]))
    const storage = await torrent.open()
    await torrent.complete(storage, 0, 1, 2, 3)
    await torrent.write(storage, 4)
    await cached.local.staging.write(
      { torrentId: torrent.record.id, fileIndex: 0, chunk: 0 },
      0,
      new Uint8Array(1),
    )
    await storage.close()
    await first.close()
    const unknown = { torrentId: 'unknown' as typeof torrent.record.id, fileIndex: 0, chunk: 0 }
    await cached.local.staging.write(unknown, 0, new Uint8Array(5))
    await cached.restart()
    await using second = await cached.open({ remote: undefined })
    expect(await second.freeBytes()).toBe(chunkSizeBytes - 100)
    expect(await second.freeBytes(torrent.record.id)).toBe(2 * chunkSizeBytes)
  })
})

describe('a process that loses its claim', () => {
  it('claims and counts anew before it writes again', async () => {
    const cached = new CachedLibrary(4)
    const lost = new AbortController()
    const claim = cached.database.cache.claimCapacity.bind(cached.database.cache)
    let claims = 0
    cached.database.cache.claimCapacity = async () => {
      const claimed = await claim()
      return claimed && { ...claimed, ...(++claims === 1 && { lost: lost.signal }) }
    }
    await using first = await cached.open({ remote: undefined })
    const torrent = cached.torrent(first, chunksOf(3))
    const storage = await torrent.open()
    await torrent.write(storage, 0)
    lost.abort()
    await torrent.complete(storage, 1, 2, 3, 4)
    expect(claims).toBe(2)
    expect(await first.freeBytes()).toBe(cached.capacityBytes - 2 * chunkSizeBytes)
    await storage.close()
  })
})

describe('opening', () => {
  it('looks at no chunk, and claims nothing', async () => {
    const cached = new CachedLibrary(4)
    for (const operation of ['has', 'get', 'list', 'staging.list'] as const)
      cached.remote.fail(operation, new Error('not to be asked'), { times: 1e9 })
    const listed: string[] = []
    cached.local.list = (prefix) => {
      listed.push(prefix)
      throw new Error('not to be listed')
    }
    await using first = await cached.open()
    await using second = await cached.open()
    await second.freeBytes()
    expect(listed).toEqual([])
    await rejectsWithCode('STORAGE_IN_USE', first.freeBytes())
  })

  it('is refused where chunks are only remote and no remote store is given', async () => {
    const cached = new CachedLibrary(4)
    const store = await cached.open()
    const torrent = cached.torrent(store, chunksOf(5))
    const storage = await torrent.open()
    for (let piece = 0; piece < 20; piece++) {
      await torrent.write(storage, piece)
      await storage.completePiece(piece)
    }
    await storage.close()
    await store.close()
    await expect(cached.open({ remote: undefined })).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining(`${chunkSizeBytes} bytes`),
    })
  })
})

describe('reading ahead', () => {
  it('fetches the next chunks of a file that is read in order, and keeps to the capacity', async () => {
    const cached = new CachedLibrary(8)
    const first = await cached.open()
    const torrent = cached.torrent(first, chunksOf(10))
    const storage = await torrent.open()
    for (let piece = 0; piece < 40; piece++) {
      await torrent.write(storage, piece)
      await storage.completePiece(piece)
    }
    await storage.close()
    await first.close()
    for (const key of await torrent.recordedKeys()) if (key !== undefined) await cached.local.delete(key)
    await cached.restart()

    await using store = await cached.open()
    const reader = new TorrentReader({ record: torrent.record, chunkStore: store, database: cached.database })
    cached.slow.hold('get')
    const file = readFile(reader, torrent.layout, 0)[Symbol.asyncIterator]()
    const reading = file.next()
    await cached.slow.whenHeld('get', 3)
    cached.slow.release('get')
    const parts = [(await reading).value as Uint8Array]
    for (let next = await file.next(); !next.done; next = await file.next()) parts.push(next.value)
    sameBytes(Buffer.concat(parts), torrent.bytes, 'the file')
    expect(cached.local.peakBytes).toBeLessThanOrEqual(cached.capacityBytes)
  })

  it('does not happen for pieces here and there', async () => {
    const cached = new CachedLibrary(8)
    await using store = await cached.open()
    const torrent = cached.torrent(store, chunksOf(6))
    const storage = await torrent.open()
    for (let piece = 0; piece < 24; piece++) {
      await torrent.write(storage, piece)
      await storage.completePiece(piece)
    }
    const asked: unknown[] = []
    store.willRead = (keys) => void asked.push(keys)
    for (const piece of [20, 4, 12, 8, 22]) await storage.readPiece(piece, 0, 1)
    expect(asked).toEqual([])
    await storage.readPiece(0, 0, 1)
    await storage.readPiece(4, 0, 1)
    await storage.close()
    expect(asked).toEqual([[2, 3, 4, 5].map((ordinal) => torrent.key(ordinal))])
  })
})
