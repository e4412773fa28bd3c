import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createTestTorrent } from '../src/testing/index.js'
import { addTestTorrent, everythingDue, openClient, rejectionOf } from './open-client.js'

describe('what the session reports', () => {
  it('can be listened to raw', async () => {
    const fakes = await openClient()
    const alert = { type: 'peerConnected', handle: 1, peer: '127.0.0.1:1' } as const
    const received = once(fakes.client, 'alertReceived')
    fakes.swarm.sessions[0]?.options.onAlert(alert)
    expect(await received).toEqual([{ alert }])
  })

  it('says which socket could not listen', async () => {
    const fakes = await openClient()
    const failed = once(fakes.client, 'listenFailed')
    const details = { address: '127.0.0.1', port: 80, message: 'not allowed' }
    fakes.swarm.sessions[0]?.options.onAlert({ type: 'listenFailed', ...details })
    expect(await failed).toEqual([details])
  })

  it('finds a stopped torrent even when its alert was dropped', async () => {
    const fakes = await openClient({ statusIntervalMs: 1_000_000 })
    const { torrent } = await addTestTorrent(fakes)
    await everythingDue()
    const stopped = fakes.swarm.torrent(torrent.id)
    const { status } = stopped
    stopped.status = () => ({
      ...status.call(stopped),
      paused: true,
      error: { code: 'EIO', message: 'gone' },
    })
    expect(torrent.status.state).toBe('downloading')
    fakes.swarm.sessions[0]?.options.onAlert({ type: 'alertsDropped' })
    expect(torrent.status).toMatchObject({ state: 'failed', error: { code: 'CLIENT_TORRENT_FAILED' } })
    expect(fakes.warnings).toContain('libtorrent dropped alerts')
  })

  it('is of no account when it is about a torrent that is gone', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const { options } = fakes.swarm.sessions[0] ?? {}
    await fakes.client.remove(torrent.id)
    options?.onAlert({ type: 'hashFailed', handle: 1, piece: 0 })
    options?.onAlert({ type: 'storageError', handle: 1, code: 'EIO', message: 'late' })
    expect(fakes.client.list()).toEqual([])
  })

  it('fails a torrent whose piece could not be completed, and stops it in the session', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const cause = new Error('no rows')
    fakes.library.storageOf(torrent.id).before = () => Promise.reject(cause)
    const completing = fakes.swarm.sessions[0]?.options.handler?.completePiece(1, 0)
    expect(await rejectionOf(completing ?? Promise.resolve())).toBe(cause)
    expect(torrent.status).toMatchObject({ state: 'failed', error: { code: 'CLIENT_TORRENT_FAILED', cause } })
    expect(fakes.swarm.torrent(torrent.id).status().paused).toBe(true)
  })

  it('makes a magnet link known by every info hash that its metadata has', async () => {
    const fakes = await openClient()
    const { magnetUri, layout, metadata } = createTestTorrent()
    const torrent = await fakes.client.add({ magnetUri })
    const infoHashV2 = 'ab'.repeat(32)
    await fakes.swarm.sessions[0]?.options.handler?.openStorage(
      9,
      torrent.id,
      { ...layout, infoHashV2 },
      metadata,
    )
    expect(await fakes.client.add({ magnetUri: `magnet:?xt=urn:btmh:1220${infoHashV2}` })).toBe(torrent)
  })

  it('is announced when the status has it already', async () => {
    const fakes = await openClient()
    const { torrent } = await addTestTorrent(fakes)
    const counts: number[] = []
    torrent.on('pieceCompleted', () => counts.push(torrent.status.completedPieces))
    await fakes.swarm.deliverPiece(torrent.id, 0)
    await fakes.swarm.deliverPiece(torrent.id, 1)
    expect(counts).toEqual([1, 2])
  })
})
