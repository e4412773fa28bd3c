import { createHash } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { createNativeSession, type NativeSession, type PieceHashes } from '../../src/index.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent, pieceBits, pieceBytes, type TestTorrent } from '../../src/testing/test-torrent.js'
import { LOOPBACK_SETTINGS } from './files-seed.js'

let session: NativeSession | undefined

afterEach(async () => {
  await session?.close()
})

type HashPiece = (piece: number) => PieceHashes | undefined

class HashingStorage extends RecordingStorage {
  readonly asked: number[] = []
  readonly #hash: HashPiece

  constructor(hash: HashPiece) {
    super()
    this.#hash = hash
  }

  async hashPiece(_: number, piece: number, want: { sha1: boolean; sha256Blocks: boolean }) {
    expect(want).toEqual({ sha1: true, sha256Blocks: false })
    this.asked.push(piece)
    return this.#hash(piece)
  }
}

const WRONG = 2
const MISSING = 5
const READ_BY_NATIVE = 7

/** One piece of what is stored differs, one is not there. */
function store(storage: RecordingStorage, torrent: TestTorrent): void {
  const bytes = Uint8Array.from(torrent.bytes)
  bytes.set([255 - (bytes[WRONG * torrent.pieceLengthBytes] ?? 0)], WRONG * torrent.pieceLengthBytes)
  storage.source = { bytes, pieceLengthBytes: torrent.pieceLengthBytes }
  storage.havePieces = pieceBits(torrent, allOf(torrent))
  storage.before = (call) => {
    if (call.name === 'readPiece' && call.piece === MISSING) throw notFound()
  }
}

const allOf = (torrent: TestTorrent) => Array.from({ length: torrent.pieceCount }, (_, piece) => piece)
const notFound = () => Object.assign(new Error('not there'), { code: 'STORAGE_PIECE_NOT_FOUND' })
const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest()

async function check(storage: RecordingStorage, torrent: TestTorrent): Promise<number> {
  session = await createNativeSession({
    handler: storage,
    onAlert: storage.onAlert,
    listenInterfaces: '127.0.0.1:0',
    settings: LOOPBACK_SETTINGS,
  })
  const handle = await session.addTorrent({ torrentId: 'hashed', torrentFile: torrent.torrentFile })
  const ended = () => storage.alerted('torrentChecked') || storage.alerted('torrentError')
  await storage.until('the check has ended', ended)
  return handle
}

const offers = {
  offered: (torrent: TestTorrent): RecordingStorage =>
    new HashingStorage((piece) => {
      if (piece === MISSING) throw notFound()
      if (piece === READ_BY_NATIVE) return undefined
      const digest = sha1(pieceBytes(torrent, piece))
      return { sha1: piece === WRONG ? sha1(digest) : digest }
    }),
  'not offered': (): RecordingStorage => new RecordingStorage(),
}

it.each(['offered', 'not offered'] as const)('finds the same pieces with hashPiece %s', async (offer) => {
  const torrent = createTestTorrent('checked')
  const storage = offers[offer](torrent)
  store(storage, torrent)
  const handle = await check(storage, torrent)
  const right = allOf(torrent).filter((piece) => piece !== WRONG && piece !== MISSING)
  // Completed once more, which is fine.
  await storage.until('they are completed', () => storage.completedPieces().length === right.length)
  expect(storage.completedPieces()).toEqual(right)
  expect(session?.torrentStatus(handle)).toMatchObject({ piecesHave: right.length, state: 'downloading' })
  const read = storage.calls('readPiece').map((call) => call.piece)
  expect(read.toSorted()).toEqual(offer === 'offered' ? [READ_BY_NATIVE] : allOf(torrent))
})

it('stops a check whose digests are no digests, and says why', async () => {
  const torrent = createTestTorrent('short')
  const storage = new HashingStorage(() => ({ sha1: new Uint8Array(19) }))
  store(storage, torrent)
  const handle = await check(storage, torrent)
  expect(session?.torrentStatus(handle)).toMatchObject({ piecesHave: 0, error: { code: 'EIO' } })
  const alert = storage.alerts.find((each) => each.type === 'torrentError')
  expect(alert).toMatchObject({ cause: expect.any(TypeError) })
})
