import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createTestTorrent } from '../src/testing/index.js'
import type { TorrentClient } from '../src/torrent-client.js'
import { addTestTorrent, createHeld, deliverAll, openClient, rejectionOf } from './open-client.js'

describe('a Torrent', () => {
  it('counts a piece when the storage has completed it, and announces it then', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    const held = createHeld()
    fakes.library.storageOf(torrent.id).before = ({ name }) =>
      name === 'completePiece' ? held.promise : undefined
    const announced: number[] = []
    torrent.on('pieceCompleted', ({ piece }) => announced.push(piece))
    const delivering = fakes.swarm.deliverPiece(torrent.id, 2)
    await once(fakes.client, 'alertReceived')
    expect(torrent.status.completedPieces).toBe(0)
    held.release()
    await delivering
    expect(torrent.status).toMatchObject({
      state: 'downloading',
      completedPieces: 1,
      totalPieces: test.pieceCount,
    })
    expect(announced).toEqual([2])
  })

  it('finishes with its last piece and is seeding then', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    const finished = once(torrent, 'torrentFinished')
    const when = torrent.whenFinished()
    await deliverAll(fakes, torrent, test.pieceCount)
    await when
    expect(await finished).toEqual([{ id: torrent.id }])
    expect(torrent.status).toMatchObject({ state: 'seeding', completedPieces: test.pieceCount })
  })

  it('serves what it completed to peers', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    await fakes.swarm.deliverPiece(torrent.id, 1)
    const served = await fakes.swarm.requestPiece(torrent.id, 1, { offset: 10, length: 20 })
    const start = test.layout.pieceLengthBytes + 10
    expect(served).toEqual(test.bytes.slice(start, start + 20))
  })

  it('announces a bad piece and keeps nothing of it', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const failed = once(torrent, 'hashFailed')
    await fakes.swarm.deliverPiece(torrent.id, 3, { corrupt: true })
    expect(await failed).toEqual([{ id: torrent.id, piece: 3 }])
    expect(fakes.library.completedPieces(torrent.id)).toEqual([])
    await fakes.swarm.deliverPiece(torrent.id, 3)
    await torrent.whenPiece(3)
  })

  it('pauses, resumes and dials', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    torrent.pause()
    await once(fakes.client, 'statusUpdated')
    expect(torrent.status.state).toBe('paused')
    torrent.resume()
    torrent.connectPeer(fakes.swarm.seed(test.torrentFile, test.bytes))
    await torrent.whenFinished()
  })

  it('fails with the storage error as the cause, and rejects those who wait', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const cause = Object.assign(new Error('the disk is gone'), { code: 'STORAGE_IO' })
    fakes.library.storageOf(torrent.id).before = ({ name }) =>
      name === 'writePiece' ? Promise.reject(cause) : undefined
    const waiting = rejectionOf(torrent.whenFinished())
    const failed = once(torrent, 'torrentFailed')
    await fakes.swarm.deliverPiece(torrent.id, 0)
    const failure = { code: 'CLIENT_TORRENT_FAILED', cause }
    expect(await waiting).toMatchObject(failure)
    expect(await failed).toMatchObject([{ id: torrent.id, error: failure }])
    expect(torrent.status).toMatchObject({ state: 'failed', error: failure })
  })

  it('goes on after a failure when it is resumed, with what the storage has', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    await fakes.swarm.deliverPiece(torrent.id, 4)
    fakes.swarm.failTorrent(torrent.id, { code: 'EIO', message: 'input/output error' })
    expect(await rejectionOf(torrent.whenFinished())).toMatchObject({ code: 'CLIENT_TORRENT_FAILED' })
    torrent.connectPeer(fakes.swarm.seed(test.torrentFile, test.bytes))
    torrent.resume()
    await untilState(fakes.client, () => torrent.status.state === 'seeding')
    expect(fakes.library.completedPieces(torrent.id)).toEqual([0, 1, 2, 3, 4, 5])
    expect(torrent.status).not.toHaveProperty('error')
  })

  it.each(['STORAGE_DATABASE', 'STORAGE_FENCED'])(
    'fails when a piece cannot be completed (%s), as it would stand still for ever',
    async (code) => {
      const fakes = await openClient()
      const { torrent } = await addTestTorrent(fakes)
      const cause = Object.assign(new Error('not recorded'), { code })
      const storage = fakes.library.storageOf(torrent.id)
      storage.before = ({ name }) => (name === 'completePiece' ? Promise.reject(cause) : undefined)
      const waiting = rejectionOf(torrent.whenPiece(0))
      await fakes.swarm.deliverPiece(torrent.id, 0)
      expect(await waiting).toMatchObject({ code: 'CLIENT_TORRENT_FAILED', cause })
      expect(torrent.status).toMatchObject({ state: 'failed', error: { cause } })
    },
  )

  it('only uploads while there is no space, says so, and goes on by itself', async () => {
    const fakes = await openClient()
    const { torrent, test } = await addTestTorrent(fakes)
    const cause = Object.assign(new Error('full'), { code: 'STORAGE_NO_SPACE' })
    const storage = fakes.library.storageOf(torrent.id)
    storage.before = ({ name }) => (name === 'writePiece' ? Promise.reject(cause) : undefined)
    const finished = torrent.whenFinished()
    await fakes.swarm.deliverPiece(torrent.id, 0)
    await untilState(fakes.client, () => torrent.status.error !== undefined)
    expect(torrent.status).toMatchObject({ state: 'downloading', error: { code: 'STORAGE_NO_SPACE', cause } })
    storage.before = () => {}
    fakes.swarm.leaveUploadMode(torrent.id)
    await deliverAll(fakes, torrent, test.pieceCount)
    await finished
    await untilState(fakes.client, () => torrent.status.error === undefined)
    expect(torrent.status.state).toBe('seeding')
  })

  it('has no layout before its metadata', async () => {
    const fakes = await openClient()
    const test = createTestTorrent({ trackers: ['udp://127.0.0.1:9'] })
    fakes.swarm.seed(test.torrentFile, test.bytes)
    const torrent = await fakes.client.add({ magnetUri: test.magnetUri })
    expect(torrent.layout).toBeUndefined()
    expect(torrent.status).toMatchObject({ state: 'fetchingMetadata', completedPieces: 0 })
    const received = once(torrent, 'metadataReceived')
    fakes.swarm.deliverMetadata(torrent.id)
    expect(await torrent.whenMetadata()).toEqual(test.layout)
    expect(await received).toEqual([{ id: torrent.id, layout: test.layout }])
    expect(torrent.metadata).toEqual(test.metadata)
  })
})

async function untilState(client: TorrentClient, condition: () => boolean): Promise<void> {
  while (!condition()) await once(client, 'statusUpdated')
}
