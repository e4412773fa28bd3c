import { afterEach, expect, it } from 'vitest'
import type { NativeSessionOptions } from '../../src/index.js'
import type { TestSeed } from '../../src/testing/native-subject.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent, pieceBits, type TestTorrent } from '../../src/testing/test-torrent.js'
import { transfer } from '../../src/testing/transfer.js'
import { seedFromFile } from './files-seed.js'
import { everyPiece, openLoopbackSession, type Session } from './loopback-session.js'

let seed: TestSeed | undefined

afterEach(async () => {
  await seed?.close()
  seed = undefined
})

async function download(
  storage: RecordingStorage,
  torrent: TestTorrent,
  options: Partial<NativeSessionOptions> = {},
): Promise<{ session: Session; handle: number }> {
  seed = await seedFromFile(torrent)
  const session = await openLoopbackSession({
    handler: storage,
    onAlert: storage.onAlert,
    ...options,
  })
  const handle = await session.addTorrent({ torrentId: torrent.name, torrentFile: torrent.torrentFile })
  session.connectPeer(handle, seed.host, seed.port)
  return { session, handle }
}

const failures: readonly (readonly [string, () => Promise<void>])[] = [
  [
    'throws an error',
    () => {
      throw new Error('thrown')
    },
  ],
  [
    'throws undefined',
    () => {
      throw undefined
    },
  ],
  ['rejects with undefined', () => Promise.reject(undefined)],
  ['rejects with a string', () => Promise.reject('a string')],
]

it.each(failures)(
  '17 js_sync_throw: a storage whose write %s stops its torrent, and nothing else',
  async (_, fail) => {
    const storage = new RecordingStorage()
    storage.before = (call) => (call.name === 'writePiece' ? fail() : undefined)
    const { session, handle } = await download(storage, createTestTorrent('throwing'))
    await storage.until('the torrent is stopped', () => storage.alerted('torrentError'))
    expect(storage.alerts.find(({ type }) => type === 'storageError')).toMatchObject({ code: 'EIO' })
    expect(session.torrentStatus(handle)).toMatchObject({ paused: true, piecesHave: 0 })
    expect(storage.completedPieces()).toEqual([])
  },
)

it('18 js_promise_never_settles: a write that never settles fails at its deadline, and nobody waits longer', async () => {
  const storage = new RecordingStorage()
  storage.before = (call) => (call.name === 'writePiece' ? new Promise(() => {}) : undefined)
  const { session, handle } = await download(storage, createTestTorrent('silent'), {
    storageDeadlineMs: 2_000,
  })
  await storage.until('a piece is written', () => storage.calls('writePiece').length > 0)
  session.pauseTorrent(handle)
  await storage.until('the write has failed', () => storage.alerted('storageError'))
  await storage.until('the torrent is paused', () => storage.alerted('torrentPaused'))
  await session.close()
  expect(storage.completedPieces()).toEqual([])
})

it('19 js_returns_garbage: a read that transfers what it was lent is an error, whatever it answers', async () => {
  const torrent = createTestTorrent('transferring')
  const storage = new RecordingStorage()
  storage.havePieces = pieceBits(torrent, everyPiece(torrent))
  const { pieceLengthBytes } = torrent
  const taken: ArrayBuffer[] = []
  storage.readPiece = async (_index, piece, offset, length, into) => {
    taken.push(transfer(into as Uint8Array))
    const start = piece * pieceLengthBytes + offset
    return torrent.bytes.slice(start, start + length)
  }
  const session = await openLoopbackSession({ handler: storage, onAlert: storage.onAlert })
  const handle = await session.addTorrent({ torrentId: torrent.name, torrentFile: torrent.torrentFile })
  await storage.until('the read has failed', () => storage.alerted('storageError'))
  const alert = storage.alerts.find(({ type }) => type === 'storageError')
  expect(alert).toMatchObject({ code: 'EIO', cause: { code: 'NATIVE_BYTES_TRANSFERRED' } })
  expect(session.torrentStatus(handle).piecesHave).toBe(0)
  expect(taken).not.toEqual([])
})

const answers: readonly (readonly [string, (length: number) => unknown])[] = [
  ['too short', (length) => new Uint8Array(length - 1)],
  ['too long', (length) => new Uint8Array(length + 1)],
  ['empty', () => new Uint8Array(0)],
  ['a string', () => 'bytes'],
  ['nothing', () => undefined],
  ['an array buffer', (length) => new ArrayBuffer(length)],
  ['of wider numbers', (length) => new Uint16Array(length)],
  [
    'detached',
    (length) => {
      const bytes = new Uint8Array(length)
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
      return bytes
    },
  ],
]

it.each(answers)('19 js_returns_garbage: a read that is %s is an error, and no bytes', async (_, answer) => {
  const torrent = createTestTorrent('garbage')
  const storage = new RecordingStorage()
  storage.havePieces = pieceBits(torrent, everyPiece(torrent))
  storage.readPiece = async (_index, _piece, _offset, length) => answer(length) as Uint8Array
  const session = await openLoopbackSession({ handler: storage, onAlert: storage.onAlert })
  const handle = await session.addTorrent({ torrentId: torrent.name, torrentFile: torrent.torrentFile })
  await storage.until('the read has failed', () => storage.alerted('storageError'))
  expect(storage.alerts.find(({ type }) => type === 'storageError')).toMatchObject({ code: 'EIO' })
  expect(session.torrentStatus(handle).piecesHave).toBe(0)
})
