import { expect, it } from 'vitest'
import { createHeldCall } from '../../src/testing/held-call.js'
import { createTestTorrent } from '../../src/testing/test-torrent.js'
import { openLoopbackSession, openTorrent, untilTrue } from './loopback-session.js'

it('blocks the addresses of its filter, also those that are connected', async () => {
  const torrent = createTestTorrent('filtered')
  const seeding = await openTorrent(torrent)
  const { session, storage, handle } = await openTorrent(torrent, [])
  const held = createHeldCall()
  storage.before = (call) => (call.name === 'writePiece' ? held.promise : undefined)
  session.connectPeer(handle, '127.0.0.1', seeding.session.listenPort)
  await untilTrue('the peer is connected', () => session.torrentPeers(handle).length === 1)
  session.setIpFilter([{ first: '127.0.0.0', last: '127.0.0.255' }, { first: '2001:db8::1' }])
  await untilTrue('the peer is gone', () => session.torrentPeers(handle).length === 0)
  expect(session.ipFilter()).toEqual([
    { first: '127.0.0.0', last: '127.0.0.255' },
    { first: '2001:db8::1', last: '2001:db8::1' },
  ])
  session.setIpFilter([])
  expect(session.ipFilter()).toEqual([])
  held.release()
})

it('pauses and resumes everything at once', async () => {
  const { session, handle } = await openTorrent(createTestTorrent('paused-session'), [])
  session.pauseSession()
  expect(session.isSessionPaused).toBe(true)
  expect(session.torrentFlags(handle).paused).toBe(false)
  session.resumeSession()
  expect(session.isSessionPaused).toBe(false)
})

it('refuses its calls after close', async () => {
  const session = await openLoopbackSession()
  await session.close()
  const closed = expect.objectContaining({ code: 'NATIVE_SESSION_CLOSED' })
  expect(() => session.torrentStatuses()).toThrowError(closed)
  expect(() => session.setIpFilter([])).toThrowError(closed)
  expect(() => session.isSessionPaused).toThrowError(closed)
  expect(() => session.torrentPeers(1)).toThrowError(closed)
})
