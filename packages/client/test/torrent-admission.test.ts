import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createTestTorrent, FakeError } from '../src/testing/index.js'
import { addTestTorrent, bitsOf, createHeld, deliverAll, openClient, rejectionOf } from './open-client.js'

const refused = new FakeError('NATIVE_INVALID_SETTING', 'refused')

describe('adding to the session', () => {
  it('opens the storage first and tells libtorrent what it holds', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    await fakes.swarm.deliverPiece(torrent.id, 1)
    await fakes.swarm.deliverPiece(torrent.id, 4)
    await fakes.client.remove(torrent.id)
    const opened: number[] = []
    fakes.swarm.beforeAdd = () => {
      opened.push(fakes.library.openStorages.length)
    }
    const again = await fakes.client.add({ torrentFile: test.torrentFile }, { id: torrent.id })
    expect(opened).toEqual([1])
    expect(fakes.swarm.sessions[0]?.requests.at(-1)).toMatchObject({
      torrentId: torrent.id,
      havePieces: bitsOf(test.pieceCount, [1, 4]),
    })
    expect(again.status).toMatchObject({ completedPieces: 2, totalPieces: test.pieceCount })
    await again.whenPiece(4)
    await fakes.swarm.deliverPiece(torrent.id, 0)
    expect(fakes.library.openStorages).toHaveLength(1)
  })

  it('leaves nothing open when libtorrent refuses', async () => {
    const fakes = await openClient()
    const { torrentFile } = createTestTorrent()
    fakes.swarm.beforeAdd = () => Promise.reject(refused)
    expect(await rejectionOf(fakes.client.add({ torrentFile }))).toBe(refused)
    expect(fakes.library.storages).toHaveLength(1)
    expect(fakes.library.openStorages).toHaveLength(0)
    expect(fakes.client.list()).toEqual([])
    fakes.swarm.beforeAdd = () => {}
    await fakes.client.add({ torrentFile })
  })

  it('asks libtorrent nothing when the storage does not open', async () => {
    const fakes = await openClient()
    const failure = new FakeError('STORAGE_NO_SPACE', 'full')
    fakes.library.beforeOpen = () => Promise.reject(failure)
    expect(await rejectionOf(fakes.client.add({ torrentFile: createTestTorrent().torrentFile }))).toBe(
      failure,
    )
    expect(fakes.swarm.sessions[0]?.requests).toEqual([])
    expect(fakes.client.list()).toEqual([])
  })

  it('takes the torrent out again when it was aborted while libtorrent took it in', async () => {
    const fakes = await openClient()
    const aborter = new AbortController()
    const held = createHeld()
    fakes.swarm.beforeAdd = () => held.promise
    const { torrentFile } = createTestTorrent()
    const adding = rejectionOf(fakes.client.add({ torrentFile }, { signal: aborter.signal }))
    await once(fakes.client, 'statusUpdated')
    const reason = new Error('changed my mind')
    aborter.abort(reason)
    held.release()
    expect(await adding).toBe(reason)
    expect(fakes.swarm.sessions[0]?.torrents).toEqual([])
    expect(fakes.library.openStorages).toEqual([])
  })

  it('says the same of bad contents, a double and a closed session, whichever room noticed', async () => {
    const codes = {
      NATIVE_INVALID_TORRENT: 'CLIENT_INVALID_SOURCE',
      NATIVE_DUPLICATE_TORRENT: 'CLIENT_DUPLICATE_TORRENT',
      NATIVE_SESSION_CLOSED: 'CLIENT_CLOSED',
    }
    const fakes = await openClient()
    for (const [below, code] of Object.entries(codes)) {
      const cause = new FakeError(below, 'refused')
      fakes.swarm.beforeAdd = () => Promise.reject(cause)
      const adding = fakes.client.add({ torrentFile: createTestTorrent().torrentFile })
      expect(await rejectionOf(adding)).toMatchObject({ code, cause })
    }
  })
})

describe('pieces that the storage lost', () => {
  it('are fetched again, on the same Torrent and the same storage', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    torrent.connectPeer(fakes.swarm.seed(test.torrentFile, test.bytes))
    await torrent.whenFinished()
    fakes.library.storageOf(torrent.id).losePieces([1, 3])
    expect(torrent.status.completedPieces).toBe(test.pieceCount - 2)
    await torrent.whenFinished()
    const [session] = fakes.swarm.sessions
    expect(session?.requests).toHaveLength(2)
    expect(session?.requests[1]?.havePieces).toEqual(bitsOf(test.pieceCount, [0, 2, 4, 5]))
    expect(session?.dialled).toHaveLength(2)
    expect(fakes.library.storages).toHaveLength(1)
    expect(fakes.client.get(torrent.id)).toBe(torrent)
    expect(fakes.library.completedPieces(torrent.id)).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('cost one turn in the session however many reports there are', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    await deliverAll(fakes, torrent, test.pieceCount)
    const storage = fakes.library.storageOf(torrent.id)
    for (const piece of [0, 1, 2]) storage.losePieces([piece])
    for (const piece of [0, 1, 2]) {
      expect(await rejectionOf(torrent.whenPiece(piece, { signal: AbortSignal.abort(refused) }))).toBe(
        refused,
      )
    }
    torrent.connectPeer(fakes.swarm.seed(test.torrentFile, test.bytes))
    await torrent.whenFinished()
    expect(fakes.swarm.sessions[0]?.requests).toHaveLength(2)
  })

  it('of a torrent from a magnet link need no metadata from the swarm again', async () => {
    const fakes = await openClient()
    const test = createTestTorrent({ trackers: ['udp://127.0.0.1:9'] })
    const seed = fakes.swarm.seed(test.torrentFile, test.bytes)
    const torrent = await fakes.client.add({ magnetUri: test.magnetUri }, { peers: [seed] })
    await torrent.whenFinished()
    fakes.library.storageOf(torrent.id).losePieces([0])
    await torrent.whenFinished()
    const request = fakes.swarm.sessions[0]?.requests[1]
    expect(request).not.toHaveProperty('magnetUri')
    const parsed = fakes.swarm.parseTorrentFile(request?.torrentFile ?? new Uint8Array())
    expect(parsed.layout.infoHashV1).toBe(test.infoHashV1)
    expect(parsed.trackers).toEqual(['udp://127.0.0.1:9'])
  })

  it('fail the torrent when it cannot be added again, and leave nothing open', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    await deliverAll(fakes, torrent, test.pieceCount)
    fakes.swarm.beforeAdd = () => Promise.reject(refused)
    const failed = once(torrent, 'torrentFailed')
    fakes.library.storageOf(torrent.id).losePieces([0])
    expect(await failed).toMatchObject([{ error: { code: 'CLIENT_TORRENT_FAILED', cause: refused } }])
    expect(fakes.library.openStorages).toEqual([])
    fakes.swarm.beforeAdd = () => {}
    torrent.connectPeer(fakes.swarm.seed(test.torrentFile, test.bytes))
    torrent.resume()
    while (torrent.status.state !== 'seeding') await once(fakes.client, 'statusUpdated')
  })
})
