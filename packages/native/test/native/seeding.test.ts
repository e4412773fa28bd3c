import { afterEach, expect, it } from 'vitest'
import { createNativeSession, type NativeSession } from '../../src/index.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent, pieceBits } from '../../src/testing/test-torrent.js'
import { LOOPBACK_SETTINGS } from './files-seed.js'

const sessions: NativeSession[] = []

afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close()
})

async function openSession(storage: RecordingStorage): Promise<NativeSession> {
  const session = await createNativeSession({
    handler: storage,
    onAlert: storage.onAlert,
    listenInterfaces: '127.0.0.1:0',
    settings: LOOPBACK_SETTINGS,
  })
  sessions.push(session)
  return session
}

it('lends memory for what is read, sends what stands there, and takes it back when the read has settled', async () => {
  const torrent = createTestTorrent('lent', { pieceLengthBytes: 256 * 1024 })
  const lent: (Uint8Array | undefined)[] = []
  class Lending extends RecordingStorage {
    override async readPiece(...call: Parameters<RecordingStorage['readPiece']>): Promise<Uint8Array> {
      const [, piece, , length, into] = call
      lent.push(into)
      const bytes = await super.readPiece(...call)
      expect(into).toHaveLength(length)
      into?.set(bytes)
      // Nobody has to answer with what was lent.
      return piece % 2 === 0 && into !== undefined ? into : bytes
    }
  }
  const stored = new Lending()
  stored.source = torrent
  stored.havePieces = pieceBits(
    torrent,
    Array.from({ length: torrent.pieceCount }, (_, piece) => piece),
  )
  const seed = await openSession(stored)
  const request = { torrentFile: torrent.torrentFile, torrentId: 'lent' }
  await seed.addTorrent({ ...request, havePieces: stored.havePieces })
  // Until then it hangs up on whoever comes.
  await stored.until('it is checked', () => stored.alerted('torrentChecked'))
  const leecher = new RecordingStorage()
  const session = await openSession(leecher)
  session.connectPeer(await session.addTorrent(request), '127.0.0.1', seed.listenPort)
  await leecher.until('all pieces are there', () => leecher.completedPieces().length === torrent.pieceCount)
  expect(lent).toHaveLength(torrent.pieceCount)
  for (const into of lent) expect(into).toHaveLength(0)
})

it('fetches each stored piece from JavaScript once, however many peers ask for its blocks', async () => {
  const torrent = createTestTorrent('seeded', { pieceLengthBytes: 256 * 1024 })
  const pieces = Array.from({ length: torrent.pieceCount }, (_, piece) => piece)
  const stored = new RecordingStorage()
  stored.source = torrent
  stored.havePieces = pieceBits(torrent, pieces)
  const seed = await openSession(stored)
  const request = { torrentFile: torrent.torrentFile, torrentId: 'seeded' }
  await seed.addTorrent({ ...request, havePieces: stored.havePieces })
  // Until then it hangs up on whoever comes.
  await stored.until('it is checked', () => stored.alerted('torrentChecked'))

  const leechers = [new RecordingStorage(), new RecordingStorage()]
  for (const leecher of leechers) {
    const session = await openSession(leecher)
    session.connectPeer(await session.addTorrent(request), '127.0.0.1', seed.listenPort)
  }
  for (const leecher of leechers) {
    await leecher.until('all pieces are there', () => leecher.completedPieces().length === torrent.pieceCount)
  }
  const reads = stored.calls('readPiece').map(({ piece, offset }) => ({ piece, offset }))
  expect(reads.toSorted((a, b) => (a.piece ?? 0) - (b.piece ?? 0))).toEqual(
    pieces.map((piece) => ({ piece, offset: 0 })),
  )
})
