import { afterEach, expect, it } from 'vitest'
import { createNativeSession, type NativeSession } from '../../src/index.js'
import type { TestSeed } from '../../src/testing/native-subject.js'
import { RecordingStorage, type StorageCall } from '../../src/testing/recording-storage.js'
import { createTestTorrent, pieceBits, type TestTorrent } from '../../src/testing/test-torrent.js'
import { LOOPBACK_SETTINGS, seedFromFile } from './files-seed.js'

const BLOCK_BYTES = 16 * 1024
const PIECE_BYTES = 2 * BLOCK_BYTES

/** Padding that ends at a piece, and padding that does not: of the latter libtorrent asks peers for whole pieces. */
const LAYOUTS = [
  ['aligned', [PIECE_BYTES + 1000, 3 * PIECE_BYTES - 1000, 2 * PIECE_BYTES]],
  ['not aligned', [PIECE_BYTES + 1000, 3 * PIECE_BYTES, 2 * PIECE_BYTES]],
  ['at the end', [PIECE_BYTES + 1000, 3 * PIECE_BYTES + 700]],
] as const

const seeds: TestSeed[] = []
let session: NativeSession | undefined

afterEach(async () => {
  await session?.close()
  for (const seed of seeds.splice(0)) await seed.close()
})

async function start(torrent: TestTorrent, storage: RecordingStorage): Promise<number> {
  session = await createNativeSession({
    handler: storage,
    onAlert: storage.onAlert,
    listenInterfaces: '127.0.0.1:0',
    settings: LOOPBACK_SETTINGS,
  })
  return session.addTorrent({ torrentId: 'padded', torrentFile: torrent.torrentFile })
}

function isOnlyPadding(torrent: TestTorrent, call: StorageCall): boolean {
  const start = (call.piece ?? 0) * torrent.pieceLengthBytes + (call.offset ?? 0)
  const end = start + (call.length ?? 0)
  return (torrent.files ?? []).some(
    (file) => file.isPadding && file.offsetBytes <= start && end <= file.offsetBytes + file.lengthBytes,
  )
}

it.each(LAYOUTS)(
  'fetches a torrent whose padding is %s, and stores no range of padding',
  async (_, lengths) => {
    const torrent = createTestTorrent('padded', { pieceLengthBytes: PIECE_BYTES, fileLengths: lengths })
    const storage = new RecordingStorage()
    const seed = await seedFromFile(torrent)
    seeds.push(seed)
    const handle = await start(torrent, storage)
    session?.connectPeer(handle, seed.host, seed.port)
    await storage.until('the torrent is finished', () => storage.alerted('torrentFinished'))
    expect(storage.calls('writePiece').filter((call) => isOnlyPadding(torrent, call))).toEqual([])
    for (const { piece, offset, bytes } of storage.writes) {
      const begin = piece * PIECE_BYTES + offset
      expect(Buffer.compare(bytes, torrent.bytes.subarray(begin, begin + bytes.length))).toBe(0)
    }
    expect(storage.alerted('hashFailed')).toBe(false)
  },
)

it.each(LAYOUTS)('checks and serves a torrent whose padding is %s without reading it', async (_, lengths) => {
  const torrent = createTestTorrent('padded', { pieceLengthBytes: PIECE_BYTES, fileLengths: lengths })
  const storage = new RecordingStorage()
  storage.source = torrent
  const isPadding = (piece: number) => {
    const last = piece === torrent.pieceCount - 1
    const length = last ? torrent.bytes.length - piece * PIECE_BYTES : PIECE_BYTES
    return isOnlyPadding(torrent, { name: 'readPiece', storageIndex: 0, piece, offset: 0, length })
  }
  const everyPiece = Array.from({ length: torrent.pieceCount }, (_, piece) => piece)
  storage.havePieces = pieceBits(
    torrent,
    everyPiece.filter((piece) => !isPadding(piece)),
  )
  const handle = await start(torrent, storage)
  await storage.until('the check is done', () => storage.alerted('torrentChecked'))
  expect(session?.torrentStatus(handle)).toMatchObject({ piecesHave: torrent.pieceCount })

  const fetched = new RecordingStorage()
  const fetching = await createNativeSession({
    handler: fetched,
    onAlert: fetched.onAlert,
    listenInterfaces: '127.0.0.1:0',
    settings: LOOPBACK_SETTINGS,
  })
  seeds.push({ host: '', port: 0, close: () => fetching.close() })
  const fetchingHandle = await fetching.addTorrent({ torrentId: 'f', torrentFile: torrent.torrentFile })
  fetching.connectPeer(fetchingHandle, '127.0.0.1', session?.listenPort ?? 0)
  await fetched.until('the torrent is finished', () => fetched.alerted('torrentFinished'))
  expect(storage.calls('readPiece').filter((call) => isOnlyPadding(torrent, call))).toEqual([])
})
