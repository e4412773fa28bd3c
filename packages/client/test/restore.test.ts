import { once } from 'node:events'
import type { TorrentId } from '@bae/storage'
import { describe, expect, it, vi } from 'vitest'
import { decodeResumeRecord, encodeResumeRecord } from '../src/resume-record.js'
import { MemoryResumeStore } from '../src/resume-store.js'
import { createTestTorrent } from '../src/testing/index.js'
import { TorrentWishes } from '../src/torrent-wishes.js'
import { addTestTorrent, bitsOf, everythingDue, openClientWith, rejectionOf } from './open-client.js'

describe('restore', () => {
  it('brings every torrent back as it was, with what its storage holds and without a check', async () => {
    const resumeStore = new MemoryResumeStore()
    const first = await openClientWith({ resumeStore })
    const { torrent, test } = await addTestTorrent(first)
    await first.swarm.deliverPiece(torrent.id, 1)
    torrent.pause()
    torrent.setLimits({ maxUploads: 4 })
    torrent.setSequential(true)
    torrent.select(0, 'top')
    torrent.trackers.replace(['udp://127.0.0.1:9/a'])
    await first.client.close()

    const second = await openClientWith({ resumeStore, swarm: first.swarm, library: first.library })
    const added = once(second.client, 'torrentAdded')
    const { torrents, failures } = await second.client.restore()
    expect(failures).toEqual([])
    expect(torrents).toEqual([second.client.get(torrent.id)])
    expect(await added).toEqual([{ id: torrent.id }])
    const [again] = torrents
    expect(again?.status).toMatchObject({ state: 'paused', completedPieces: 1 })
    expect(again?.files[0]?.priority).toBe(7)
    const [, session] = first.swarm.sessions
    expect(session?.requests).toMatchObject([
      {
        torrentId: torrent.id,
        havePieces: bitsOf(test.pieceCount, [1]),
        limits: { maxUploads: 4 },
        flags: { sequentialDownload: true },
      },
    ])
    expect(again?.trackers.list().map(({ url }) => url)).toEqual(['udp://127.0.0.1:9/a'])
  })

  it('writes no record anew that is as it was', async () => {
    const resumeStore = new MemoryResumeStore()
    const first = await openClientWith({ resumeStore })
    const { torrent } = await addTestTorrent(first)
    await first.client.close()
    const save = vi.spyOn(resumeStore, 'save')
    const second = await openClientWith({ resumeStore, swarm: first.swarm, library: first.library })
    await second.client.restore()
    expect(save).not.toHaveBeenCalled()
    second.client.get(torrent.id)?.setSequential(true)
    await expect.poll(() => save.mock.calls.length).toBe(1)
  })

  it('goes on with what was moved and whom it knew, and claims none of it for this run', async () => {
    const resumeStore = new MemoryResumeStore()
    const first = await openClientWith({ resumeStore })
    const test = createTestTorrent()
    const seed = first.swarm.seed(test.torrentFile, test.bytes)
    const torrent = await first.client.add(test.torrentFile, { peers: [seed] })
    await torrent.whenFinished()
    await expect.poll(() => torrent.status.downloadedBytes).toBe(test.bytes.length)
    await first.client.close()
    const second = await openClientWith({ resumeStore, swarm: first.swarm, library: first.library })
    const [again] = (await second.client.restore()).torrents
    expect(again?.status).toMatchObject({ allTimeDownloadedBytes: test.bytes.length, downloadedBytes: 0 })
    expect(first.swarm.sessions[1]?.requests[0]?.peers).toEqual([{ host: '127.0.0.1', port: 1 }])
  })

  it('keeps what was moved since anybody looked', async () => {
    const resumeStore = new MemoryResumeStore()
    const opened = await openClientWith({ resumeStore }, { statusIntervalMs: 60_000 })
    const { id } = (await addTestTorrent(opened)).torrent
    await opened.swarm.deliverPiece(id, 0)
    await everythingDue()
    const { length } = await opened.swarm.requestPiece(id, 0, { offset: 0, length: 16_384 })
    await opened.client.close()
    const record = decodeResumeRecord(id, (await resumeStore.load(id)) ?? new Uint8Array())
    expect(record.allTime?.uploadedBytes).toBe(length)
  })

  it('keeps what was moved while it runs, for a restart without a close', async () => {
    const resumeStore = new MemoryResumeStore()
    const { client, swarm } = await openClientWith({ resumeStore }, { resumeIntervalMs: 1 })
    const test = createTestTorrent()
    const { id } = await client.add(test.torrentFile, { peers: [swarm.seed(test.torrentFile, test.bytes)] })
    const kept = async () => {
      const record = decodeResumeRecord(id, (await resumeStore.load(id)) ?? new Uint8Array())
      return [record.allTime?.downloadedBytes, record.knownPeers?.length]
    }
    await expect.poll(kept).toEqual([test.bytes.length, 1])
  })

  it('dials no peer of before for a private torrent', async () => {
    const resumeStore = new MemoryResumeStore()
    const first = await openClientWith({ resumeStore })
    const test = createTestTorrent({ isPrivate: true })
    const seed = first.swarm.seed(test.torrentFile, test.bytes)
    const torrent = await first.client.add(test.torrentFile)
    // As if its tracker had named it.
    first.swarm.sessions[0]?.connectPeer(first.swarm.torrent(torrent.id).handle, seed.host, seed.port)
    await torrent.whenFinished()
    await expect.poll(() => torrent.status.peers).toBe(1)
    await first.client.close()
    await (await openClientWith({ resumeStore, swarm: first.swarm, library: first.library })).client.restore()
    expect(first.swarm.sessions[1]?.requests[0]?.peers).toBeUndefined()
  })

  it('claims nothing that the storage lost meanwhile', async () => {
    const resumeStore = new MemoryResumeStore()
    const first = await openClientWith({ resumeStore })
    const { torrent, test } = await addTestTorrent(first)
    for (const piece of [0, 1, 2]) await first.swarm.deliverPiece(torrent.id, piece)
    first.library.storageOf(torrent.id).losePieces([1])
    await first.client.close()
    const second = await openClientWith({ resumeStore, swarm: first.swarm, library: first.library })
    await second.client.restore()
    expect(second.client.get(torrent.id)?.pieces()?.completed).toEqual(bitsOf(test.pieceCount, [0, 2]))
  })

  it('asks the swarm no second time for the metadata of a magnet link', async () => {
    const resumeStore = new MemoryResumeStore()
    const first = await openClientWith({ resumeStore })
    const test = createTestTorrent()
    const seed = first.swarm.seed(test.torrentFile, test.bytes)
    const known = await first.client.add(test.magnetUri, { peers: [seed] })
    await known.whenFinished()
    const unknown = await first.client.add('ab'.repeat(20))
    await first.client.close()
    const second = await openClientWith({ resumeStore, library: first.library })
    await second.client.restore()
    expect(second.client.get(known.id)?.status).toMatchObject({ progress: 1 })
    expect(second.client.get(unknown.id)?.status.state).toBe('fetchingMetadata')
  })

  it('knows nothing of a torrent that was removed', async () => {
    const resumeStore = new MemoryResumeStore()
    const first = await openClientWith({ resumeStore })
    const { torrent } = await addTestTorrent(first)
    torrent.pause()
    await first.client.remove(torrent.id)
    await first.client.close()
    const second = await openClientWith({ resumeStore })
    expect(await second.client.restore()).toEqual({ torrents: [], failures: [] })
  })

  it('names the torrents that cannot come back, keeps what is known of them, and brings the others', async () => {
    const resumeStore = new MemoryResumeStore()
    const first = await openClientWith({ resumeStore })
    const sound = await addTestTorrent(first, createTestTorrent({ name: 'sound' }))
    const homeless = await addTestTorrent(first, createTestTorrent({ name: 'homeless' }))
    await first.client.close()
    await resumeStore.save('damaged', Uint8Array.of(1, 2, 3))
    const second = await openClientWith({ resumeStore })
    const failure = new Error('the disk is gone')
    second.library.beforeOpen = (id) => (id === homeless.torrent.id ? Promise.reject(failure) : undefined)
    const { torrents, failures } = await second.client.restore()
    expect(torrents.map(({ id }) => id)).toEqual([sound.torrent.id])
    expect(failures).toHaveLength(2)
    expect(failures).toContainEqual({ id: homeless.torrent.id, error: failure })
    expect(failures).toContainEqual({
      id: 'damaged',
      error: expect.objectContaining({ code: 'CLIENT_INVALID_RESUME_DATA' }),
    })
    expect(await resumeStore.load(homeless.torrent.id)).toBeDefined()
    second.library.beforeOpen = () => {}
    expect((await second.client.restore()).torrents.map(({ id }) => id)).toEqual([homeless.torrent.id])
  })

  it('brings hundreds of torrents back, more than open at once', async () => {
    const resumeStore = new MemoryResumeStore()
    const wishes = new TorrentWishes().toSaved()
    for (let index = 0; index < 300; index++) {
      const magnetUri = `magnet:?xt=urn:btih:${String(index + 1).padStart(40, '0')}`
      await resumeStore.save(`torrent-${index}`, encodeResumeRecord({ kind: 'own', magnetUri, wishes }))
    }
    const { client, swarm } = await openClientWith({ resumeStore })
    const { torrents, failures } = await client.restore()
    expect([torrents.length, failures, client.list().length]).toEqual([300, [], 300])
    expect(swarm.sessions[0]?.requests).toHaveLength(300)
  })

  it('is given up with the reason of the signal', async () => {
    const resumeStore = new MemoryResumeStore()
    await resumeStore.save('damaged', Uint8Array.of(1))
    const { client } = await openClientWith({ resumeStore })
    const reason = new Error('no time')
    expect(await rejectionOf(client.restore({ signal: AbortSignal.abort(reason) }))).toBe(reason)
  })
})

