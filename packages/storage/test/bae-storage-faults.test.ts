import { describe, expect, it } from 'vitest'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { rejectsWithCode, sameBytes } from '../src/compliance/expectations.js'
import { layoutOf, torrentBytes } from '../src/compliance/layouts.js'
import { completedOf, fill } from '../src/compliance/storage-subject.js'
import { StorageError } from '../src/errors.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import { hasSettled, Library } from './library.js'

const block = 16_384
const full = new StorageError('STORAGE_NO_SPACE', 'the disk is full')

/** Pieces of two and a half chunks, and a piece that is written in four spans. */
const large = layoutOf('large pieces', 10 * block, [35 * block])
const small = layoutOf('small pieces', block, [6 * block + 100])

describe('a write that fails', () => {
  it('rejects with the reason, and nobody reads what it may have left', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(large, { store })
    await using storage = await library.open()
    store.fail('staging.write', full, { skip: 1 })
    await expect(library.write(storage, 0)).rejects.toBe(full)
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(0, 0, 1))
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.completePiece(0))
    await library.complete(storage, 0)
    sameBytes(await storage.readPiece(0, 0, 10 * block), library.piece(0), 'written again')
  })

  it('over a written piece makes every byte of it unreadable, and the piece cannot be completed', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(large, { store })
    await using storage = await library.open()
    await library.write(storage, 0)
    store.fail('staging.write', full, { skip: 1 })
    await expect(library.write(storage, 0)).rejects.toBe(full)
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(0, 0, 1))
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.completePiece(0))
  })

  it('keeps the lent memory until every part of the piece has settled', async () => {
    const slow = new SlowChunkStore(new MemoryChunkStore())
    const store = new FaultyChunkStore(slow)
    const library = new Library(large, { store })
    await using storage = await library.open()
    slow.hold('staging.write')
    store.fail('staging.write', full, { skip: 2 })
    const writing = library.write(storage, 0)
    await slow.whenHeld('staging.write', 2)
    expect(await hasSettled(writing)).toBe(false)
    slow.release('staging.write')
    await expect(writing).rejects.toBe(full)
  })

  it('over a complete piece that cannot be staged again leaves the piece complete', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(small, { store })
    await using storage = await library.open()
    await fill(storage, library.bytes)
    store.fail('staging.write', full)
    await expect(storage.writePiece(4, 0, library.piece(0))).rejects.toBe(full)
    expect(await completedOf(storage)).toEqual([0, 1, 2, 3, 4, 5, 6])
    sameBytes(await storage.readPiece(4, 0, block), library.piece(4), 'piece 4')
  })
})

describe('rewriting a piece of a sealed chunk', () => {
  it('stages the chunk again before the record goes, and then deletes the object', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    await fill(storage, library.bytes)
    library.database.beforeClear = async () => {
      const staged = await library.chunkStore.staging.read(library.staged(1), {
        offset: 0,
        length: 2 * block + 100,
      })
      sameBytes(staged, library.chunk(1), 'staged before the record is cleared')
      expect(await library.storedKeys()).toContain(library.key(1))
    }
    const changed = torrentBytes(library.layout, 2).subarray(4 * block, 5 * block)
    await storage.writePiece(4, 0, changed)
    expect(await library.storedKeys()).toEqual([library.key(0)])
    expect(await library.recordedKeys()).toEqual([library.key(0), undefined])
    sameBytes(await storage.readPiece(4, 0, block), changed, 'rewritten')
    sameBytes(await storage.readPiece(5, 0, block), library.piece(5), 'its neighbour')
  })

  it('leaves the object to another torrent that has the same chunk', async () => {
    const library = new Library(small)
    const other = new Library(small, { store: library.chunkStore, database: library.database })
    await using storage = await library.open()
    await using neighbour = await other.open()
    await fill(storage, library.bytes)
    await fill(neighbour, other.bytes)
    await storage.writePiece(4, 0, library.piece(0))
    sameBytes(await neighbour.readPiece(4, 0, block), other.piece(4), 'of the other torrent')
    expect(await library.storedKeys()).toEqual([library.key(0), library.key(1)].sort())
  })

  it('never stages damaged bytes as if they were right: the pieces over them are lost', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    await fill(storage, library.bytes)
    await library.chunkStore.put(
      library.key(1),
      library.chunk(1).map((byte, at) => (at === 5 ? byte ^ 1 : byte)),
    )
    const lost: (readonly number[])[] = []
    storage.onPiecesLost((pieces) => lost.push(pieces))
    await storage.writePiece(4, 0, library.piece(4))
    expect(lost).toEqual([[5, 6]])
    expect(await completedOf(storage)).toEqual([0, 1, 2, 3])
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(5, 0, 1))
  })
})

describe('a complete piece whose chunk is gone', () => {
  it('rejects STORAGE_CHUNK_MISSING, is told as lost, and is not claimed again', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    await fill(storage, library.bytes)
    await library.chunkStore.delete(library.key(1))
    const lost = new Promise<readonly number[]>((resolve) => storage.onPiecesLost(resolve))
    await rejectsWithCode('STORAGE_CHUNK_MISSING', storage.readPiece(5, 0, 10))
    expect(await lost).toEqual([4, 5, 6])
    expect(await completedOf(storage)).toEqual([0, 1, 2, 3])
    await library.complete(storage, 4, 5, 6)
    sameBytes(await storage.readPiece(5, 0, block), library.piece(5), 'fetched again')
  })

  it('that is too short rejects STORAGE_CORRUPT', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    await fill(storage, library.bytes)
    await library.chunkStore.put(library.key(1), library.chunk(1).subarray(0, block))
    await rejectsWithCode('STORAGE_CORRUPT', storage.readPiece(5, 0, 10))
  })

  it('is told to nobody who has unsubscribed', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    await fill(storage, library.bytes)
    await library.chunkStore.delete(library.key(1))
    const told: string[] = []
    const unsubscribe = storage.onPiecesLost(() => told.push('unsubscribed'))
    unsubscribe()
    const lost = new Promise<void>((resolve) => storage.onPiecesLost(() => resolve()))
    await rejectsWithCode('STORAGE_CHUNK_MISSING', storage.readPiece(5, 0, 10))
    await lost
    expect(told).toEqual([])
  })

  it('and a store that cannot answer now are two different things: nothing is lost', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(small, { store })
    await using storage = await library.open()
    await fill(storage, library.bytes)
    await storage.completePiece(0)
    const unavailable = new StorageError('STORAGE_UNAVAILABLE', 'the network is down')
    store.fail('get', unavailable)
    await expect(storage.readPiece(5, 0, 10)).rejects.toBe(unavailable)
    expect(await completedOf(storage)).toHaveLength(7)
    sameBytes(await storage.readPiece(5, 0, block), library.piece(5), 'when it is back')
  })
})
