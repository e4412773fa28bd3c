import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import {
  type NativeAlert,
  type NativeSessionOptions,
  type RawAlert,
  sessionStatisticNames,
} from '../../src/index.js'
import { createHeldCall } from '../../src/testing/held-call.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
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

it('limits what peers of this machine and of private networks are given, as that of all others', async () => {
  const torrent = createTestTorrent('limited')
  const { session } = await openTorrent(torrent)
  session.applySettings({ upload_rate_limit: 5000 })
  const fetching = await openTorrent(torrent, [])
  fetching.session.connectPeer(fetching.handle, '127.0.0.1', session.listenPort)
  const waiting = async () => (await session.statistics())['net.limiter_up_queue'] ?? 0
  while ((await waiting()) === 0) await delay(5)
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

it('gives libtorrent\u2019s settings by name, and begins with the state of another session', async () => {
  const first = await openLoopbackSession({
    settings: { user_agent: 'one', max_peer_recv_buffer_size: 300_000 },
  })
  first.setIpFilter([{ first: '10.0.0.1' }])
  expect(first.settings()).toMatchObject({
    user_agent: 'one',
    max_peer_recv_buffer_size: 300_000,
    enable_dht: false,
  })
  first.applySettings({ user_agent: 'two' })
  expect(first.settings().user_agent).toBe('two')
  const state = first.sessionState()
  const second = await openLoopbackSession({ state, settings: { max_peer_recv_buffer_size: 400_000 } })
  expect(second.settings()).toMatchObject({ user_agent: 'two', max_peer_recv_buffer_size: 400_000 })
  expect(second.ipFilter()).toEqual([{ first: '10.0.0.1', last: '10.0.0.1' }])
})

it('counts by name', async () => {
  const torrent = createTestTorrent('counted')
  const { session } = await openTorrent(torrent)
  const names = sessionStatisticNames()
  const [one, other] = await Promise.all([session.statistics(), session.statistics()])
  expect(Object.keys(one).toSorted()).toEqual(names.map(({ name }) => name).toSorted())
  expect(names).toContainEqual({ name: 'ses.num_seeding_torrents', kind: 'gauge' })
  expect(names).toContainEqual({ name: 'net.sent_bytes', kind: 'counter' })
  expect(one['ses.num_seeding_torrents']).toBe(1)
  expect(other['ses.num_seeding_torrents']).toBe(1)
  const open = session.statistics()
  const closing = session.close()
  await expect(open).rejects.toMatchObject({ code: 'NATIVE_SESSION_CLOSED' })
  await closing
})

it.each(['mmap', 'posix'] as const)(
  'keeps torrents with libtorrent\u2019s %s backend',
  async (diskBackend) => {
    const torrent = createTestTorrent(`kept-by-${diskBackend}`)
    const seeding = await openTorrent(torrent)
    const folder = await mkdtemp(join(tmpdir(), 'bae-backend-'))
    try {
      const session = await openLoopbackSession({ diskBackend })
      const handle = await session.addTorrent({
        torrentId: 'kept',
        torrentFile: torrent.torrentFile,
        savePath: folder,
        peers: [{ host: '127.0.0.1', port: seeding.session.listenPort }],
      })
      await untilTrue('it seeds', () => session.torrentStatus(handle).state === 'seeding')
      await session.close()
      expect(Uint8Array.from(await readFile(join(folder, torrent.name)))).toEqual(torrent.bytes)
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)

it('gives every alert raw, of the categories that were asked for', async () => {
  const raw: RawAlert[] = []
  const session = await openLoopbackSession({
    handler: new RecordingStorage(),
    onRawAlert: (alert) => void raw.push(alert),
    alertCategories: ['torrentLog'],
  })
  const { torrentFile } = createTestTorrent('raw')
  const handle = await session.addTorrent({ torrentId: 'raw', torrentFile })
  await untilTrue('a line of the log came', () => raw.some((alert) => alert.name === 'torrent_log'))
  expect(raw.find((alert) => alert.name === 'torrent_log')).toMatchObject({
    handle,
    categories: ['torrentLog'],
  })
  await untilTrue('the check came', () => raw.some((alert) => alert.name === 'torrent_checked'))
  expect(raw.map((alert) => alert.name)).not.toContain('peer_log')
})

it('names the alerts that libtorrent dropped, and still answers', async () => {
  const alerts: NativeAlert[] = []
  const session = await openLoopbackSession({
    handler: new RecordingStorage(),
    onAlert: (alert) => void alerts.push(alert),
    alertCategories: ['torrentLog', 'sessionLog'],
    settings: { alert_queue_size: 2 },
  })
  const { torrentFile } = createTestTorrent('dropped')
  const handle = await session.addTorrent({ torrentId: 'dropped', torrentFile })
  const answers = Array.from({ length: 40 }, () => session.saveResumeData(handle))
  expect(await Promise.all(answers)).toHaveLength(40)
  await session.statistics()
  await untilTrue('dropped alerts are told', () => alerts.some((alert) => alert.type === 'alertsDropped'))
  const dropped = alerts.flatMap((alert) => (alert.type === 'alertsDropped' ? (alert.dropped ?? []) : []))
  expect(dropped).toContain('torrent_log')
})

it.each([
  ['a category that is none', { alertCategories: ['all'] }],
  ['a backend that is none', { diskBackend: 'tape' }],
  ['a backend beside a handler', { diskBackend: 'mmap', handler: new RecordingStorage() }],
  ['a state that is none', { state: Uint8Array.of(1, 2, 3) }],
  ['a budget that is no number', { maxHalfPieceBytes: Number.NaN }],
  ['a negative deadline', { storageDeadlineMs: -1 }],
  ['settings that are none', { settings: { enable_dht: 'no' } }],
  ['a number that libtorrent would not survive', { settings: { num_optimistic_unchoke_slots: -1 } }],
  ['a setting that is NaN', { settings: { cache_size: Number.NaN } }],
])('does not begin with %s', async (_, options) => {
  const opening = openLoopbackSession(options as Partial<NativeSessionOptions>)
  await expect(opening).rejects.toMatchObject({
    code: expect.stringMatching(/^NATIVE_INVALID_(ARGUMENT|SETTING)$/),
  })
})
