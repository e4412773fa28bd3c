import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type AddTorrentRequest, createTorrentFile, parseTorrentFile } from '../../src/index.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent, pieceBits } from '../../src/testing/test-torrent.js'
import { everyPiece, openLoopbackSession, openTorrent, storageOf, untilTrue } from './loopback-session.js'

it('takes flags, priorities, trackers, web seeds, peers and limits with the torrent', async () => {
  const torrent = createTestTorrent('with-everything')
  const seeding = await openTorrent(torrent)
  const storage = new RecordingStorage()
  const session = await openLoopbackSession({ handler: storage, onAlert: storage.onAlert })
  const piecePriorities = everyPiece(torrent).map((piece) => (piece < 2 ? 4 : 0))
  const handle = await session.addTorrent({
    torrentId: 'with-everything',
    torrentFile: torrent.torrentFile,
    flags: { sequentialDownload: true, disablePex: true },
    piecePriorities,
    trackers: [{ url: 'http://127.0.0.1:9/announce', tier: 2 }],
    webSeeds: ['http://127.0.0.1:9/files/'],
    peers: [{ host: '127.0.0.1', port: seeding.session.listenPort }],
    limits: { maxConnections: 5, uploadBytesPerSecond: 1000 },
  })
  await storage.until('what is wanted is there', () => storage.alerted('torrentFinished'))
  expect(session.pieceMap(handle)).toEqual(pieceBits(torrent, [0, 1]))
  expect(session.torrentFlags(handle)).toMatchObject({ sequentialDownload: true, disablePex: true })
  expect(session.trackers(handle)).toMatchObject([{ url: 'http://127.0.0.1:9/announce', tier: 2 }])
  expect(session.webSeeds(handle)).toEqual(['http://127.0.0.1:9/files/'])
  expect(session.torrentLimits(handle)).toMatchObject({ maxConnections: 5, uploadBytesPerSecond: 1000 })
})

it.each(['v2', 'hybrid'] as const)(
  'gives a storage the hash of each piece of a %s torrent',
  async (format) => {
    const { name, bytes } = createTestTorrent('hashed', { totalLengthBytes: 300_000 })
    const folder = await mkdtemp(join(tmpdir(), 'bae-hashed-'))
    await writeFile(join(folder, name), bytes)
    const torrentFile = await createTorrentFile(join(folder, name), { format, pieceLengthBytes: 32 * 1024 })
    await rm(folder, { recursive: true })
    const storage = new RecordingStorage()
    const session = await openLoopbackSession({ handler: storage, onAlert: storage.onAlert })
    await session.addTorrent({ torrentId: format, torrentFile })
    await storage.until('it is opened', () => storage.calls('openStorage').length > 0)
    const { layout, metadata } = parseTorrentFile(torrentFile)
    expect(metadata.pieceHashesV2?.some((byte) => byte !== 0)).toBe(true)
    expect(storage.calls('openStorage')).toMatchObject([{ layout, metadata }])
  },
)

it('fetches a torrent of which only the info hash and a peer are known', async () => {
  const torrent = createTestTorrent('by-hash')
  const seeding = await openTorrent(torrent)
  const storage = new RecordingStorage()
  const session = await openLoopbackSession({ handler: storage, onAlert: storage.onAlert })
  const handle = await session.addTorrent({
    torrentId: 'by-hash',
    infoHash: torrent.infoHashV1,
    name: 'until it is known',
  })
  expect(session.torrentStatuses()).toMatchObject([{ name: 'until it is known', hasMetadata: false }])
  expect(session.pieceMap(handle)).toEqual(new Uint8Array())
  session.connectPeer(handle, '127.0.0.1', seeding.session.listenPort)
  await storage.until('all pieces are there', () => storage.completedPieces().length === torrent.pieceCount)
  expect(session.torrentStatuses()).toMatchObject([{ name: 'by-hash', hasMetadata: true }])
})

it('goes on from resume data under another id, with what the storage has of what it claims', async () => {
  const torrent = createTestTorrent('resumed')
  const first = await openTorrent(torrent)
  first.session.setTorrentLimits(first.handle, { maxUploads: 3 })
  first.session.addTracker(first.handle, { url: 'http://127.0.0.1:9/announce' })
  const resumeData = await first.session.saveResumeData(first.handle, { saveInfoSection: true })
  await first.session.close()

  const storage = storageOf(torrent, [0, 1, 5])
  const session = await openLoopbackSession({ handler: storage, onAlert: storage.onAlert })
  const handle = await session.addTorrent({ torrentId: 'another-id', resumeData })
  await storage.until('it is checked', () => storage.alerted('torrentChecked'))
  expect(storage.calls('openStorage')).toMatchObject([{ torrentId: 'another-id' }])
  expect(session.pieceMap(handle)).toEqual(pieceBits(torrent, [0, 1, 5]))
  expect(session.torrentLimits(handle).maxUploads).toBe(3)
  expect(session.trackers(handle)).toMatchObject([{ url: 'http://127.0.0.1:9/announce' }])
})

it('goes on from resume data of a torrent with millions of values', async () => {
  const values = 3_100_000
  const head = 'd4:infod6:lengthi1e4:name4:many12:piece lengthi16384e6:pieces20:'
  const torrentFile = Buffer.concat([
    Buffer.from(head),
    Buffer.alloc(20),
    Buffer.from('6:valuesl'),
    Buffer.alloc(2 * values, '0:'),
    Buffer.from('eee'),
  ])
  const first = await openLoopbackSession({ handler: new RecordingStorage() })
  const handle = await first.addTorrent({ torrentId: 'many', torrentFile })
  const resumeData = await first.saveResumeData(handle, { saveInfoSection: true })
  await first.close()
  const second = await openLoopbackSession({ handler: new RecordingStorage() })
  await second.addTorrent({ torrentId: 'many', resumeData })
  expect(second.torrentStatuses()).toMatchObject([{ name: 'many', hasMetadata: true }])
})

