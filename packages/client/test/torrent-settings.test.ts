import { once } from 'node:events'
import type { FakeSession } from '@bae/native/testing'
import { describe, expect, it, vi } from 'vitest'
import { createTestTorrent } from '../src/testing/index.js'
import {
  addTestTorrent,
  bitsOf,
  createHeld,
  deliverAll,
  everythingDue,
  openClient,
  rejectionOf,
} from './open-client.js'

const tracker = 'udp://127.0.0.1:9/a'

describe('what is set for a torrent', () => {
  it('reaches the session when it is added', async () => {
    const { client, swarm } = await openClient({ enablePex: false })
    await client.add(createTestTorrent().torrentFile, {
      limits: { maxUploads: 3 },
      sequential: true,
      superSeeding: true,
      trackers: [tracker],
      webSeeds: ['http://127.0.0.1:9/'],
    })
    expect(swarm.sessions[0]?.requests[0]).toMatchObject({
      limits: { maxUploads: 3 },
      flags: { sequentialDownload: true, superSeeding: true, disablePex: true },
      trackers: [{ url: tracker }],
      webSeeds: ['http://127.0.0.1:9/'],
    })
    expect(swarm.sessions[0]?.requests[0]?.flags).not.toHaveProperty('autoManaged')
  })

  it('reaches the session at once', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const [session] = fakes.swarm.sessions
    torrent.setLimits({ downloadBytesPerSecond: 1000 })
    torrent.setLimits({ maxConnections: 5 })
    torrent.setSequential(true)
    torrent.setSuperSeeding(true)
    torrent.trackers.add({ url: tracker, tier: 2 })
    torrent.trackers.announce()
    torrent.trackers.scrape()
    torrent.webSeeds.add('http://127.0.0.1:9/a')
    torrent.webSeeds.add('http://127.0.0.1:9/b')
    torrent.webSeeds.remove('http://127.0.0.1:9/a')
    expect(session?.torrentLimits(1)).toMatchObject({ downloadBytesPerSecond: 1000, maxConnections: 5 })
    expect(session?.torrentFlags(1)).toMatchObject({ sequentialDownload: true, superSeeding: true })
    expect(torrent.trackers.list()).toMatchObject([{ url: tracker, tier: 2, sources: ['client'] }])
    expect(torrent.webSeeds.list()).toEqual(['http://127.0.0.1:9/b'])
    const { announces, scrapes } = fakes.swarm.torrent(torrent.id).control
    expect([announces, scrapes]).toEqual([1, 1])
  })

  it('holds when the torrent is added to the session again', async () => {
    const fakes = await openClient()
    const test = createTestTorrent({ trackers: ['udp://127.0.0.1:9/own'] })
    const { torrent } = await addTestTorrent(fakes, test)
    await deliverAll(fakes, torrent, test.pieceCount)
    torrent.setLimits({ maxUploads: 4 })
    torrent.setSequential(true)
    torrent.trackers.replace([tracker])
    torrent.webSeeds.add('http://127.0.0.1:9/b')
    fakes.library.storageOf(torrent.id).losePieces([0])
    while (fakes.swarm.sessions[0]?.requests.length !== 2) await everythingDue()
    await once(fakes.client, 'statusUpdated')
    const [session] = fakes.swarm.sessions
    expect(session?.torrentLimits(2).maxUploads).toBe(4)
    expect(session?.torrentFlags(2).sequentialDownload).toBe(true)
    expect(torrent.trackers.list().map(({ url }) => url)).toEqual([tracker])
    expect(torrent.webSeeds.list()).toEqual(['http://127.0.0.1:9/b'])
    // Before the trackers were others, none was to be asked.
    expect(session?.requests[1]?.paused).toBe(true)
    expect(session?.torrentFlags(2).paused).toBe(false)
  })

  it('is refused as the session refuses it, and not kept', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const invalid = expect.objectContaining({ code: 'NATIVE_INVALID_ARGUMENT' })
    expect(() => torrent.setLimits({ maxConnections: 1 })).toThrow(invalid)
    torrent.setLimits({ maxUploads: 2 })
    expect(fakes.swarm.sessions[0]?.torrentLimits(1)).toMatchObject({ maxConnections: 0, maxUploads: 2 })
  })

  it('is refused when the torrent is gone, and nothing is listed', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    await fakes.client.remove(torrent.id)
    const removed = expect.objectContaining({ code: 'CLIENT_TORRENT_REMOVED' })
    for (const call of [
      () => torrent.setSequential(true),
      () => torrent.select(0),
      () => torrent.trackers.add(tracker),
      () => torrent.webSeeds.add('http://127.0.0.1:9/'),
    ]) {
      expect(call).toThrow(removed)
    }
    expect(await rejectionOf(torrent.recheck())).toEqual(removed)
    expect([torrent.peers(), torrent.trackers.list(), torrent.webSeeds.list()]).toEqual([[], [], []])
  })
})

