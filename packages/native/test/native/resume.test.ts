import { afterEach, expect, it } from 'vitest'
import { createNativeSession, type NativeSession } from '../../src/index.js'
import type { TestSeed } from '../../src/testing/native-subject.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent, pieceBits, type TestTorrent } from '../../src/testing/test-torrent.js'
import { LOOPBACK_SETTINGS, seedFromFile } from './files-seed.js'

let seed: TestSeed | undefined
let session: NativeSession | undefined

afterEach(async () => {
  await session?.close()
  await seed?.close()
  session = seed = undefined
})

async function openSession(storage: RecordingStorage): Promise<NativeSession> {
  session = await createNativeSession({
    handler: storage,
    onAlert: storage.onAlert,
    listenInterfaces: '127.0.0.1:0',
    settings: LOOPBACK_SETTINGS,
  })
  return session
}

function everyPiece(torrent: TestTorrent): number[] {
  return Array.from({ length: torrent.pieceCount }, (_, piece) => piece)
}

it.each([
  ['havePieces', (torrent: TestTorrent) => ({ havePieces: pieceBits(torrent, everyPiece(torrent)) })],
  ['seedMode', () => ({ seedMode: true })],
])('does not claim pieces of %s that the storage does not have', async (_, claim) => {
  const torrent = createTestTorrent('claimed')
  const storage = new RecordingStorage()
  const opened = await openSession(storage)
  const handle = await opened.addTorrent({
    torrentId: 'claimed',
    torrentFile: torrent.torrentFile,
    ...claim(torrent),
  })
  await storage.until('the check is done', () => storage.alerted('torrentChecked'))
  expect(opened.torrentStatus(handle)).toMatchObject({ state: 'downloading', piecesHave: 0 })
})

it('finds by a check which of the claimed pieces are wrong or missing, and fetches only these', async () => {
  const torrent = createTestTorrent('damaged')
  const storage = new RecordingStorage()
  storage.havePieces = pieceBits(torrent, everyPiece(torrent))
  const damaged = Uint8Array.from(torrent.bytes)
  damaged.set([255 - (damaged[2 * torrent.pieceLengthBytes] ?? 0)], 2 * torrent.pieceLengthBytes)
  storage.source = { bytes: damaged, pieceLengthBytes: torrent.pieceLengthBytes }
  storage.before = (call) => {
    if (call.name === 'readPiece' && call.piece === 5) {
      throw Object.assign(new Error('not there'), { code: 'STORAGE_PIECE_NOT_FOUND' })
    }
  }
  seed = await seedFromFile(torrent)
  const opened = await openSession(storage)
  const handle = await opened.addTorrent({ torrentId: 'damaged', torrentFile: torrent.torrentFile })
  await storage.until('the check is done', () => storage.alerted('torrentChecked'))
  opened.connectPeer(handle, seed.host, seed.port)
  // Those that the check found right are completed once more, which is fine.
  await storage.until('all pieces are there', () => storage.completedPieces().length === torrent.pieceCount)
  expect(storage.writes.map((write) => write.piece).toSorted()).toEqual([2, 5])
  expect(storage.alerted('hashFailed')).toBe(false)
})

it('asks a storage that could not be opened again when the torrent is resumed', async () => {
  const torrent = createTestTorrent('reopened')
  const storage = new RecordingStorage()
  let opens = 0
  storage.before = (call) => {
    if (call.name === 'openStorage' && ++opens === 1) throw new Error('not yet')
  }
  seed = await seedFromFile(torrent)
  const opened = await openSession(storage)
  const handle = await opened.addTorrent({ torrentId: 'reopened', torrentFile: torrent.torrentFile })
  await storage.until('the torrent is paused', () => storage.alerted('torrentPaused'))
  opened.resumeTorrent(handle)
  opened.connectPeer(handle, seed.host, seed.port)
  await storage.until('all pieces are there', () => storage.completedPieces().length === torrent.pieceCount)
  expect(opens).toBe(2)
})

it('takes an id again that a refused torrent had', async () => {
  const torrent = createTestTorrent('twice')
  const other = createTestTorrent('other')
  const storage = new RecordingStorage()
  const opened = await openSession(storage)
  await opened.addTorrent({ torrentId: 'first', torrentFile: torrent.torrentFile })
  const again = opened.addTorrent({ torrentId: 'second', torrentFile: torrent.torrentFile })
  await expect(again).rejects.toMatchObject({ code: 'NATIVE_DUPLICATE_TORRENT' })
  const handle = await opened.addTorrent({ torrentId: 'second', torrentFile: other.torrentFile })
  await opened.removeTorrent(handle)
  expect(storage.calls('closeStorage')).toHaveLength(1)
})
