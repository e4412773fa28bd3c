import { createHash } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { createNativeSession, type NativeSession } from '../../src/index.js'
import type { TestSeed } from '../../src/testing/native-subject.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent } from '../../src/testing/test-torrent.js'
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

function blockHashesOf(bytes: Uint8Array): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(bytes.length / BLOCK_BYTES) }, (_, block) => {
    const blockBytes = bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)
    return createHash('sha256').update(blockBytes).digest()
  })
  return Uint8Array.from(Buffer.concat(blocks))
}

it.each([true, false])(
  'brings the digests of the blocks with a piece where they are asked for (%s)',
  async (asks) => {
    const torrent = createTestTorrent('hashed', { pieceLengthBytes: 4 * BLOCK_BYTES })
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
    for (const { piece, bytes } of storage.writes) {
      expect(storage.hashes.get(piece)).toEqual(asks ? blockHashesOf(bytes) : undefined)
    }
  },
)
