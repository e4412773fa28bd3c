import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createHeldCall } from '../../src/testing/held-call.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent, pieceBits } from '../../src/testing/test-torrent.js'
import { everyPiece, openLoopbackSession, openTorrent, untilTrue } from './loopback-session.js'
import { WatchingPeer } from './watching-peer.js'

it('checks every piece again at a recheck, and finds the one that was damaged meanwhile', async () => {
  const torrent = createTestTorrent('rechecked')
  const { session, storage, handle } = await openTorrent(torrent)
  expect(session.torrentStatus(handle)).toMatchObject({ state: 'seeding', piecesHave: torrent.pieceCount })
  const damaged = Uint8Array.from(torrent.bytes)
  damaged.fill(0, torrent.pieceLengthBytes, torrent.pieceLengthBytes + 100)
  storage.source = { bytes: damaged, pieceLengthBytes: torrent.pieceLengthBytes }
  storage.alerts.length = 0
  session.recheckTorrent(handle)
  await storage.until('it is checked again', () => storage.alerted('torrentChecked'))
  const right = everyPiece(torrent).filter((piece) => piece !== 1)
  expect(session.pieceMap(handle)).toEqual(pieceBits(torrent, right))
  expect(session.torrentStatus(handle).state).toBe('downloading')
})

it('tells of many torrents at once, of those asked for in their order', async () => {
  const session = await openLoopbackSession({ handler: new RecordingStorage() })
  const handles: number[] = []
  for (const name of ['many-a', 'many-b', 'many-c']) {
    const { torrentFile } = createTestTorrent(name)
    handles.push(await session.addTorrent({ torrentId: name, torrentFile, paused: name === 'many-b' }))
  }
  const [first = 0, second = 0, third = 0] = handles
  const all = session.torrentStatuses()
  expect(all.map((status) => status.handle).toSorted()).toEqual(handles)
  const asked = session.torrentStatuses([third, second])
  expect(asked.map(({ handle, name, paused }) => ({ handle, name, paused }))).toEqual([
    { handle: third, name: 'many-c', paused: false },
    { handle: second, name: 'many-b', paused: true },
  ])
  expect(asked[0]).toMatchObject({
    infoHashV1: createTestTorrent('many-c').infoHashV1,
    hasMetadata: true,
    totalBytes: 8 * 32 * 1024 + 1000,
    flags: { paused: false, autoManaged: false, sequentialDownload: false },
  })
  expect(session.torrentStatuses([])).toEqual([])
  void session.removeTorrent(first)
  expect(session.torrentStatuses().map((status) => status.handle)).not.toContain(first)
  expect(() => session.torrentStatuses([second, first])).toThrowError(
    expect.objectContaining({ code: 'NATIVE_UNKNOWN_TORRENT' }),
  )
})

it('tells of the peers of a torrent, from both ends', async () => {
  const torrent = createTestTorrent('peers')
  const seeding = await openTorrent(torrent)
  const storage = new RecordingStorage()
  const held = createHeldCall()
  storage.before = (call) => (call.name === 'writePiece' ? held.promise : undefined)
  const session = await openLoopbackSession({ handler: storage })
  const handle = await session.addTorrent({ torrentId: 'peers', torrentFile: torrent.torrentFile })
  const { listenPort } = seeding.session
  session.connectPeer(handle, '127.0.0.1', listenPort)
  await untilTrue('the seed is known for one', () => session.torrentPeers(handle).some((peer) => peer.seed))
  expect(session.torrentPeers(handle)).toMatchObject([
    {
      peer: `127.0.0.1:${listenPort}`,
      connection: 'bittorrent',
      outgoing: true,
      seed: true,
      progress: 1,
      piecesHave: torrent.pieceCount,
    },
  ])
  expect(seeding.session.torrentPeers(seeding.handle)).toMatchObject([
    { outgoing: false, seed: false, sources: ['incoming'] },
  ])
  expect(session.pieceAvailability(handle)).toEqual(everyPiece(torrent).map(() => 1))
  held.release()
})

it('sets and takes the flags that are named, and leaves the others', async () => {
  const { session, handle } = await openTorrent(createTestTorrent('flags'), [])
  const before = session.torrentFlags(handle)
  session.setTorrentFlags(handle, { sequentialDownload: true, superSeeding: true, disablePex: true })
  session.setTorrentFlags(handle, { superSeeding: false, uploadMode: true })
  expect(session.torrentFlags(handle)).toEqual({
    ...before,
    sequentialDownload: true,
    disablePex: true,
    uploadMode: true,
  })
})

