import { once } from 'node:events'
import { FakeSwarm } from '@bae/native/testing'
import type { TorrentId } from '@bae/storage'
import { describe, expect, it } from 'vitest'
import { MemoryResumeStore } from '../src/resume-store.js'
import { createTestTorrent, FakeError, MapLibrary, MapStorage, pieceBytesOf } from '../src/testing/index.js'
import { TorrentClient } from '../src/torrent-client.js'
import {
  addTestTorrent,
  createClient,
  createHeld,
  deliverAll,
  everythingDue,
  openClient,
  openClientWith,
  rejectionOf,
} from './open-client.js'

describe('starting a TorrentClient', () => {
  it('does nothing before start', async () => {
    const { client, swarm } = createClient()
    expect(swarm.sessions).toEqual([])
    expect(() => client.listenPort).toThrow(expect.objectContaining({ code: 'CLIENT_NOT_STARTED' }))
    const adding = client.add({ torrentFile: createTestTorrent().torrentFile })
    expect(await rejectionOf(adding)).toMatchObject({ code: 'CLIENT_NOT_STARTED' })
  })

  it('opens one session however often it is started', async () => {
    const { client, swarm } = createClient()
    await Promise.all([client.start(), client.start()])
    await client.start()
    expect(swarm.sessions).toHaveLength(1)
    expect(client.listenPort).toBe(swarm.sessions[0]?.listenPort)
  })

  it('can be started again after a start that failed', async () => {
    const swarm = new FakeSwarm()
    const missing = new FakeError('NATIVE_BINDING_NOT_FOUND', 'no addon')
    let attempts = 0
    const client = new TorrentClient({
      createStorage: new MapLibrary().createStorage,
      parseTorrentFile: swarm.parseTorrentFile,
      createSession: (options) => (++attempts === 1 ? Promise.reject(missing) : swarm.createSession(options)),
    })
    expect(await rejectionOf(client.start())).toBe(missing)
    await client.start()
    expect(client.listenPort).toBe(swarm.sessions[0]?.listenPort)
    await client.close()
  })

  it('gives the session what the options say', async () => {
    const { swarm } = await openClient({
      listenInterfaces: '127.0.0.1:0',
      maxPendingWriteBytes: 1_000_000,
      storageDeadlineMs: 7_000,
      enableDht: false,
    })
    expect(swarm.sessions[0]?.options).toMatchObject({
      listenInterfaces: '127.0.0.1:0',
      maxPendingWriteBytes: 1_000_000,
      storageDeadlineMs: 7_000,
      settings: { enable_dht: false, max_out_request_queue: 1000 },
    })
  })
})

