import { describe, expect, it } from 'vitest'
import { MemoryMetadataCache } from '../src/metadata-cache.js'
import { MemoryResumeStore } from '../src/resume-store.js'
import { createTestTorrent } from '../src/testing/index.js'
import { everythingDue, openClientWith } from './open-client.js'

describe('MemoryMetadataCache', () => {
  it('lets what was used longest ago make room', async () => {
    const cache = new MemoryMetadataCache({ maxBytes: 10 })
    await cache.save('a', new Uint8Array(4))
    await cache.save('b', new Uint8Array(4))
    await cache.load('a')
    await cache.save('c', new Uint8Array(4))
    expect(await cache.load('b')).toBeUndefined()
    expect([await cache.load('a'), await cache.load('c')]).toEqual([new Uint8Array(4), new Uint8Array(4)])
    await cache.save('a', new Uint8Array(11))
    expect(await cache.load('a')).toBeUndefined()
  })
})

describe('a magnet link', () => {
  const test = createTestTorrent()

  it.each([
    ['memory', new MemoryMetadataCache()],
    ['a resume store', new MemoryResumeStore()],
  ])('needs the swarm once for its metadata, with a cache in %s', async (_, metadataCache) => {
    const first = await openClientWith({ metadataCache })
    const seed = first.swarm.seed(test.torrentFile, test.bytes)
    const torrent = await first.client.add(test.magnetUri, { peers: [seed] })
    await torrent.whenFinished()
    await everythingDue()
    await first.client.close()
    const second = await openClientWith({ metadataCache })
    const again = await second.client.add(test.magnetUri)
    expect(again.layout?.infoHashV1).toBe(test.infoHashV1)
    expect(second.library.openStorages).toHaveLength(1)
  })

  it('believes no cache that has another torrent, or fails', async () => {
    const other = createTestTorrent({ name: 'other' }).torrentFile
    for (const load of [
      async () => other,
      async () => Uint8Array.of(1),
      () => Promise.reject(new Error('broken')),
    ]) {
      const { client } = await openClientWith({ metadataCache: { load, save: async () => {} } })
      const torrent = await client.add(test.magnetUri)
      expect(torrent.layout).toBeUndefined()
    }
  })
})
