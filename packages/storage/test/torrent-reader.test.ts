import { describe, expect, it } from 'vitest'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { collect, rejectsWithCode, sameBytes } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { fill } from '../src/compliance/storage-subject.js'
import { StorageError } from '../src/errors.js'
import { type PieceSource, readFile } from '../src/read-file.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import { TorrentReader } from '../src/torrent-reader.js'
import { Library } from './library.js'

const block = 16_384
const small = layoutOf('small pieces', block, [6 * block + 100])

describe('TorrentReader', () => {
  it('reads what is recorded while the torrent is being filled, and nothing else', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    const reader = new TorrentReader(library)
    await library.write(storage, 0, 1)
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', reader.readPiece(0, 0, 1))
    await storage.completePiece(0)
    sameBytes(await reader.readPiece(0, 5, 1000), library.piece(0).subarray(5, 1005), 'staged')
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', reader.readPiece(1, 0, 1))
    await library.complete(storage, 1, 2, 3)
    for (const piece of [0, 1, 2, 3])
      sameBytes(await reader.readPiece(piece, 0, block), library.piece(piece), `${piece}`)
    expect(await reader.completedPieces()).toEqual(Uint8Array.of(0xf0))
  })

  it('reads a chunk that is recorded and not renamed yet, and one that is renamed under its eyes', async () => {
    const slow = new SlowChunkStore(new MemoryChunkStore())
    const library = new Library(small, { store: slow })
    await using storage = await library.open()
    const reader = new TorrentReader(library)
    slow.hold('staging.seal')
    await library.complete(storage, 4, 5, 6)
    sameBytes(await reader.readPiece(5, 0, block), library.piece(5), 'between record and rename')
    slow.hold('staging.read')
    const reading = reader.readPiece(6, 0, 100)
    await slow.whenHeld('staging.read')
    slow.release('staging.seal')
    await storage.close()
    slow.release('staging.read')
    sameBytes(await reading, library.piece(6), 'renamed meanwhile')
  })

  it('reads a chunk that was staged again and sealed under another key', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    await fill(storage, library.bytes)
    const reader = new TorrentReader(library)
    sameBytes(await reader.readPiece(4, 0, block), library.piece(4), 'before')
    await storage.writePiece(4, 0, library.piece(0))
    sameBytes(await reader.readPiece(5, 0, block), library.piece(5), 'staged again')
    await storage.completePiece(4)
    sameBytes(await reader.readPiece(4, 0, block), library.piece(0), 'sealed again')
  })

  it('says that a chunk is missing when it is', async () => {
    const library = new Library(small)
    const storage = await library.open()
    await fill(storage, library.bytes)
    await storage.close()
    await library.chunkStore.delete(library.key(1))
    await rejectsWithCode('STORAGE_CHUNK_MISSING', new TorrentReader(library).readPiece(4, 0, 1))
  })

  it('passes an abort on', async () => {
    const reason = new Error('changed my mind')
    const reading = new TorrentReader(new Library(small)).readPiece(0, 0, 1, {
      signal: AbortSignal.abort(reason),
    })
    await expect(reading).rejects.toBe(reason)
  })
})