describe('what a resume store keeps', () => {
  it('is there when add resolves; without it the torrent is not', async () => {
    const resumeStore = new MemoryResumeStore()
    const failure = new Error('the folder is read-only')
    const { client, library } = await openClientWith({
      resumeStore: { ...storeOn(resumeStore), save: () => Promise.reject(failure) },
    })
    expect(await rejectionOf(client.add(createTestTorrent().torrentFile))).toBe(failure)
    expect([client.list(), library.openStorages]).toEqual([[], []])
  })

  it('is what add rejects for, also where the torrent cannot be taken out well', async () => {
    const resumeStore = new MemoryResumeStore()
    const failure = new Error('the folder is read-only')
    const { client, library, warnings } = await openClientWith({
      resumeStore: { ...storeOn(resumeStore), save: () => Promise.reject(failure) },
    })
    library.before = ({ name }) => (name === 'close' ? Promise.reject(new Error('stays open')) : undefined)
    expect(await rejectionOf(client.add(createTestTorrent().torrentFile))).toBe(failure)
    expect(client.list()).toEqual([])
    expect(warnings).toEqual(['the storage of a torrent that failed did not close well'])
  })

  it('follows every change, and a save that fails later is an event', async () => {
    const resumeStore = new MemoryResumeStore()
    let save = resumeStore.save.bind(resumeStore)
    const fakes = await openClientWith({
      resumeStore: { ...storeOn(resumeStore), save: (id, record) => save(id, record) },
    })
    const { torrent } = await addTestTorrent(fakes)
    torrent.pause()
    await everythingDue()
    const record = decodeResumeRecord(torrent.id, (await resumeStore.load(torrent.id)) ?? new Uint8Array())
    expect(record.wishes.paused).toBe(true)
    const failure = new Error('the disk is full')
    save = () => Promise.reject(failure)
    const failed = once(fakes.client, 'resumeSaveFailed')
    torrent.resume()
    expect(await failed).toEqual([{ id: torrent.id, error: failure }])
  })

  it('is read as it was written, and refused when damaged', () => {
    const id = 'x' as TorrentId
    const wishes = new TorrentWishes({ paused: true, filePriorities: [0, 4] }).toSaved()
    const record = {
      kind: 'files' as const,
      savePath: '/a\nb',
      wishes,
      torrentFile: Uint8Array.of(1, 2, 10),
      resumeData: Uint8Array.of(10, 3),
    }
    const bytes = encodeResumeRecord(record)
    expect(decodeResumeRecord(id, bytes)).toEqual(record)
    const invalid = expect.objectContaining({ code: 'CLIENT_INVALID_RESUME_DATA' })
    for (const damaged of [
      bytes.slice(0, -1),
      bytes.slice(1),
      Buffer.from('bae-resume-1\n{}\n'),
      new Uint8Array(),
    ]) {
      expect(() => decodeResumeRecord(id, damaged)).toThrow(invalid)
    }
  })
})

/** Its methods as properties, so that one can be another. */
function storeOn(store: MemoryResumeStore) {
  return {
    save: store.save.bind(store),
    load: store.load.bind(store),
    list: store.list.bind(store),
    delete: store.delete.bind(store),
  }
}
