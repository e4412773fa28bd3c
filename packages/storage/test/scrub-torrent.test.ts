import { describe, expect, it } from 'vitest'
import { chunkKeyOf } from '../src/chunk-key.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { collect } from '../src/compliance/expectations.js'
import { layoutOf, nastyLayouts } from '../src/compliance/layouts.js'
import { fill } from '../src/compliance/storage-subject.js'
import { StorageError } from '../src/errors.js'
import { type DamagedPiece, scrubTorrent } from '../src/scrub-torrent.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { Library } from './library.js'

const block = 16_384
const small = layoutOf('small pieces', block, [6 * block + 100])
const song = 'disc 1/0 – Übung.wav'

async function damageOf(library: Library): Promise<DamagedPiece[]> {
  return (await collect(scrubTorrent(library))).flatMap(({ damage }) => damage)
}

async function flipByte(library: Library, ordinal: number, at: number): Promise<void> {
  const bytes = library.chunk(ordinal).slice()
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await library.chunkStore.put(library.key(ordinal), bytes)
}

async function filled(library: Library): Promise<Library> {
  const storage = await library.open()
  await fill(storage, library.bytes)
  await storage.close()
  return library
}

describe('scrubTorrent', () => {
  for (const layout of nastyLayouts) {
    it(`finds nothing wrong with a whole torrent with ${layout.name}`, async () => {
      const library = await filled(new Library(layout))
      const steps = await collect(scrubTorrent(library))
      expect(steps.map(({ piece }) => piece)).toEqual([...Array(library.mapper.pieceCount).keys()])
      expect(steps.flatMap(({ damage }) => damage)).toEqual([])
      expect(steps.at(-1)).toMatchObject({
        checkedPieces: library.mapper.pieceCount,
        completePieces: library.mapper.pieceCount,
        checkedBytes: layout.totalLengthBytes,
      })
    })
  }

  it('names the one piece, the file and the chunk of one flipped byte', async () => {
    const library = await filled(new Library(small))
    await flipByte(library, 1, block + 5)
    expect(await damageOf(library)).toEqual([{ piece: 5, files: [song], chunk: library.key(1) }])
  })

  it('names every piece over a flipped byte where the torrent has no SHA-1', async () => {
    const library = await filled(new Library(small, { withoutPieceHashes: true }))
    await flipByte(library, 1, block + 5)
    const expected = [4, 5, 6].map((piece) => ({ piece, files: [song], chunk: library.key(1) }))
    expect(await damageOf(library)).toEqual(expected)
  })

  it('names a chunk that is gone, or too short, for each of its pieces', async () => {
    const library = await filled(new Library(small))
    await library.chunkStore.delete(library.key(1))
    const expected = [4, 5, 6].map((piece) => ({ piece, files: [song], chunk: library.key(1) }))
    expect(await damageOf(library)).toEqual(expected)
    await library.chunkStore.put(library.key(1), library.chunk(1).subarray(0, 10))
    expect(await damageOf(library)).toEqual(expected)
  })

  it('finds a chunk of zeroes gone, whose pieces a reader of zeroes would prove', async () => {
    const library = new Library(layoutOf('zeroes', block, [4 * block]))
    library.bytes.fill(0)
    const storage = await library.open()
    await fill(storage, library.bytes)
    await storage.close()
    await library.chunkStore.delete(library.key(0))
    expect(await damageOf(library)).toHaveLength(4)
  })

  it('names a chunk whose recorded key is wrong though its pieces are right', async () => {
    const library = await filled(new Library(small))
    const wrong = chunkKeyOf(library.chunk(0), 65_536)
    await library.database.clearProgress(library.record.id, { pieces: [], ordinals: [1] })
    await library.chunkStore.put(wrong, library.chunk(0))
    await library.database.recordProgress(library.record.id, {
      completedPieces: [],
      sealedChunks: [{ ordinal: 1, key: wrong, lengthBytes: 2 * block + 100 }],
    })
    expect((await damageOf(library)).map(({ piece }) => piece)).toEqual([4, 5, 6])
  })

  it('checks staged bytes of complete pieces, and names no chunk for them', async () => {
    const library = new Library(small)
    const storage = await library.open()
    await library.complete(storage, 0, 1)
    await storage.close()
    expect(await damageOf(library)).toEqual([])
    await library.chunkStore.staging.write(library.staged(0), block + 7, Uint8Array.of(1, 2, 3))
    expect(await damageOf(library)).toEqual([{ piece: 1, files: [song] }])
    await library.chunkStore.staging.discard(library.staged(0))
    expect((await damageOf(library)).map(({ piece }) => piece)).toEqual([0, 1])
  })

  it('does not call pieces bad that the torrent does not have yet', async () => {
    const library = new Library(small)
    const storage = await library.open()
    await library.complete(storage, 0, 5)
    await library.write(storage, 2)
    const steps = await collect(scrubTorrent(library))
    expect(steps).toEqual([
      { piece: 0, checkedPieces: 1, completePieces: 2, checkedBytes: block, damage: [] },
      { piece: 5, checkedPieces: 2, completePieces: 2, checkedBytes: 2 * block, damage: [] },
    ])
  })

  it('reads each chunk once', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = await filled(new Library(small, { store }))
    store.fail('get', new Error('a third read'), { skip: 2 })
    expect(await damageOf(library)).toEqual([])
    expect(store.scriptIsDone).toBe(false)
  })

  it('throws when the store cannot answer: that is no damage', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = await filled(new Library(small, { store }))
    const broken = new StorageError('STORAGE_IO', 'the disk does not answer')
    store.fail('get', broken)
    await expect(damageOf(library)).rejects.toBe(broken)
  })

  it('stops with the reason when it is aborted', async () => {
    const library = await filled(new Library(small))
    const abort = new AbortController()
    const reason = new Error('changed my mind')
    const pieces: number[] = []
    const scrubbing = (async () => {
      for await (const { piece } of scrubTorrent(library, abort)) {
        pieces.push(piece)
        abort.abort(reason)
      }
    })()
    await expect(scrubbing).rejects.toBe(reason)
    expect(pieces).toEqual([0])
  })
})