describe('adding', () => {
  it('brings a torrent from the swarm into the storage, byte for byte', async () => {
    const fakes = await openClient()
    const test = createTestTorrent()
    const seed = fakes.swarm.seed(test.torrentFile, test.bytes)
    const added = once(fakes.client, 'torrentAdded')
    const torrent = await fakes.client.add({ torrentFile: test.torrentFile }, { peers: [seed] })
    expect(await added).toEqual([{ id: torrent.id }])
    await torrent.whenFinished()
    const storage = fakes.library.storageOf(torrent.id)
    for (let piece = 0; piece < test.pieceCount; piece++) {
      const bytes = pieceBytesOf(test, piece)
      expect(await storage.readPiece(piece, 0, bytes.length)).toEqual(bytes)
    }
    expect(fakes.client.list()).toEqual([torrent])
  })

  it('keeps the id that the caller gives, and refuses it for a second torrent', async () => {
    const { client } = await openClient()
    const id = '0190a000-0000-7000-8000-000000000001' as TorrentId
    const torrent = await client.add({ torrentFile: createTestTorrent().torrentFile }, { id })
    expect([torrent.id, client.get(id)]).toEqual([id, torrent])
    const other = client.add({ torrentFile: createTestTorrent({ name: 'other' }).torrentFile }, { id })
    expect(await rejectionOf(other)).toMatchObject({ code: 'CLIENT_DUPLICATE_TORRENT' })
  })

  it('resolves a double to the same Torrent, from whatever source', async () => {
    const { client, library } = await openClient()
    const { torrentFile, magnetUri } = createTestTorrent()
    const [first, second] = await Promise.all([client.add({ torrentFile }), client.add({ magnetUri })])
    expect(second).toBe(first)
    expect(await client.add({ torrentFile })).toBe(first)
    expect(library.storages).toHaveLength(1)
  })

  it('does not let a double fail because the first one was aborted', async () => {
    const { client, library } = await openClient()
    const held = createHeld()
    library.beforeOpen = () => held.promise
    const { torrentFile } = createTestTorrent()
    const aborter = new AbortController()
    const first = rejectionOf(client.add({ torrentFile }, { signal: aborter.signal }))
    const second = client.add({ torrentFile })
    const reason = new Error('changed my mind')
    aborter.abort(reason)
    held.release()
    expect(await first).toBe(reason)
    expect(client.get((await second).id)).toBe(await second)
  })

  it('adds paused when asked, and starts when resumed', async () => {
    const fakes = await openClient()
    const test = createTestTorrent()
    const seed = fakes.swarm.seed(test.torrentFile, test.bytes)
    const torrent = await fakes.client.add({ torrentFile: test.torrentFile }, { paused: true, peers: [seed] })
    expect(torrent.status).toMatchObject({ state: 'paused', completedPieces: 0 })
    torrent.resume()
    await torrent.whenFinished()
  })

  it('refuses nonsense before anything is opened', async () => {
    const { client, library } = await openClient()
    const sources = [{ torrentFile: Uint8Array.of(1, 2) }, { magnetUri: 'magnet:?dn=nothing' }]
    for (const source of sources) {
      expect(await rejectionOf(client.add(source))).toMatchObject({ code: 'CLIENT_INVALID_SOURCE' })
    }
    expect([library.storages, client.list()]).toEqual([[], []])
  })

  it('opens the storage of a magnet link when its metadata comes', async () => {
    const fakes = await openClient()
    const test = createTestTorrent()
    const seed = fakes.swarm.seed(test.torrentFile, test.bytes)
    const torrent = await fakes.client.add({ magnetUri: test.magnetUri })
    expect(fakes.library.storages).toEqual([])
    torrent.connectPeer(seed)
    await torrent.whenFinished()
    expect(fakes.library.storages).toHaveLength(1)
  })
})

describe('the status', () => {
  it('that could not be read when it was asked for is told, and stays what it was', async () => {
    const fakes = await openClient()
    const [session] = fakes.swarm.sessions
    if (session === undefined) throw new Error('there is no session')
    session.torrentStatuses = () => {
      throw new Error('not now')
    }
    const { torrent } = await addTestTorrent(fakes)
    expect(torrent.status.state).toBe('opening')
    expect(fakes.warnings).toEqual(['the status of torrents could not be read'])
  })
})