it('keeps the limits of a torrent, with 0 for none', async () => {
  const { session, handle } = await openTorrent(createTestTorrent('limits'), [])
  const none = { downloadBytesPerSecond: 0, uploadBytesPerSecond: 0, maxConnections: 0, maxUploads: 0 }
  expect(session.torrentLimits(handle)).toEqual(none)
  session.setTorrentLimits(handle, { downloadBytesPerSecond: 50_000, maxConnections: 7 })
  session.setTorrentLimits(handle, { uploadBytesPerSecond: 20_000, maxUploads: 3 })
  expect(session.torrentLimits(handle)).toEqual({
    downloadBytesPerSecond: 50_000,
    uploadBytesPerSecond: 20_000,
    maxConnections: 7,
    maxUploads: 3,
  })
  session.setTorrentLimits(handle, none)
  expect(session.torrentLimits(handle)).toEqual(none)
})

it('fetches only the pieces whose priority is not 0', async () => {
  const torrent = createTestTorrent('priorities')
  const seeding = await openTorrent(torrent)
  const { session, storage, handle } = await openTorrent(torrent, [])
  expect(session.filePriorities(handle)).toEqual([4])
  const priorities = everyPiece(torrent).map((piece) => (piece % 2 === 0 ? 7 : 0))
  session.setPiecePriorities(handle, priorities)
  expect(session.piecePriorities(handle)).toEqual(priorities)
  session.connectPeer(handle, '127.0.0.1', seeding.session.listenPort)
  await storage.until('what is wanted is there', () => storage.alerted('torrentFinished'))
  const wanted = everyPiece(torrent).filter((piece) => piece % 2 === 0)
  expect(storage.writes.map((write) => write.piece).toSorted((a, b) => a - b)).toEqual(wanted)
  expect(session.pieceMap(handle)).toEqual(pieceBits(torrent, wanted))
  expect(session.fileProgress(handle)).toEqual([4 * torrent.pieceLengthBytes + 1000])
})

it('keeps the priorities of files', async () => {
  const torrent = createTestTorrent('file-priorities')
  const { session, handle } = await openTorrent(torrent, [])
  session.setFilePriorities(handle, [0])
  await untilTrue('the priority is set', () => session.filePriorities(handle)[0] === 0)
  expect(new Set(session.piecePriorities(handle))).toEqual(new Set([0]))
  expect(session.torrentStatuses([handle])[0]?.wantedBytes).toBe(0)
})

it('fetches a piece with a deadline before the others', async () => {
  const torrent = createTestTorrent('deadline', { totalLengthBytes: 60 * 32 * 1024 })
  const seeding = await openTorrent(torrent)
  const { session, storage, handle } = await openTorrent(torrent, [])
  // Else what comes first is chance.
  session.setTorrentFlags(handle, { sequentialDownload: true })
  session.setTorrentLimits(handle, { downloadBytesPerSecond: 400_000 })
  session.setPieceDeadline(handle, 57, 0)
  session.setPieceDeadline(handle, 3, 0)
  session.resetPieceDeadline(handle, 3)
  session.connectPeer(handle, '127.0.0.1', seeding.session.listenPort)
  await storage.until('the piece is there', () => storage.completedPieces().includes(57))
  const order = storage.calls('completePiece').map(({ piece }) => piece)
  expect(order.indexOf(57)).toBeLessThan(40)
  session.clearPieceDeadlines(handle)
})

