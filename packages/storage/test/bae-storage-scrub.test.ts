import { describe, expect, it } from 'vitest'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { ChunkKey, ChunkPlaces } from '../src/chunk-store.js'
import { layoutOf, layoutV2Of } from '../src/compliance/layouts.js'
import { completedOf, fill } from '../src/compliance/storage-subject.js'
import { StorageError } from '../src/errors.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import { Library } from './library.js'

const block = 16_384
const small = layoutOf('small pieces', block, [6 * block + 100])

/** A store with a second one behind it, as far as healing goes. */
class BackedChunkStore extends MemoryChunkStore {
  readonly remote = new Map<ChunkKey, Uint8Array>()

  override async places(key: ChunkKey): Promise<ChunkPlaces> {
    return { local: await this.has(key), remote: this.remote.has(key) }
  }

  override async heal(key: ChunkKey): Promise<boolean> {
    const bytes = this.remote.get(key)
    if (bytes !== undefined) await this.put(key, bytes)
    return bytes !== undefined
  }
}

async function flipByte(library: Library, ordinal: number, at: number): Promise<void> {
  const bytes = library.chunk(ordinal).slice()
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await library.chunkStore.put(library.key(ordinal), bytes)
}

async function openFilled(library: Library) {
  const storage = await library.open()
  await fill(storage, library.bytes)
  const lost: number[][] = []
  storage.onPiecesLost((pieces) => lost.push([...pieces]))
  return { storage, lost }
}

describe('BaeStorage.scrub', () => {
  it('tells of damage and leaves it where no repair was asked for', async () => {
    const library = new Library(small)
    const { storage, lost } = await openFilled(library)
    await flipByte(library, 1, block + 5)
    expect((await storage.scrub()).damage).toMatchObject([{ pieces: [5] }])
    expect(await completedOf(storage)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(lost).toEqual([])
  })

  it('heals a damaged chunk from another copy: nothing is lost', async () => {
    const store = new BackedChunkStore()
    const library = new Library(small, { store })
    const { storage, lost } = await openFilled(library)
    store.remote.set(library.key(1), library.chunk(1))
    await flipByte(library, 1, block + 5)
    const report = await storage.scrub({ repair: true })
    expect(report.damage).toMatchObject([{ pieces: [5], places: { local: true, remote: true } }])
    expect(report.repair).toEqual({ healedChunks: 1, lostPieces: [] })
    expect(lost).toEqual([])
    expect((await storage.scrub()).damage).toEqual([])
  })

  it('takes back only the pieces that are wrong, tells of them, and is whole when they have come again', async () => {
    const library = new Library(small)
    const { storage, lost } = await openFilled(library)
    await flipByte(library, 1, block + 5)
    expect(await storage.scrub({ repair: true })).toMatchObject({
      repair: { healedChunks: 0, lostPieces: [5] },
    })
    expect(lost).toEqual([[5]])
    expect(await completedOf(storage)).toEqual([0, 1, 2, 3, 4, 6])
    await expect(storage.readPiece(5, 0, 100)).rejects.toMatchObject({ code: 'STORAGE_PIECE_NOT_FOUND' })
    expect(await storage.readPiece(4, 0, block)).toEqual(library.piece(4))
    await library.complete(storage, 5)
    await storage.close()
    expect((await scrubTorrent(library)).damage).toEqual([])
    expect(await library.storedKeys()).toEqual([library.key(0), library.key(1)].sort())
    expect(await library.stagedOrdinals()).toEqual([])
  })

  it('takes back all pieces over a damaged chunk where nothing else proves them', async () => {
    const library = new Library(small, { withoutPieceHashes: true })
    const { storage, lost } = await openFilled(library)
    await flipByte(library, 1, block + 5)
    await storage.scrub({ repair: true })
    expect(lost).toEqual([[4, 5, 6]])
    await library.complete(storage, 4, 5, 6)
    expect((await storage.scrub()).damage).toEqual([])
  })

  it('takes back the pieces of a chunk that is gone, or that the store calls damaged', async () => {
    for (const spoil of ['delete', 'fail'] as const) {
      const store = new FaultyChunkStore(new MemoryChunkStore())
      const library = new Library(small, { store })
      const { storage, lost } = await openFilled(library)
      const corrupt = new StorageError('STORAGE_CORRUPT', 'the chunk is damaged')
      if (spoil === 'delete') await store.delete(library.key(1))
      else store.fail('get', corrupt, { skip: 1, times: 3 })
      await storage.scrub({ repair: true })
      expect(lost).toEqual([[4, 5, 6]])
      expect(await completedOf(storage)).toEqual([0, 1, 2, 3])
    }
  })

  it('heals a chunk that two torrents share by fetching it again for one of them', async () => {
    const library = new Library(small)
    const twin = new Library(small, { store: library.chunkStore, database: library.database })
    await (await openFilled(twin)).storage.close()
    const { storage } = await openFilled(library)
    await flipByte(library, 1, block + 5)
    expect((await scrubTorrent(twin)).damage).toMatchObject([{ pieces: [5] }])
    await storage.scrub({ repair: true })
    await library.complete(storage, 5)
    await storage.close()
    expect((await scrubTorrent(twin)).damage).toEqual([])
  })

  it('mends staged bytes too', async () => {
    const library = new Library(small)
    const storage = await library.open()
    await library.complete(storage, 0, 1)
    await library.chunkStore.staging.write(library.staged(0), block + 7, Uint8Array.of(1, 2, 3))
    expect(await storage.scrub({ repair: true })).toMatchObject({ repair: { lostPieces: [1] } })
    expect(await completedOf(storage)).toEqual([0])
  })

  it('takes back a damaged v2 piece by its merkle root', async () => {
    const library = new Library(layoutV2Of('v2', block, [20_000, 5 * block]))
    const { storage, lost } = await openFilled(library)
    const [span] = library.mapper.chunksOfPiece(3)
    await flipByte(library, span?.ordinal ?? -1, span?.chunkOffset ?? -1)
    await storage.scrub({ repair: true })
    expect(lost).toEqual([[3]])
    await library.complete(storage, 3)
    expect((await storage.scrub()).damage).toEqual([])
  })

  it('finds nothing wrong any more where a piece was written anew meanwhile', async () => {
    const store = new SlowChunkStore(new MemoryChunkStore())
    const library = new Library(small, { store })
    const { storage, lost } = await openFilled(library)
    await flipByte(library, 1, block + 5)
    store.hold('heal')
    const scrubbing = storage.scrub({ repair: true })
    await store.whenHeld('heal')
    await library.chunkStore.put(library.key(1), library.chunk(1))
    store.release('heal')
    expect(await scrubbing).toMatchObject({ repair: { healedChunks: 1, lostPieces: [] } })
    expect(lost).toEqual([])
  })

  it('ends with STORAGE_CLOSED when the storage is closed, which does not wait for it', async () => {
    const store = new SlowChunkStore(new MemoryChunkStore())
    const library = new Library(small, { store })
    const { storage } = await openFilled(library)
    store.hold('get')
    const scrubbing = storage.scrub()
    await store.whenHeld('get')
    const closing = storage.close()
    store.release('get')
    await expect(scrubbing).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
    await closing
  })
})