describe('removing', () => {
  it('settles when the storage is closed, and rejects those who wait', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    await fakes.swarm.deliverPiece(torrent.id, 0)
    const held = createHeld()
    fakes.library.storageOf(torrent.id).before = ({ name }) => (name === 'close' ? held.promise : undefined)
    const waiting = rejectionOf(torrent.whenFinished())
    await everythingDue()
    const removed = once(fakes.client, 'torrentRemoved')
    let isSettled = false
    const removing = fakes.client.remove(torrent.id).then(() => {
      isSettled = true
    })
    expect(await waiting).toMatchObject({ code: 'CLIENT_TORRENT_REMOVED' })
    expect(isSettled).toBe(false)
    held.release()
    await removing
    expect(await removed).toEqual([{ id: torrent.id }])
    expect(fakes.client.get(torrent.id)).toBeUndefined()
    expect(fakes.library.completedPieces(torrent.id)).toEqual([0])
  })

  it('deletes the data when asked to', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    await fakes.swarm.deliverPiece(torrent.id, 0)
    await fakes.client.remove(torrent.id, { deleteData: true })
    expect(fakes.library.completedPieces(torrent.id)).toEqual([])
  })

  it('says that the storage did not close well, and has removed the torrent all the same', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const failure = new Error('cannot flush')
    fakes.library.storageOf(torrent.id).before = () => Promise.reject(failure)
    expect(await rejectionOf(fakes.client.remove(torrent.id))).toBe(failure)
    expect(fakes.client.list()).toEqual([])
    await fakes.client.close()
  })

  it('rejects with what failed first', async () => {
    const resumeStore = new MemoryResumeStore()
    const fakes = await openClientWith({ resumeStore })
    const { torrent } = await addTestTorrent(fakes)
    const first = new Error('the record stays')
    resumeStore.delete = () => Promise.reject(first)
    fakes.library.storageOf(torrent.id).before = ({ name }) =>
      name === 'close' ? Promise.reject(new Error('and so does the storage')) : undefined
    expect(await rejectionOf(fakes.client.remove(torrent.id))).toBe(first)
    expect(fakes.client.list()).toEqual([])
  })

  it('ends an addition that is on its way', async () => {
    const fakes = await openClient()
    const held = createHeld()
    fakes.library.beforeOpen = () => held.promise
    const id = '0190a000-0000-7000-8000-000000000002' as TorrentId
    const adding = rejectionOf(fakes.client.add({ torrentFile: createTestTorrent().torrentFile }, { id }))
    await once(fakes.client, 'statusUpdated')
    const removing = rejectionOf(fakes.client.remove(id))
    held.release()
    expect(await adding).toMatchObject({ code: 'CLIENT_TORRENT_REMOVED' })
    expect(await removing).toMatchObject({ code: 'CLIENT_UNKNOWN_TORRENT' })
    expect(fakes.library.openStorages).toEqual([])
  })

  it('lets a torrent be added again at once', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    const removing = fakes.client.remove(torrent.id)
    const again = await fakes.client.add({ torrentFile: test.torrentFile })
    await removing
    expect(again).not.toBe(torrent)
    expect(fakes.client.list()).toEqual([again])
  })

  it('names a torrent that it does not have', async () => {
    const { client } = await openClient()
    expect(await rejectionOf(client.remove('nobody' as TorrentId))).toMatchObject({
      code: 'CLIENT_UNKNOWN_TORRENT',
    })
  })
})

