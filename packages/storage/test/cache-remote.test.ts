import { describe, expect, it, vi } from 'vitest'
import type { CacheManager } from '../src/cache/cache-manager.js'
import type { ChunkKey } from '../src/chunk-store.js'
import { collect, rejectsWithCode, rejectsWithReason, sameBytes } from '../src/compliance/expectations.js'
import { destroyTorrent } from '../src/delete-chunks.js'
import { PowerCutChunkStore } from '../src/testing/power-cut-chunk-store.js'
import { CachedLibrary, chunkSizeBytes, chunksOf } from './cached-library.js'
import { hasSettled, type Library } from './library.js'

const broken = new Error('the line is cut')

/** A torrent that is whole and uploaded, of which the first `away` chunks are only remote. */
async function stored(
  cached: CachedLibrary,
  store: CacheManager,
  chunks: number,
  away = 0,
): Promise<Library> {
  const torrent = cached.torrent(store, chunksOf(chunks))
  const storage = await torrent.open()
  for (let chunk = 0; chunk < chunks; chunk++)
    await torrent.complete(storage, ...[0, 1, 2, 3].map((piece) => 4 * chunk + piece))
  await storage.close()
  await store.whenUploaded()
  await sendAway(
    cached,
    Array.from({ length: away }, (_, ordinal) => torrent.key(ordinal)),
  )
  return torrent
}

async function sendAway(cached: CachedLibrary, keys: readonly ChunkKey[]): Promise<void> {
  await cached.database.cache.forgetRemote(keys)
  await cached.database.cache.markAway(await cached.database.cache.notRemote(99, []))
  for (const key of keys) await cached.local.delete(key)
}

/** Counts calls of the remote store by letting each be held and go. */
async function getsDuring(cached: CachedLibrary, body: () => Promise<void>): Promise<number> {
  let gets = 0
  const get = cached.remoteObjects.get.bind(cached.remoteObjects)
  cached.remoteObjects.get = (...args) => {
    gets++
    return get(...args)
  }
  await body()
  cached.remoteObjects.get = get
  return gets
}