it('lists, adds and replaces trackers, and announces and scrapes when told', async () => {
  const asked: string[] = []
  const tracker = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://tracker')
    asked.push(`${pathname} ${searchParams.get('id')}`)
    response.end('d8:intervali1800e5:peers0:e')
  })
  await new Promise<void>((resolve) => tracker.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}`
  try {
    const { session, handle } = await openTorrent(createTestTorrent('trackers'), [])
    // libtorrent asks a tracker on the own machine for nothing but announces.
    session.applySettings({ ssrf_mitigation: false })
    session.addTracker(handle, { url: `${base}/announce?id=a`, tier: 3 })
    session.addTracker(handle, { url: `${base}/announce?id=b` })
    expect(session.trackers(handle).map(({ url, tier, sources }) => ({ url, tier, sources }))).toEqual([
      { url: `${base}/announce?id=b`, tier: 0, sources: ['client'] },
      { url: `${base}/announce?id=a`, tier: 3, sources: ['client'] },
    ])
    session.replaceTrackers(handle, [{ url: `${base}/announce?id=c` }])
    expect(session.trackers(handle).map(({ url }) => url)).toEqual([`${base}/announce?id=c`])
    session.forceReannounce(handle)
    await untilTrue('the tracker was asked', () => asked.includes('/announce c'))
    await untilTrue('the tracker counts as verified', () => session.trackers(handle)[0]?.verified === true)
    session.scrapeTrackers(handle)
    await untilTrue('the tracker was asked for its counts', () => asked.includes('/scrape c'))
    expect(session.trackers(handle)[0]?.announces[0]).toMatchObject({ version: 1, enabled: true })
  } finally {
    tracker.closeAllConnections()
    tracker.close()
  }
})

it('lists, adds and removes web seeds', async () => {
  const { session, handle } = await openTorrent(createTestTorrent('web-seeds'), [])
  session.addWebSeed(handle, 'http://127.0.0.1:9/a/')
  session.addWebSeed(handle, 'http://127.0.0.1:9/b/')
  session.removeWebSeed(handle, 'http://127.0.0.1:9/a/')
  expect(session.webSeeds(handle)).toEqual(['http://127.0.0.1:9/b/'])
})

it('refuses pieces, priorities and places that the torrent cannot have, and changes nothing', async () => {
  const torrent = createTestTorrent('bounds')
  const { session, handle } = await openTorrent(torrent, [])
  const invalid = expect.objectContaining({ code: 'NATIVE_INVALID_ARGUMENT' })
  for (const piece of [-1, torrent.pieceCount, 2 ** 31, 1.5, Number.NaN]) {
    expect(() => session.setPieceDeadline(handle, piece, 0), `piece ${piece}`).toThrowError(invalid)
    expect(() => session.resetPieceDeadline(handle, piece), `piece ${piece}`).toThrowError(invalid)
  }
  expect(() => session.setPieceDeadline(handle, 0, -1)).toThrowError(invalid)
  expect(() => session.setPiecePriorities(handle, [0])).toThrowError(invalid)
  expect(() => session.setFilePriorities(handle, [0, 0])).toThrowError(invalid)
  expect(() => session.setFilePriorities(handle, [8])).toThrowError(invalid)
  expect(() => session.setTorrentLimits(handle, { maxUploads: 5, maxConnections: 1 })).toThrowError(invalid)
  expect(session.torrentLimits(handle).maxUploads).toBe(0)
  expect(() => session.connectPeer(handle, 'localhost', 1)).toThrowError(invalid)
  expect(() => session.connectPeer(handle, '127.0.0.1', 0)).toThrowError(invalid)
  expect(session.filePriorities(handle)).toEqual([4])

  const before = await session.addTorrent({ torrentId: 'before-metadata', infoHash: '1'.repeat(40) })
  expect(() => session.setPieceDeadline(before, 0, 0)).toThrowError(invalid)
  expect(session.pieceMap(before)).toEqual(new Uint8Array())
  expect(session.fileProgress(before)).toEqual([])
  expect(session.piecePriorities(before)).toEqual([])
})

it('tells that a peer is gone also when it was sent away for what it said', async () => {
  const torrent = createTestTorrent('impolite')
  const { session, storage, handle } = await openTorrent(torrent)
  const peer = await WatchingPeer.connect(session.listenPort, torrent.infoHashV1)
  await storage.until('it is there', () => storage.alerted('peerConnected'))
  // HAVE (BEP 3) of a piece that no torrent has.
  peer.send(Uint8Array.of(0, 0, 0, 5, 4, 0xff, 0xff, 0xff, 0xff))
  await storage.until('it is gone', () => storage.alerted('peerDisconnected'))
  const told = storage.alerts.filter(({ type }) => type === 'peerConnected' || type === 'peerDisconnected')
  expect(told).toMatchObject([
    { type: 'peerConnected', handle },
    { type: 'peerDisconnected', handle, message: expect.stringContaining('have') },
  ])
  peer.close()
})