describe('closing', () => {
  it('closes the session and every storage, once, and rejects those who wait', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const closings: string[] = []
    fakes.library.storageOf(torrent.id).before = ({ name }) => {
      closings.push(name)
    }
    const waiting = rejectionOf(torrent.whenFinished())
    await everythingDue()
    await Promise.all([fakes.client.close(), fakes.client.close()])
    expect(await waiting).toMatchObject({ code: 'CLIENT_CLOSED' })
    expect(closings).toEqual(['close'])
    expect(fakes.swarm.sessions[0]?.isClosed).toBe(true)
  })

  it('closes a storage that libtorrent never heard of', async () => {
    const { client, library, swarm } = await openClient()
    swarm.beforeAdd = () => createHeld().promise
    const storage = new MapStorage(createTestTorrent().layout)
    client.registerStorage(7, 'registered' as TorrentId, storage)
    await client.close()
    expect([storage.isClosed, library.storages]).toEqual([true, []])
  })

  it('refuses everything afterwards', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    await fakes.client.close()
    const closed = { code: 'CLIENT_CLOSED' }
    expect(await rejectionOf(fakes.client.start())).toMatchObject(closed)
    expect(await rejectionOf(fakes.client.remove(torrent.id))).toMatchObject(closed)
    expect(await rejectionOf(fakes.client.add({ magnetUri: createTestTorrent().magnetUri }))).toMatchObject(
      closed,
    )
    expect(await rejectionOf(torrent.whenFinished())).toMatchObject(closed)
    expect(() => torrent.pause()).toThrow(expect.objectContaining(closed))
  })

  it('ends in time while a storage holds a write and never closes', async () => {
    const fakes = await openClient({ storageDeadlineMs: 30 })
    const { torrent } = await addTestTorrent(fakes)
    fakes.library.storageOf(torrent.id).before = () => createHeld().promise
    const delivering = fakes.swarm.deliverPiece(torrent.id, 0)
    const error = await rejectionOf(fakes.client.close())
    expect(error).toMatchObject({ errors: [{ code: 'CLIENT_CLOSE_TIMEOUT' }] })
    await delivering
  })

  it('ends an addition that is on its way', async () => {
    const fakes = await openClient()
    const held = createHeld()
    fakes.library.beforeOpen = () => held.promise
    const adding = rejectionOf(fakes.client.add({ torrentFile: createTestTorrent().torrentFile }))
    await once(fakes.client, 'statusUpdated')
    const closing = fakes.client.close()
    held.release()
    expect(await adding).toMatchObject({ code: 'CLIENT_CLOSED' })
    await closing
    expect(fakes.library.openStorages).toEqual([])
  })

  it('takes no torrent that comes while it closes, so that nobody waits for one for ever', async () => {
    const resumeStore = new MemoryResumeStore()
    const fakes = await openClientWith({ resumeStore })
    const { torrent, test } = await addTestTorrent(fakes)
    await deliverAll(fakes, torrent, test.pieceCount)
    while (torrent.status.downloadedBytes === 0) await everythingDue()
    const [arriving, saving] = [createHeld(), createHeld()]
    resumeStore.save = () => saving.promise
    async function* late() {
      await arriving.promise
      yield createTestTorrent({ name: 'late' }).torrentFile
    }
    const adding = rejectionOf(fakes.client.add(late()))
    const closing = fakes.client.close()
    arriving.release()
    expect(await adding).toMatchObject({ code: 'CLIENT_CLOSED' })
    expect(fakes.client.list()).toEqual([torrent])
    saving.release()
    await closing
  })

  it('works before a start, and as await using', async () => {
    const idle = createClient()
    await idle.client.close()
    const { client, swarm } = createClient()
    await client.start()
    await client[Symbol.asyncDispose]()
    expect(swarm.sessions[0]?.isClosed).toBe(true)
  })
})

describe('registerStorage', () => {
  it('puts a storage of the caller behind a torrent', async () => {
    const fakes = await openClient()
    const test = createTestTorrent()
    const id = '0190a000-0000-7000-8000-000000000003' as TorrentId
    const storage = new MapStorage(test.layout)
    fakes.client.registerStorage(1, id, storage)
    fakes.swarm.seed(test.torrentFile, test.bytes)
    await fakes.client.add({ torrentFile: test.torrentFile }, { id })
    await fakes.swarm.deliverPiece(id, 5)
    expect(await storage.readPiece(5, 0, 10)).toEqual(pieceBytesOf(test, 5).slice(0, 10))
    expect(fakes.library.storages).toEqual([])
  })

  it('refuses an index or a torrent that has one, and keeps nothing of the attempt', async () => {
    const { client } = await openClient()
    const { layout } = createTestTorrent()
    const duplicate = expect.objectContaining({ code: 'CLIENT_DUPLICATE_STORAGE' })
    client.registerStorage(1, 'a' as TorrentId, new MapStorage(layout))
    expect(() => client.registerStorage(1, 'b' as TorrentId, new MapStorage(layout))).toThrow(duplicate)
    expect(() => client.registerStorage(2, 'a' as TorrentId, new MapStorage(layout))).toThrow(duplicate)
    client.registerStorage(2, 'b' as TorrentId, new MapStorage(layout))
  })
})