describe('readFile', () => {
  const layout = layoutOf('album', 3 * block, [40_001, 0, 2_500_000, { padding: 777 }, 7])

  async function read(
    library: Library,
    fileIndex: number,
    range?: { offset: number; length: number },
  ): Promise<Buffer> {
    const options = range === undefined ? {} : { range }
    return Buffer.concat(
      await collect(readFile(new TorrentReader(library), library.layout, fileIndex, options)),
    )
  }

  it('gives every byte of every file, and of any range of it', async () => {
    const library = new Library(layout)
    await using storage = await library.open()
    await fill(storage, library.bytes)
    for (const { index, offsetBytes, lengthBytes } of layout.files) {
      const expected = library.bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
      sameBytes(await read(library, index), expected, `file ${index}`)
      sameBytes(
        Buffer.concat(await collect(readFile(storage, layout, index))),
        expected,
        `file ${index} of the storage`,
      )
    }
    for (const [offset, length] of [
      [0, 1],
      [2_499_999, 1],
      [49_152, 49_152],
      [1, 2_000_000],
      [5, 0],
      [2_500_000, 0],
    ] as const) {
      const start = 40_001 + offset
      sameBytes(
        await read(library, 2, { offset, length }),
        library.bytes.subarray(start, start + length),
        `${offset}`,
      )
    }
  })

  it('gives at most 1 MiB at a time, however long the pieces are', async () => {
    const library = new Library(layoutOf('long pieces', 1 << 22, [(1 << 22) + 5]), {
      chunkSizeBytes: 1 << 20,
    })
    await using storage = await library.open()
    await fill(storage, library.bytes)
    const parts = await collect(readFile(storage, library.layout, 0))
    expect(parts.map((part) => part.length)).toEqual([1 << 20, 1 << 20, 1 << 20, 1 << 20, 5])
  })

  it('throws in the loop where a piece is missing, and never ends early', async () => {
    const library = new Library(layout)
    await using storage = await library.open()
    await fill(storage, library.bytes)
    await storage.clearPiece(20)
    const parts: Uint8Array[] = []
    const reading = (async () => {
      for await (const part of readFile(new TorrentReader(library), layout, 2)) parts.push(part)
    })()
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', reading)
    expect(Buffer.concat(parts).length).toBe(20 * 3 * block - 40_001)
  })

  it('refuses a file or a range that the torrent does not have', async () => {
    const library = new Library(layout)
    await using storage = await library.open()
    const read = (file: number, offset = 0, length = 0): Promise<unknown> =>
      collect(readFile(storage, layout, file, { range: { offset, length } }))
    await expect(read(5)).rejects.toThrow(RangeError)
    await expect(read(-1)).rejects.toThrow(RangeError)
    await expect(read(0, 0, 40_002)).rejects.toThrow(RangeError)
    await expect(read(0, -1, 1)).rejects.toThrow(RangeError)
    await expect(read(0, 0.5, 1)).rejects.toThrow(RangeError)
  })

  it('stops with the reason when it is aborted', async () => {
    const library = new Library(layout)
    await using storage = await library.open()
    await fill(storage, library.bytes)
    const abort = new AbortController()
    const reason = new Error('changed my mind')
    const reading = (async () => {
      for await (const part of readFile(storage, layout, 2, abort)) {
        expect(part.length).toBeGreaterThan(0)
        abort.abort(reason)
      }
    })()
    await expect(reading).rejects.toBe(reason)
  })

  it('reads nothing before the loop asks for it, and nothing more once the loop was left', async () => {
    const library = new Library(layout)
    await using storage = await library.open()
    await fill(storage, library.bytes)
    const asked: number[] = []
    const source: PieceSource = {
      readPiece: (piece, ...rest) => {
        asked.push(piece)
        return storage.readPiece(piece, ...rest)
      },
    }
    const reading = readFile(source, layout, 2)
    expect(asked).toEqual([])
    for await (const part of reading) {
      expect(part.length).toBeGreaterThan(0)
      if (asked.length === 2) break
    }
    expect(asked).toEqual([0, 1])
  })

  it('throws what the store says in the middle of a file, and can be read on from there', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(layout, { store })
    const storage = await library.open()
    await fill(storage, library.bytes)
    await storage.close()
    const away = new StorageError('STORAGE_UNAVAILABLE', 'not now')
    store.fail('get', away, { skip: 7 })
    const parts: Uint8Array[] = []
    const reading = (async () => {
      for await (const part of readFile(new TorrentReader(library), layout, 2)) parts.push(part)
    })()
    await expect(reading).rejects.toBe(away)
    const offset = Buffer.concat(parts).length
    expect(offset).toBeGreaterThan(0)
    parts.push(await read(library, 2, { offset, length: 2_500_000 - offset }))
    sameBytes(Buffer.concat(parts), library.bytes.subarray(40_001, 2_540_001), 'in two goes')
  })

  it('stops at once when it is aborted in the middle of a read, though the store still hangs', async () => {
    const store = new SlowChunkStore(new MemoryChunkStore())
    const library = new Library(layout, { store })
    const storage = await library.open()
    await fill(storage, library.bytes)
    await storage.close()
    const abort = new AbortController()
    const reason = new Error('changed my mind')
    store.hold('get')
    const reading = collect(readFile(new TorrentReader(library), layout, 2, abort))
    await store.whenHeld('get')
    abort.abort(reason)
    await expect(reading).rejects.toBe(reason)
    store.release('get')
  })
})