describe('a chunk that is only remote', () => {
  it('is fetched once for all who wait, and then is local', async () => {
    const cached = new CachedLibrary(8)
    await using store = await cached.open()
    const torrent = await stored(cached, store, 2, 1)
    const key = torrent.key(0)
    const gets = await getsDuring(cached, async () => {
      const range = { offset: 1000, length: 500 }
      const reads = await Promise.all([
        ...Array.from({ length: 10 }, () => store.get(key)),
        store.get(key, { range }),
      ])
      for (const whole of reads.slice(0, 10)) sameBytes(whole, torrent.chunk(0), 'whole')
      sameBytes(reads[10], torrent.chunk(0).subarray(1000, 1500), 'range')
      reads[0]?.fill(0)
      sameBytes(reads[1], torrent.chunk(0), 'shared with nobody')
      sameBytes(await store.get(key), torrent.chunk(0), 'kept')
    })
    expect(gets).toBe(1)
    expect(await cached.local.has(key)).toBe(true)
    expect(await cached.database.cache.usage()).toEqual({ localBytes: 2 * chunkSizeBytes, awayBytes: 0 })
    await expect(store.get(key, { range: { offset: 0, length: chunkSizeBytes + 1 } })).rejects.toThrow(
      RangeError,
    )
  })

  it('is checked before anybody gets it, twice where it was damaged on the way', async () => {
    const cached = new CachedLibrary(8)
    await using store = await cached.open()
    const torrent = await stored(cached, store, 1, 1)
    cached.remote.lie('get', { times: 2 })
    const failed = [store.get(torrent.key(0)), store.get(torrent.key(0))]
    for (const read of failed)
      await expect(read).rejects.toMatchObject({
        code: 'STORAGE_CORRUPT',
        message: expect.stringContaining(torrent.key(0)),
      })
    expect(await cached.local.has(torrent.key(0))).toBe(false)
    cached.remote.lie('get')
    sameBytes(await store.get(torrent.key(0)), torrent.chunk(0), 'damaged on the way only')
  })

  it('is tried for until the deadline, and unavailable then; absent is another answer', async () => {
    const cached = new CachedLibrary(8)
    const first = await cached.open()
    const torrent = await stored(cached, first, 2, 2)
    cached.remote.fail('get', broken, { times: 2 })
    sameBytes(await first.get(torrent.key(0)), torrent.chunk(0), 'at the third try')
    await first.close()
    await using store = await cached.open({ remoteDeadlineMs: 50 })
    cached.remote.fail('get', broken, { times: 1e9 })
    await expect(store.get(torrent.key(1))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      cause: broken,
    })
    cached.remote.clearScript()
    cached.slow.hold('get')
    await rejectsWithCode('STORAGE_UNAVAILABLE', store.get(torrent.key(1)))
    cached.slow.release('get')
    expect(await store.get('ab'.repeat(32) as ChunkKey)).toBeUndefined()
  })

  it('is given up by a reader that aborts, and not by the others', async () => {
    const cached = new CachedLibrary(8)
    await using store = await cached.open()
    const torrent = await stored(cached, store, 1, 1)
    cached.slow.hold('get')
    const abort = new AbortController()
    const leaves = store.get(torrent.key(0), abort)
    const stays = store.get(torrent.key(0))
    await cached.slow.whenHeld('get')
    const reason = new Error('changed my mind')
    abort.abort(reason)
    await rejectsWithReason(reason, leaves)
    cached.slow.release('get')
    sameBytes(await stays, torrent.chunk(0), 'for the other one')
  })

  it('is begun anew for who comes after all others have left', async () => {
    const cached = new CachedLibrary(8)
    await using store = await cached.open()
    const torrent = await stored(cached, store, 1, 1)
    cached.slow.hold('get')
    const abort = new AbortController()
    const leaves = store.get(torrent.key(0), abort)
    await cached.slow.whenHeld('get')
    abort.abort()
    await expect(leaves).rejects.toBe(abort.signal.reason)
    const comes = store.get(torrent.key(0))
    cached.slow.release('get')
    sameBytes(await comes, torrent.chunk(0), 'for the next one')
  })

  it('is served without being kept where all others are pinned', async () => {
    const cached = new CachedLibrary(4)
    await using store = await cached.open()
    const torrent = await stored(cached, store, 5)
    const [away] = (await cached.remoteKeys()).filter((key) => cached.local.lengthOf(key) === 0)
    for (const key of await cached.localKeys()) await store.pin({ key }, 'user')
    const ordinal = [0, 1, 2, 3, 4].find((one) => torrent.key(one) === away) as number
    sameBytes(await store.get(away as ChunkKey), torrent.chunk(ordinal), 'served')
    expect(await cached.local.has(away as ChunkKey)).toBe(false)
    expect(cached.local.peakBytes).toBe(cached.capacityBytes)
  })

  it('that the remote store has lost is taken from it in the records, and uploaded when it comes again', async () => {
    const cached = new CachedLibrary(8)
    await using store = await cached.open()
    const torrent = await stored(cached, store, 2, 1)
    await cached.remoteObjects.delete(torrent.key(0))
    const storage = await torrent.open()
    const lost = new Promise<readonly number[]>((resolve) => storage.onPiecesLost(resolve))
    await rejectsWithCode('STORAGE_CHUNK_MISSING', storage.readPiece(1, 0, 1))
    expect(await lost).toEqual([0, 1, 2, 3])
    await torrent.complete(storage, 0, 1, 2, 3)
    await store.whenUploaded()
    expect(await cached.remoteObjects.has(torrent.key(0))).toBe(true)
    await storage.close()
  })

  it('that is damaged remotely is lost, and not evicted later for having been there', async () => {
    const cached = new CachedLibrary(8)
    await using store = await cached.open()
    const torrent = await stored(cached, store, 1, 1)
    await cached.remoteObjects.put(torrent.key(0), new Uint8Array(chunkSizeBytes))
    const storage = await torrent.open()
    const lost = new Promise<readonly number[]>((resolve) => storage.onPiecesLost(resolve))
    await rejectsWithCode('STORAGE_CORRUPT', storage.readPiece(0, 0, 1))
    expect(await lost).toEqual([0, 1, 2, 3])
    await torrent.complete(storage, 0, 1, 2, 3)
    await store.whenUploaded()
    sameBytes(await cached.remoteObjects.get(torrent.key(0)), torrent.chunk(0), 'uploaded anew')
    await storage.close()
  })
})

