import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ClientError } from '../src/errors.js'
import { FullDiskRetry } from '../src/full-disk-retry.js'
import { FakeError } from '../src/testing/index.js'
import { addTestTorrent, deliverAll, everythingDue, openClient } from './open-client.js'

const full = new FakeError('STORAGE_NO_SPACE', 'full')

describe('a torrent whose storage is full', () => {
  it('only uploads, and goes on by itself when there is room', async () => {
    const fakes = await openClient({ fullDiskRetry: { firstMs: 1, longestMs: 4 } })
    const { torrent, test } = await addTestTorrent(fakes)
    const storage = fakes.library.storageOf(torrent.id)
    let attempts = 0
    storage.before = ({ name }) => {
      if (name !== 'writePiece' || ++attempts > 3) return
      throw full
    }
    const events: string[] = []
    torrent.on('uploadModeEntered', ({ error }) => events.push(error.code))
    torrent.on('uploadModeLeft', () => events.push('left'))
    const left = once(torrent, 'uploadModeLeft')
    torrent.connectPeer(fakes.swarm.seed(test.torrentFile, test.bytes))
    await torrent.whenFinished()
    expect(await left).toEqual([{ id: torrent.id }])
    expect(attempts).toBeGreaterThan(3)
    expect(events).toEqual(['STORAGE_NO_SPACE', 'left'])
    await once(fakes.client, 'statusUpdated')
    expect(torrent.status).toMatchObject({ state: 'seeding', uploadMode: false })
    expect(torrent.status).not.toHaveProperty('error')
  })

  it('says so, with the error of the storage, and says when a piece was stored again', async () => {
    const fakes = await openClient({ fullDiskRetry: { firstMs: 1, longestMs: 1 } })
    const { torrent, test } = await addTestTorrent(fakes)
    const storage = fakes.library.storageOf(torrent.id)
    storage.before = ({ name }) => (name === 'writePiece' ? Promise.reject(full) : undefined)
    const entered = once(torrent, 'uploadModeEntered')
    await fakes.swarm.deliverPiece(torrent.id, 0)
    expect(await entered).toMatchObject([
      { id: torrent.id, error: { code: 'STORAGE_NO_SPACE', cause: full } },
    ])
    expect(torrent.status.error).toMatchObject({ cause: full })
    const left = once(torrent, 'uploadModeLeft')
    storage.before = () => {}
    while (fakes.swarm.torrent(torrent.id).status().uploadMode) await once(fakes.client, 'statusUpdated')
    await deliverAll(fakes, torrent, test.pieceCount)
    await left
  })

  it('is not tried again once that was stopped, whatever the session still tells', async () => {
    const told: string[] = []
    const tell = (what: string) => () => void told.push(what)
    const retry = new FullDiskRetry(
      { retry: tell('retry'), entered: tell('entered'), left: tell('left') },
      { firstMs: 1, longestMs: 1 },
    )
    retry.stop()
    retry.observe(new ClientError('STORAGE_NO_SPACE', 'full'))
    expect(told).toEqual([])
  })

  it('is left alone once it is removed', async () => {
    const fakes = await openClient({ fullDiskRetry: { firstMs: 1, longestMs: 1 } })
    const { torrent } = await addTestTorrent(fakes)
    fakes.library.storageOf(torrent.id).before = ({ name }) =>
      name === 'writePiece' ? Promise.reject(full) : undefined
    await fakes.swarm.deliverPiece(torrent.id, 0)
    await fakes.client.remove(torrent.id)
    await everythingDue()
    expect(fakes.swarm.sessions[0]?.torrents).toEqual([])
  })
})
