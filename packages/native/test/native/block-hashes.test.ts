import { createHash } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { createNativeSession, type NativeSession } from '../../src/index.js'
import type { TestSeed } from '../../src/testing/native-subject.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent, type TestTorrent } from '../../src/testing/test-torrent.js'
import { LOOPBACK_SETTINGS, seedFromFile } from './files-seed.js'

const BLOCK_BYTES = 16 * 1024

let seed: TestSeed | undefined
let session: NativeSession | undefined

afterEach(async () => {
  await session?.close()
  await seed?.close()
})

/** Asks for digests or not, and keeps those that come with each piece. */
class HashedStorage extends RecordingStorage {
  readonly hashes = new Map<number, Uint8Array | undefined>()
  readonly #asks: boolean

  constructor(asks: boolean) {
    super()
    this.#asks = asks
  }

  override async openStorage(...call: Parameters<RecordingStorage['openStorage']>) {
    return { ...(await super.openStorage(...call)), blockHashes: this.#asks }
  }

  override writePiece(
    index: number,
    piece: number,
    offset: number,
    bytes: Uint8Array,
    blockHashes?: Uint8Array,
  ) {
    this.hashes.set(piece, blockHashes)
    return super.writePiece(index, piece, offset, bytes)
  }
}

/** Of the blocks of files, counted from where these begin, that are wholly in the piece. */
function blockHashesOf({ layout, bytes }: TestTorrent, piece: number): Uint8Array {
  const start = piece * layout.pieceLengthBytes
  const end = start + layout.pieceLengthBytes
  const hashes = layout.files.flatMap(({ offsetBytes, lengthBytes, kind }) => {
    const fileEnd = offsetBytes + lengthBytes
    const starts = Array.from(
      { length: Math.ceil(lengthBytes / BLOCK_BYTES) },
      (_, at) => offsetBytes + at * BLOCK_BYTES,
    )
    const blocks = starts.map((at) => [at, Math.min(at + BLOCK_BYTES, fileEnd)] as const)
    return blocks
      .filter(([from, to]) => kind === 'file' && from >= start && to <= end)
      .map(([from, to]) => createHash('sha256').update(bytes.subarray(from, to)).digest())
  })
  return Uint8Array.from(Buffer.concat(hashes))
}

const shapes = {
  'one file': { totalLengthBytes: 33 * BLOCK_BYTES + 1000 },
  'odd files': { files: { a: 100, b: 3 * BLOCK_BYTES, c: 1, d: 9 * BLOCK_BYTES + 5, e: BLOCK_BYTES } },
}

it.each([
  ['one file', true],
  ['one file', false],
  ['odd files', true],
] as const)(
  'brings the digests of the blocks of files with a piece where they are asked for (%s, %s)',
  async (shape, asks) => {
    const torrent = createTestTorrent('hashed', { pieceLengthBytes: 4 * BLOCK_BYTES, ...shapes[shape] })
    const storage = new HashedStorage(asks)
    seed = await seedFromFile(torrent)
    session = await createNativeSession({
      handler: storage,
      onAlert: storage.onAlert,
      listenInterfaces: '127.0.0.1:0',
      settings: LOOPBACK_SETTINGS,
    })
    const handle = await session.addTorrent({ torrentId: 'hashed', torrentFile: torrent.torrentFile })
    session.connectPeer(handle, seed.host, seed.port)
    await storage.until('all pieces are there', () => storage.completedPieces().length === torrent.pieceCount)
    for (const { piece } of storage.writes) {
      expect(storage.hashes.get(piece)).toEqual(asks ? blockHashesOf(torrent, piece) : undefined)
    }
  },
)