it('does not check pieces of libtorrent\u2019s own storage that resume data has', async () => {
  const torrent = createTestTorrent('resumed-file')
  const folder = await mkdtemp(join(tmpdir(), 'bae-resume-'))
  try {
    await writeFile(join(folder, torrent.name), torrent.bytes)
    const first = await openLoopbackSession()
    const request = { torrentId: 'file', torrentFile: torrent.torrentFile, savePath: folder }
    const handle = await first.addTorrent(request)
    await untilTrue('it is checked', () => first.torrentStatus(handle).state === 'seeding')
    const resumeData = await first.saveResumeData(handle)
    await first.close()
    const states: string[] = []
    const second = await openLoopbackSession({
      onAlert: (alert) => alert.type === 'stateChanged' && states.push(alert.state),
    })
    const again = await second.addTorrent({ ...request, resumeData })
    await untilTrue('it seeds', () => second.torrentStatus(again).state === 'seeding')
    expect(states).not.toContain('checkingFiles')
  } finally {
    await rm(folder, { recursive: true })
  }
})

it('settles every saveResumeData, whether the torrent stays, goes or the session closes', async () => {
  const { session, handle } = await openTorrent(createTestTorrent('saved-often'), [])
  const both = await Promise.all([session.saveResumeData(handle), session.saveResumeData(handle)])
  expect(both.map((bytes) => bytes.length > 100)).toEqual([true, true])
  await expect(session.saveResumeData(99)).rejects.toMatchObject({ code: 'NATIVE_UNKNOWN_TORRENT' })
  const open = Array.from({ length: 50 }, () => session.saveResumeData(handle))
  await session.removeTorrent(handle)
  for (const each of await Promise.allSettled(open)) {
    if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'NATIVE_UNKNOWN_TORRENT' })
  }
  const { torrentFile } = createTestTorrent('saved-late')
  const late = await session.addTorrent({ torrentId: 'late', torrentFile })
  const saving = session.saveResumeData(late)
  const closing = session.close()
  await expect(saving).rejects.toMatchObject({ code: 'NATIVE_SESSION_CLOSED' })
  await closing
})

const torrentFile = createTestTorrent('refused').torrentFile
const wrongRequests: [string, unknown][] = [
  ['nothing', undefined],
  ['no source', { torrentId: 'x' }],
  ['two sources', { torrentId: 'x', torrentFile, magnetUri: 'magnet:?xt=urn:btih:00' }],
  ['no id', { torrentFile }],
  ['an id that is a path', { torrentId: '../x', torrentFile }],
  ['an empty id', { torrentId: '', torrentFile }],
  ['an info hash of another length', { torrentId: 'x', infoHash: 'abc' }],
  ['text for a torrent', { torrentId: 'x', torrentFile: 'text' }],
  ['other numbers for a torrent', { torrentId: 'x', torrentFile: new Float64Array(4) }],
  ['havePieces of another length', { torrentId: 'x', torrentFile, havePieces: new Uint8Array(1) }],
  [
    'havePieces of a magnet link',
    { torrentId: 'x', infoHash: '0'.repeat(40), havePieces: new Uint8Array(2) },
  ],
  ['too few priorities', { torrentId: 'x', torrentFile, filePriorities: [] }],
  ['a priority of 8', { torrentId: 'x', torrentFile, filePriorities: [8] }],
  ['a priority of NaN', { torrentId: 'x', torrentFile, filePriorities: [Number.NaN] }],
  ['an unknown flag', { torrentId: 'x', torrentFile, flags: { fast: true } }],
  ['a flag that is a number', { torrentId: 'x', torrentFile, flags: { paused: 1 } }],
  ['a peer without a port', { torrentId: 'x', torrentFile, peers: [{ host: '127.0.0.1' }] }],
  ['a peer with a name', { torrentId: 'x', torrentFile, peers: [{ host: 'localhost', port: 1 }] }],
  ['a tier of -1', { torrentId: 'x', torrentFile, trackers: [{ url: 'http://a/', tier: -1 }] }],
  ['a limit that is huge', { torrentId: 'x', torrentFile, limits: { maxUploads: 1e300 } }],
  ['resume data that is none', { torrentId: 'x', torrentFile, resumeData: new Uint8Array(9) }],
]

it('refuses a request that is not one, and adds nothing', async () => {
  const session = await openLoopbackSession({ handler: new RecordingStorage() })
  for (const [what, request] of wrongRequests) {
    const adding = session.addTorrent(request as AddTorrentRequest)
    await expect(adding, what).rejects.toMatchObject({ code: 'NATIVE_INVALID_ARGUMENT' })
  }
  expect(session.torrentStatuses()).toEqual([])
})

it('refuses resume data of another torrent', async () => {
  const { session, handle } = await openTorrent(createTestTorrent('saved'), [])
  const resumeData = await session.saveResumeData(handle)
  const adding = session.addTorrent({ torrentId: 'other', torrentFile, resumeData })
  await expect(adding).rejects.toMatchObject({ code: 'NATIVE_INVALID_ARGUMENT' })
})