describe('the order in which chunks go', () => {
  it('is that of their last use, also over a restart', async () => {
    const cached = new CachedLibrary(4)
    const first = await cached.open()
    const torrent = await stored(cached, first, 4)
    for (const ordinal of [2, 0, 3, 1]) {
      cached.nowMs += 120_000
      await first.get(torrent.key(ordinal))
      await first.flush()
      if (ordinal !== 1) await usesAreRecorded(first, cached)
    }
    await first.close()
    await cached.restart()
    await using second = await cached.open()
    const other = cached.torrent(second, chunksOf(2, 'other'))
    other.bytes.reverse()
    const storage = await other.open()
    for (const piece of [0, 1, 2, 3, 4, 5, 6, 7]) {
      await other.write(storage, piece)
      await storage.completePiece(piece)
    }
    await storage.close()
    const stays = [3, 1].map((ordinal) => torrent.key(ordinal))
    expect(await cached.localKeys()).toEqual([...stays, ...(await other.recordedKeys())].sort())
  })
})

/** What was read counts when room is needed, so a put that finds none records it. */
async function usesAreRecorded(store: CacheManager, cached: CachedLibrary): Promise<void> {
  const { peakBytes } = cached.local
  const chunk = new Uint8Array(cached.capacityBytes + 1)
  for (const key of await cached.localKeys()) await store.pin({ key }, 'user')
  await rejectsWithCode('STORAGE_NO_SPACE', store.put('00'.repeat(32) as ChunkKey, chunk))
  for (const key of await cached.localKeys()) await store.unpin({ key }, 'user')
  expect(cached.local.peakBytes).toBe(peakBytes)
}

describe('uploads', () => {
  it('are found again in the records after a crash', async () => {
    const cached = new CachedLibrary(8)
    cached.slow.hold('put')
    const first = await cached.open()
    const torrent = cached.torrent(first, chunksOf(3))
    const storage = await torrent.open()
    await torrent.complete(storage, ...Array.from({ length: 12 }, (_, piece) => piece))
    await cached.slow.whenHeld('put')
    await cached.restart()
    cached.slow.release('put')
    await using second = await cached.open()
    await (await cached.torrent(second, chunksOf(1, 'any')).open()).close()
    await second.freeBytes()
    await second.whenUploaded()
    expect((await cached.remoteKeys()).length).toBe(3)
    expect(await cached.database.cache.notRemote(9, [])).toEqual([])
  })

  it('are tried again, and count as remote only when the remote store has flushed them', async () => {
    const cached = new CachedLibrary(8)
    const remote = new PowerCutChunkStore()
    await using store = await cached.open({ remote })
    remote.duringFlush = async () => {
      expect((await cached.database.cache.notRemote(9, [])).length).toBeGreaterThan(0)
    }
    const torrent = await stored(cached, store, 3)
    expect(remote.flushes).toBeGreaterThan(0)
    await remote.cutPower()
    await sendAway(cached, [torrent.key(1)])
    sameBytes(await store.get(torrent.key(1)), torrent.chunk(1), 'after the power cut')
  })

  it('that fail are not marked, and come when the remote store is back', async () => {
    const cached = new CachedLibrary(8)
    cached.remote.fail('put', broken, { times: 3 })
    await using store = await cached.open()
    await stored(cached, store, 2)
    expect((await cached.remoteKeys()).length).toBe(2)
  })

  it.each([
    ['put', 0],
    ['flush', 1],
  ] as const)('do not hold up closing for longer than they may while a %s hangs', async (operation, keys) => {
    const cached = new CachedLibrary(8)
    cached.slow.hold(operation)
    const store = await cached.open({ drainMs: 10 })
    const torrent = cached.torrent(store, chunksOf(1))
    const storage = await torrent.open()
    await torrent.complete(storage, 0, 1, 2, 3)
    await storage.close()
    await cached.slow.whenHeld(operation)
    await store.close()
    expect(await cached.remoteKeys()).toHaveLength(keys)
    expect(await cached.database.cache.notRemote(9, [])).toHaveLength(1)
  })

  it('are finished by closing where that goes quickly', async () => {
    const cached = new CachedLibrary(8)
    cached.slow.hold('put')
    const store = await cached.open({ drainMs: 60_000 })
    const torrent = cached.torrent(store, chunksOf(1))
    const storage = await torrent.open()
    await torrent.complete(storage, 0, 1, 2, 3)
    await storage.close()
    await cached.slow.whenHeld('put')
    const closing = store.close()
    expect(await hasSettled(closing)).toBe(false)
    cached.slow.release('put')
    await closing
    expect(await cached.remoteKeys()).toEqual([torrent.key(0)])
  })

  it('leave out a damaged chunk', async () => {
    const cached = new CachedLibrary(8)
    cached.slow.hold('put')
    await using store = await cached.open()
    const torrent = cached.torrent(store, chunksOf(9))
    const storage = await torrent.open()
    await torrent.complete(storage, 0, 1, 2, 3)
    await cached.slow.whenHeld('put')
    await torrent.complete(storage, 4, 5, 6, 7)
    await cached.local.put(torrent.key(1), new Uint8Array(chunkSizeBytes))
    cached.slow.release('put')
    await store.whenUploaded()
    expect(await cached.remoteKeys()).toEqual([torrent.key(0)])
    expect(cached.log).toContain('a damaged chunk is not uploaded')
    await storage.close()
  })

  it('correct the record of a chunk that is only remote', async () => {
    const cached = new CachedLibrary(8)
    const store = await cached.open()
    const torrent = await stored(cached, store, 2)
    await cached.local.delete(torrent.key(0))
    await cached.database.cache.forgetRemote([torrent.key(0)])
    await store.close()
    await cached.restart()
    await using next = await cached.open()
    await next.freeBytes()
    await next.whenUploaded()
    expect(await cached.database.cache.usage()).toMatchObject({ awayBytes: chunkSizeBytes })
  })
})

