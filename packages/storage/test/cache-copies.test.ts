import { describe, expect, it } from 'vitest'
import type { CacheManager } from '../src/cache/cache-manager.js'
import { collect, rejectsWithCode, sameBytes } from '../src/compliance/expectations.js'
import { CachedLibrary, chunkSizeBytes, chunksOf } from './cached-library.js'
import type { Library } from './library.js'

const broken = new Error('the line is cut')

async function uploaded(cached: CachedLibrary, store: CacheManager): Promise<Library> {
  const torrent = cached.torrent(store, chunksOf(1))
  const storage = await torrent.open()
  await torrent.complete(storage, 0, 1, 2, 3)
  await storage.close()
  await store.whenUploaded()
  return torrent
}

describe('the two copies of a chunk', () => {
  it('are told apart', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open({ remoteDeadlineMs: 50 })
    const key = (await uploaded(cached, store)).key(0)
    expect(await store.places(key)).toEqual({ local: true, remote: true })
    await cached.local.delete(key)
    expect(await store.places(key)).toEqual({ local: false, remote: true })
    cached.remote.fail('has', broken, { times: 1e9 })
    await rejectsWithCode('STORAGE_UNAVAILABLE', store.places(key))
  })

  it('heal the local one, damaged or missing', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open()
    const torrent = await uploaded(cached, store)
    const key = torrent.key(0)
    await cached.local.put(key, new Uint8Array(chunkSizeBytes))
    expect(await store.heal(key)).toBe(true)
    sameBytes(await cached.local.get(key), torrent.chunk(0), 'healed')
    await cached.local.delete(key)
    expect(await store.heal(key)).toBe(true)
    sameBytes(await cached.local.get(key), torrent.chunk(0), 'brought back')
  })

  it('do not heal where the remote one is not sound, which is uploaded anew from a sound local one', async () => {
    const cached = new CachedLibrary()
    const first = await cached.open()
    const torrent = await uploaded(cached, first)
    const key = torrent.key(0)
    await cached.remoteObjects.put(key, new Uint8Array(chunkSizeBytes))
    expect(await first.heal(key)).toBe(false)
    sameBytes(await cached.local.get(key), torrent.chunk(0), 'unchanged')
    await first.close()
    await cached.restart()
    await using second = await cached.open()
    await second.freeBytes()
    await second.whenUploaded()
    sameBytes(await cached.remoteObjects.get(key), torrent.chunk(0), 'uploaded anew')
  })

  it('cannot be judged while the remote store is away', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open({ remoteDeadlineMs: 50 })
    const key = (await uploaded(cached, store)).key(0)
    cached.remote.fail('get', broken, { times: 1e9 })
    await rejectsWithCode('STORAGE_UNAVAILABLE', store.heal(key))
    expect(await cached.database.cache.notRemote(9, [])).toEqual([])
  })
})

describe('manifests', () => {
  const bytes = Uint8Array.of(1, 2, 3)

  it('are copied to the remote store, from which a library can be made anew', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open()
    await store.manifests.put('a', bytes)
    sameBytes(await cached.remoteObjects.manifests.get('a'), bytes, 'copied')
    await cached.local.manifests.delete('a')
    sameBytes(await store.manifests.get('a'), bytes, 'from the remote store')
    await store.manifests.put('b', bytes)
    expect((await collect(store.manifests.list())).sort()).toEqual(['a', 'b'])
  })

  it('that could not be copied are copied by whoever writes next', async () => {
    const cached = new CachedLibrary()
    const first = await cached.open({ remoteDeadlineMs: 50 })
    cached.remote.fail('manifests.put', broken, { times: 1e9 })
    await first.manifests.put('a', bytes)
    expect(cached.log).toContain('a manifest could not be copied to the remote store yet')
    await first.close()
    await cached.restart()
    cached.remote.clearScript()
    const second = await cached.open()
    await second.freeBytes()
    await second.whenUploaded()
    await second.close()
    sameBytes(await cached.remoteObjects.manifests.get('a'), bytes, 'copied later')
  })

  it('are deleted from both stores or from none', async () => {
    const cached = new CachedLibrary()
    await using store = await cached.open({ remoteDeadlineMs: 50 })
    await store.manifests.put('a', bytes)
    cached.remote.fail('manifests.delete', broken, { times: 1e9 })
    await rejectsWithCode('STORAGE_UNAVAILABLE', store.manifests.delete('a'))
    expect(await store.manifests.has('a')).toBe(true)
    cached.remote.clearScript()
    await store.manifests.delete('a')
    expect([await store.manifests.get('a'), await collect(store.manifests.list())]).toEqual([undefined, []])
  })
})
