import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestTorrent } from '../src/testing/index.js'
import type { AddTorrentOptions } from '../src/torrent-options.js'
import { createHeld, everythingDue, openClient } from './open-client.js'

const test = createTestTorrent()
const nobody = { host: '127.0.0.1', port: 9 }
/** More than any wait. */
const longMs = 120_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

async function addLonely(options: AddTorrentOptions = {}) {
  const fakes = await openClient({ statusIntervalMs: 500, storageDeadlineMs: 10 * longMs })
  const torrent = await fakes.client.add(test.torrentFile, { peers: [nobody], ...options })
  const [session] = fakes.swarm.sessions
  if (session === undefined) throw new Error('there is no session')
  await everythingDue()
  const setFlags = vi.spyOn(session, 'setTorrentFlags')
  const dialled = () => session.dialled.filter(({ port }) => port === nobody.port).length
  return { ...fakes, torrent, session, dialled, setFlags }
}

/** And everything that is due meanwhile. */
async function passMs(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}

describe('a torrent that has nobody', () => {
  it('dials whom it was told of again and again, twice as long apart each time up to half a minute', async () => {
    const { dialled } = await addLonely()
    const gapsMs: number[] = []
    for (let sinceMs = 0; gapsMs.length < 8; sinceMs += 500) {
      const before = dialled()
      await passMs(500)
      if (dialled() === before) continue
      gapsMs.push(sinceMs + 500)
      sinceMs = -500
    }
    expect(gapsMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  })

  it('makes libtorrent forget when it dialled them', async () => {
    const { setFlags } = await addLonely()
    await passMs(1_000)
    expect(setFlags.mock.calls.map(([, flags]) => flags)).toEqual([
      { uploadMode: true },
      { uploadMode: false },
    ])
  })

  it('leaves the pace to libtorrent where it knows strangers too', async () => {
    const { torrent, session, dialled, setFlags } = await addLonely()
    const [fake] = session.torrents
    if (fake === undefined) throw new Error('the session does not have it')
    const details = fake.details()
    vi.spyOn(fake, 'details').mockReturnValue({ ...details, knownPeers: 2 })
    await passMs(500)
    // Named twice it is still one.
    torrent.connectPeer(nobody)
    await passMs(longMs)
    expect(dialled()).toBeGreaterThan(5)
    expect(setFlags).not.toHaveBeenCalled()
  })

  it('waits while somebody is there, and from the beginning once they gave something', async () => {
    const { swarm, torrent, library, session, dialled } = await addLonely()
    await passMs(longMs)
    const held = createHeld()
    library.storageOf(torrent.id).before = ({ name }) => (name === 'writePiece' ? held.promise : undefined)
    const seed = swarm.seed(test.torrentFile, test.bytes)
    torrent.connectPeer(seed)
    await passMs(500)
    const before = dialled()
    await passMs(longMs)
    expect(dialled()).toBe(before)
    expect(torrent.status).toMatchObject({ state: 'downloading', peers: 1 })
    held.release()
    await torrent.whenFinished()
    library.storageOf(torrent.id).losePieces([0])
    await seed.close()
    while (session.requests.length < 2 || torrent.status.peers > 0) await passMs(100)
    const dialledAgain = dialled()
    await passMs(1_000)
    expect(dialled()).toBe(dialledAgain + 1)
  })

  it.each([
    ['is paused', { paused: true }],
    ['was told of nobody', { peers: [] }],
  ])('waits while it %s', async (_what, options) => {
    const { session, setFlags } = await addLonely(options)
    const before = session.dialled.length
    await passMs(longMs)
    expect(session.dialled).toHaveLength(before)
    expect(setFlags).not.toHaveBeenCalled()
  })

  it('waits while it has everything', async () => {
    const { swarm, torrent, session } = await addLonely()
    swarm.seed(test.torrentFile, test.bytes)
    for (let piece = 0; piece < test.pieceCount; piece++) await swarm.deliverPiece(torrent.id, piece)
    await passMs(500)
    const before = session.dialled.length
    await passMs(longMs)
    expect(session.dialled).toHaveLength(before)
  })

  it('is left alone once it is removed', async () => {
    const { client, torrent, session } = await addLonely()
    await client.remove(torrent.id)
    const before = session.dialled.length
    await passMs(longMs)
    expect(session.dialled).toHaveLength(before)
  })

  it('waits for nothing once its client closes, whatever the session still tells', async () => {
    const { client, session } = await addLonely()
    const torrents = session.torrents.map((each) => each.details())
    const closing = client.close()
    session.options.onAlert({ type: 'torrentsUpdated', torrents })
    await closing
    expect(vi.getTimerCount()).toBe(0)
  })
})
