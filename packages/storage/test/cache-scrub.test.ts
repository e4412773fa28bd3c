import { describe, expect, it } from 'vitest'
import { CheckedChunkStore } from '../src/checked-chunk-store.js'
import { completedOf, fill } from '../src/compliance/storage-subject.js'
import { StorageError } from '../src/errors.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import { CachedLibrary, chunksOf } from './cached-library.js'
import type { Library } from './library.js'

/** Two chunks of a torrent, here and in the remote store. */
async function prepare(cached: CachedLibrary, options: Parameters<CachedLibrary['open']>[0] = {}) {
  const store = await cached.open(options)
  const torrent = cached.torrent(store, chunksOf(2))
  const storage = await torrent.open()
  await fill(storage, torrent.bytes)
  await store.whenUploaded()
  const lost: (readonly number[])[] = []
  storage.onPiecesLost((pieces) => lost.push(pieces))
  return { store, torrent, storage, lost }
}

async function flipByte(torrent: Library, at: { put: CachedLibrary['local']['put'] }): Promise<void> {
  const bytes = torrent.chunk(1).slice()
  bytes[3] = (bytes[3] ?? 0) ^ 1
  await at.put(torrent.key(1), bytes)
}

describe('a scrub of a library behind a cache', () => {
  it('says that damage is in both places, and heals it from the remote one', async () => {
    const cached = new CachedLibrary()
    const { store, torrent, storage, lost } = await prepare(cached)
    await flipByte(torrent, cached.local)
    const report = await storage.scrub({ repair: true })
    const chunk = torrent.key(1)
    expect(report.damage).toMatchObject([{ chunk, pieces: [4], places: { local: true, remote: true } }])
    expect(report.repair).toEqual({ healedChunks: 1, lostPieces: [] })
    expect(lost).toEqual([])
    expect(await cached.local.get(chunk)).toEqual(torrent.chunk(1))
    await storage.close()
    await store.close()
  })

  it('gives pieces up where the other copy is damaged too', async () => {
    const cached = new CachedLibrary()
    const { store, torrent, storage, lost } = await prepare(cached)
    await flipByte(torrent, cached.local)
    await flipByte(torrent, cached.remoteObjects)
    expect(await storage.scrub({ repair: true })).toMatchObject({ repair: { healedChunks: 0 } })
    expect(lost).toEqual([[4]])
    await torrent.complete(storage, 4)
    await storage.close()
    await store.close()
  })

  it('does not take a remote store that is away for damage: nothing is given up', async () => {
    const cached = new CachedLibrary()
    const { store, torrent, storage, lost } = await prepare(cached, { remoteDeadlineMs: 500 })
    await flipByte(torrent, cached.local)
    const away = new StorageError('STORAGE_UNAVAILABLE', 'not now')
    cached.remote.fail('get', away, { times: 1000 })
    cached.remote.fail('has', away, { times: 1000 })
    await expect(storage.scrub({ repair: true })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(await completedOf(storage)).toHaveLength(8)
    expect(lost).toEqual([])
    cached.remote.clearScript()
    await storage.close()
    await store.close()
  })

  it('finds nothing wrong with chunks that are only remote, checked twice or not', async () => {
    const cached = new CachedLibrary()
    const { store, torrent, storage } = await prepare(cached)
    await storage.close()
    await cached.local.delete(torrent.key(1))
    const checked = new CheckedChunkStore(store, { checks: 'always' })
    const { record } = torrent
    const report = await scrubTorrent({ record, database: cached.database, chunkStore: checked })
    expect(report).toMatchObject({ checkedPieces: 8, damage: [] })
    await checked.close()
  })
})