describe('deleting', () => {
  it('deletes both copies of what nothing refers to', async () => {
    const cached = new CachedLibrary(4)
    await using store = await cached.open()
    const torrent = await stored(cached, store, 6)
    await destroyTorrent({ chunkStore: store, database: cached.database }, torrent.record.id)
    expect([await cached.localKeys(), await cached.remoteKeys()]).toEqual([[], []])
    expect(await cached.database.cache.usage()).toEqual({ localBytes: 0, awayBytes: 0 })
  })

  it('leaves an orphan where the remote store fails, and says so with the reason', async () => {
    const cached = new CachedLibrary(4)
    await using store = await cached.open()
    const torrent = await stored(cached, store, 2)
    cached.remote.fail('delete', broken, { times: 9 })
    await destroyTorrent({ chunkStore: store, database: cached.database }, torrent.record.id)
    expect([(await cached.localKeys()).length, (await cached.remoteKeys()).length]).toEqual([0, 2])
    expect(cached.log).toContain('an unreferenced chunk could not be deleted from the remote store')
    // The second one is not even tried so soon after, and has the same reason.
    for (const cause of cached.causes)
      expect(cause).toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: broken })
    expect(cached.causes).toHaveLength(2)
    expect((await collect(store.list(''))).length).toBe(2)
  })

  it('that nobody waits for any more takes no upload that comes after it', async () => {
    const cached = new CachedLibrary(4)
    await using store = await cached.open()
    const torrent = await stored(cached, store, 1)
    cached.slow.hold('delete')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const parts = { chunkStore: store, database: cached.database }
    const destroying = destroyTorrent(parts, torrent.record.id)
    await cached.slow.whenHeld('delete')
    vi.advanceTimersByTime(5_000)
    vi.useRealTimers()
    await destroying
    const again = cached.torrent(store, chunksOf(1))
    const storage = await again.open()
    await again.complete(storage, 0, 1, 2, 3)
    const uploaded = store.whenUploaded()
    for (let turn = 0; turn < 20; turn++) expect(await hasSettled(uploaded)).toBe(false)
    cached.slow.release('delete')
    await uploaded
    expect(await cached.remoteKeys()).toEqual([again.key(0)])
    await storage.close()
  })

  it('of what is being uploaded leaves nothing in the remote store', async () => {
    const cached = new CachedLibrary(4)
    cached.slow.hold('put')
    await using store = await cached.open()
    const torrent = cached.torrent(store, chunksOf(1))
    const storage = await torrent.open()
    await torrent.complete(storage, 0, 1, 2, 3)
    await cached.slow.whenHeld('put')
    await storage.destroy()
    cached.slow.release('put')
    await store.whenUploaded()
    expect(await cached.remoteKeys()).toEqual([])
  })
})