describe('what is seen of a torrent', () => {
  it('are its peers and its pieces', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    expect(torrent.peers()).toEqual([])
    await fakes.swarm.deliverPiece(torrent.id, 1)
    expect(torrent.pieces()).toEqual({
      totalPieces: test.pieceCount,
      completed: bitsOf(test.pieceCount, [1]),
      availability: [0, 0, 0, 0, 0, 0],
    })
    torrent.connectPeer(fakes.swarm.seed(test.torrentFile, test.bytes))
    expect(torrent.peers()).toMatchObject([{ seed: true, progress: 1 }])
    expect(torrent.infoHashes).toEqual([test.infoHashV1])
    expect(torrent.listenPort).toBe(fakes.client.listenPort)
  })
})

describe('a recheck', () => {
  it('ends when every piece was compared, and what is wrong is fetched again', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    await deliverAll(fakes, torrent, test.pieceCount)
    const storage = fakes.library.storageOf(torrent.id)
    await storage.writePiece(2, 0, new Uint8Array(test.pieceLengthBytes))
    await storage.completePiece(2)
    await torrent.recheck()
    expect(torrent.pieces()?.completed).toEqual(bitsOf(test.pieceCount, [0, 1, 3, 4, 5]))
    await everythingDue()
    expect(fakes.library.completedPieces(torrent.id)).toEqual([0, 1, 3, 4, 5])
    torrent.connectPeer(fakes.swarm.seed(test.torrentFile, test.bytes))
    await torrent.whenFinished()
  })

  it('is given up with the reason of the signal, or with the torrent', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const reason = new Error('no time')
    expect(await rejectionOf(torrent.recheck({ signal: AbortSignal.abort(reason) }))).toBe(reason)
    const checking = rejectionOf(torrent.recheck())
    await fakes.client.close()
    expect(await checking).toMatchObject({ code: 'CLIENT_CLOSED' })
  })
})

describe('a recheck of a torrent that is not there just then', () => {
  it('begins when the torrent is in the session again', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    await fakes.swarm.deliverPiece(torrent.id, 0)
    const held = createHeld()
    fakes.swarm.beforeAdd = () => held.promise
    fakes.library.storageOf(torrent.id).losePieces([0])
    await everythingDue()
    const [session] = fakes.swarm.sessions
    const recheck = vi.spyOn(session as FakeSession, 'recheckTorrent')
    const checking = torrent.recheck()
    held.release()
    await checking
    expect(recheck).toHaveBeenCalledOnce()
  })

  it('leaves nothing behind where the session refuses it', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const refused = new Error('not now')
    const [session] = fakes.swarm.sessions
    if (session === undefined) throw new Error('there is no session')
    session.recheckTorrent = () => {
      throw refused
    }
    expect(await rejectionOf(torrent.recheck())).toBe(refused)
    // A wait that nobody knows of would be rejected now.
    await fakes.client.close()
    await everythingDue()
  })
})

describe('a private torrent', () => {
  const test = createTestTorrent({ name: 'private', isPrivate: true })

  it('takes no peers but those of its trackers', async () => {
    const { client } = await openClient()
    const peers = [{ host: '127.0.0.1', port: 9 }]
    const refused = expect.objectContaining({ code: 'CLIENT_PRIVATE_TORRENT' })
    expect(await rejectionOf(client.add(test.torrentFile, { peers }))).toEqual(refused)
    const torrent = await client.add(test.torrentFile)
    expect(torrent.isPrivate).toBe(true)
    expect(() => torrent.connectPeer({ host: '127.0.0.1', port: 9 })).toThrow(refused)
  })

  it('forgets the peers of its magnet link once it is known for one', async () => {
    const fakes = await openClient()
    const { port } = fakes.swarm.seed(test.torrentFile, test.bytes)
    const torrent = await fakes.client.add(`${test.magnetUri}&x.pe=127.0.0.1:${port}`)
    await torrent.whenFinished()
    expect(torrent.isPrivate).toBe(true)
    const [session] = fakes.swarm.sessions
    expect(session?.dialled).toHaveLength(1)
    fakes.library.storageOf(torrent.id).losePieces([0])
    while (session?.requests.length !== 2) await everythingDue()
    while (torrent.status.state !== 'downloading') await everythingDue()
    expect(session?.dialled).toHaveLength(1)
  })
})
