import { afterEach, expect, it } from 'vitest'
import { createNativeSession } from '../../src/index.js'
import { createHeldCall } from '../../src/testing/held-call.js'
import type { TestSeed } from '../../src/testing/native-subject.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent, pieceBits } from '../../src/testing/test-torrent.js'
import { LOOPBACK_SETTINGS, seedFromFile } from './files-seed.js'

let seed: TestSeed | undefined
type Session = Awaited<ReturnType<typeof createNativeSession>>

let session: Session | undefined

afterEach(async () => {
  await session?.close()
  await seed?.close()
  session = seed = undefined
})

async function openSession(storage: RecordingStorage): Promise<Session> {
  session = await createNativeSession({
    handler: storage,
    onAlert: storage.onAlert,
    listenInterfaces: '127.0.0.1:0',
    settings: LOOPBACK_SETTINGS,
  })
  return session
}

const isChecked = (storage: RecordingStorage, times: number) => () =>
  storage.alerts.filter((alert) => alert.type === 'torrentChecked').length >= times

it('finds by a recheck exactly the pieces that are gone', async () => {
  const torrent = createTestTorrent('holes')
  const storage = new RecordingStorage()
  storage.source = torrent
  storage.havePieces = pieceBits(
    torrent,
    Array.from({ length: torrent.pieceCount }, (_, piece) => piece),
  )
  const opened = await openSession(storage)
  const request = { torrentId: 'holes', torrentFile: torrent.torrentFile, havePieces: storage.havePieces }
  const handle = await opened.addTorrent(request)
  await storage.until('it is added', isChecked(storage, 1))
  expect(opened.torrentStatus(handle).piecesHave).toBe(torrent.pieceCount)
  expect(storage.calls('readPiece')).toEqual([])
  storage.before = (call) => {
    if (call.name === 'readPiece' && (call.piece === 3 || call.piece === 4)) {
      throw Object.assign(new Error('gone'), { code: 'STORAGE_PIECE_NOT_FOUND' })
    }
  }
  opened.recheckTorrent(handle)
  await storage.until('it is checked', isChecked(storage, 2))
  expect(opened.torrentStatus(handle)).toMatchObject({
    piecesHave: torrent.pieceCount - 2,
    state: 'downloading',
  })
  expect(storage.alerted('storageError')).toBe(false)
})

it('hashes nothing when an empty storage is rechecked', async () => {
  const torrent = createTestTorrent('empty')
  const storage = new RecordingStorage()
  const opened = await openSession(storage)
  const handle = await opened.addTorrent({ torrentId: 'empty', torrentFile: torrent.torrentFile })
  await storage.until('it is added', isChecked(storage, 1))
  opened.recheckTorrent(handle)
  await storage.until('it is checked', isChecked(storage, 2))
  expect(storage.calls('readPiece')).toEqual([])
  expect(opened.torrentStatus(handle)).toMatchObject({ piecesHave: 0, state: 'downloading' })
})

it('waits with a recheck until what is being written is written', async () => {
  const torrent = createTestTorrent('written')
  const storage = new RecordingStorage()
  storage.source = torrent
  const held = createHeldCall()
  storage.before = (call) => (call.name === 'writePiece' ? held.promise : undefined)
  seed = await seedFromFile(torrent)
  const opened = await openSession(storage)
  const handle = await opened.addTorrent({ torrentId: 'written', torrentFile: torrent.torrentFile })
  opened.connectPeer(handle, seed.host, seed.port)
  await storage.until('all pieces are being written', () => {
    return storage.calls('writePiece').length === torrent.pieceCount
  })
  opened.recheckTorrent(handle)
  held.release()
  await storage.until('it is checked', isChecked(storage, 2))
  expect(opened.torrentStatus(handle)).toMatchObject({ piecesHave: torrent.pieceCount })
  const firstRead = storage.entries.findIndex((entry) => entry.call.name === 'readPiece')
  const lastWrite = storage.entries.findLastIndex((entry) => entry.call.name === 'writePiece')
  expect(firstRead).toBeGreaterThan(lastWrite)
})
