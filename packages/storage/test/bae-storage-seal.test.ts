import { randomUUID } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import type { MerkleRoot } from '../src/chunk-key.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { collect, rejectsWithCode, sameBytes } from '../src/compliance/expectations.js'
import { layoutOf, torrentBytes } from '../src/compliance/layouts.js'
import { completedOf, fill } from '../src/compliance/storage-subject.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { createStorageFactory } from '../src/storage-factory.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import type { TorrentId } from '../src/torrent-layout.js'
import { hasSettled, held, Library, WatchedDatabase } from './library.js'

const block = 16_384

/** Four pieces in a chunk; the second chunk is short. */
const small = layoutOf('small pieces', block, [6 * block + 100])

describe('sealing', () => {
  it('happens when the last piece over a chunk is complete, and not before', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    await library.complete(storage, 3, 0, 2)
    expect(await library.recordedKeys()).toEqual([undefined, undefined])
    expect(await library.storedKeys()).toEqual([])
    await library.complete(storage, 1)
    await storage.close()
    expect(await library.recordedKeys()).toEqual([library.key(0), undefined])
    expect(await library.storedKeys()).toEqual([library.key(0)])
    expect(await library.stagedOrdinals()).toEqual([])
    sameBytes(await library.chunkStore.get(library.key(0)), library.chunk(0), 'the sealed chunk')
  })

  it('gives every chunk of a torrent of odd files the key of its bytes and stages nothing any more', async () => {
    const library = new Library(
      layoutOf('odd', 3 * block, [40_001, 99_999, 0, 7, { padding: 9999 }, 131_071]),
    )
    const storage = await library.open()
    await Promise.all(
      [...Array(library.mapper.pieceCount).keys()].map((piece) => library.complete(storage, piece)),
    )
    await storage.close()
    const keys = [...Array(library.mapper.chunkCount).keys()].map((ordinal) => library.key(ordinal))
    expect(await library.recordedKeys()).toEqual(keys)
    expect(await library.storedKeys()).toEqual([...new Set(keys)].sort())
    expect(await library.stagedOrdinals()).toEqual([])
  })

  it('records first and renames after', async () => {
    const store = new SlowChunkStore(new MemoryChunkStore())
    const library = new Library(small, { store })
    const storage = await library.open()
    const recording = held()
    library.database.beforeRecord = () => recording.promise
    store.hold('staging.seal')
    const completing = library.complete(storage, 4, 5, 6)
    expect(await hasSettled(store.whenHeld('staging.seal'))).toBe(false)
    recording.release()
    await completing
    await store.whenHeld('staging.seal')
    expect(await library.recordedKeys()).toEqual([undefined, library.key(1)])
    sameBytes(await storage.readPiece(4, 0, block), library.piece(4), 'read between record and rename')
    const closing = storage.close()
    expect(await hasSettled(closing)).toBe(false)
    store.release('staging.seal')
    await closing
    expect(await library.storedKeys()).toEqual([library.key(1)])
  })

  it('hashes what is in memory: a chunk whose pieces hold whole leaves is not read back', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    store.fail('staging.read', new Error('nobody should read'), { times: 1 })
    const library = new Library(small, { store })
    const storage = await library.open()
    await library.complete(storage, 0, 1, 2, 3, 4, 5, 6)
    await storage.close()
    expect(store.scriptIsDone).toBe(false)
    expect(await library.recordedKeys()).toEqual([library.key(0), library.key(1)])
  })

  it('keys what is stored last: blocks that overwrite half a leaf each make its digest unknown', async () => {
    const library = new Library(layoutOf('leaves at odd places', 4 * block, [5000, 6 * block]))
    const storage = await library.open()
    for (const piece of [0, 1]) {
      const right = library.piece(piece)
      await storage.writePiece(piece, 0, new Uint8Array(right.length).fill(0xee))
      for (let at = 0; at < right.length; at += block)
        await storage.writePiece(piece, at, right.slice(at, at + block))
      await storage.completePiece(piece)
    }
    await storage.close()
    expect(await library.recordedKeys()).toEqual([library.key(0), library.key(1), library.key(2)])
  })

  it('reads leaves that two pieces share into memory that is used again', async () => {
    const store = new MemoryChunkStore()
    const reads = vi.spyOn(store.staging, 'read')
    const library = new Library(layoutOf('shared leaves', 4 * block, [5000, 40 * 4 * block]), { store })
    const storage = await library.open()
    await Promise.all(
      [...Array(library.mapper.pieceCount).keys()].map((piece) => library.complete(storage, piece)),
    )
    await storage.close()
    const keys = [...Array(library.mapper.chunkCount).keys()].map((ordinal) => library.key(ordinal))
    expect(await library.recordedKeys()).toEqual(keys)
    const memory = reads.mock.calls.map(([, , options]) => options?.into?.buffer)
    expect(memory.length).toBeGreaterThanOrEqual(40)
    expect(memory).not.toContain(undefined)
    // A few for each batch.
    expect(new Set(memory).size).toBeLessThan(20)
  })

  it('stores the same bytes of two torrents once, and keeps them until both are destroyed', async () => {
    const first = new Library(small)
    const second = new Library(small, { store: first.chunkStore, database: first.database })
    const [one, two] = [await first.open(), await second.open()]
    await Promise.all([fill(one, first.bytes), fill(two, second.bytes)])
    await one.close()
    await two.close()
    const keys = [first.key(0), first.key(1)].sort()
    expect(await first.storedKeys()).toEqual(keys)
    await one.destroy()
    expect(await first.storedKeys()).toEqual(keys)
    await two.destroy()
    expect(await first.storedKeys()).toEqual([])
  })
})

describe('completePiece', () => {
  it('settles only when the piece is recorded, and claims nothing before', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    const recording = held()
    library.database.beforeRecord = () => recording.promise
    await library.write(storage, 0)
    const completing = storage.completePiece(0)
    expect(await hasSettled(completing)).toBe(false)
    expect(await completedOf(storage)).toEqual([])
    sameBytes(await storage.readPiece(0, 0, block), library.piece(0), 'read meanwhile')
    recording.release()
    await completing
    expect(await completedOf(storage)).toEqual([0])
  })

  it('of many pieces needs two transactions: what comes while one is under way goes together', async () => {
    const library = new Library(layoutOf('many', block, [64 * block]))
    await using storage = await library.open()
    const pieces = [...Array(64).keys()]
    await library.write(storage, ...pieces)
    const recording = held()
    library.database.beforeRecord = () => recording.promise
    const first = storage.completePiece(0)
    expect(await hasSettled(first)).toBe(false)
    const rest = pieces.slice(1).map((piece) => storage.completePiece(piece))
    recording.release()
    await Promise.all([first, ...rest])
    expect(library.database.transactions.map((one) => one.completedPieces.length)).toEqual([1, 63])
    expect(library.database.transactions[1]?.sealedChunks).toHaveLength(16)
  })

  it('is waited for by close', async () => {
    const library = new Library(small)
    const storage = await library.open()
    await library.write(storage, 0)
    const recording = held()
    library.database.beforeRecord = () => recording.promise
    const completing = storage.completePiece(0)
    const closing = storage.close()
    expect(await hasSettled(closing)).toBe(false)
    recording.release()
    await closing
    await completing
    expect(await library.database.completedPieces(library.record.id)).toEqual(Uint8Array.of(0x80))
  })

  it('that cannot be recorded rejects with the reason, claims nothing, and goes well the next time', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    const broken = new Error('the server went away')
    library.database.beforeRecord = () => Promise.reject(broken)
    await expect(library.complete(storage, 4, 5, 6)).rejects.toBe(broken)
    expect(await completedOf(storage)).toEqual([])
    library.database.beforeRecord = async () => {}
    await Promise.all([4, 5, 6].map((piece) => storage.completePiece(piece)))
    expect(await completedOf(storage)).toEqual([4, 5, 6])
    await storage.close()
    expect(await library.storedKeys()).toEqual([library.key(1)])
  })

  it('that was recorded though the answer was lost is taken back before its bytes change', async () => {
    const library = new Library(small)
    await using storage = await library.open()
    library.database.afterRecord = () => Promise.reject(new Error('connection lost'))
    await expect(library.complete(storage, 4, 5, 6)).rejects.toThrow('connection lost')
    expect(await library.database.completedPieces(library.record.id)).toEqual(Uint8Array.of(0x0e))
    library.database.afterRecord = async () => {}
    await storage.writePiece(5, 0, library.piece(0))
    expect(await library.database.completedPieces(library.record.id)).toEqual(Uint8Array.of(0x0a))
    expect(await library.recordedKeys()).toEqual([undefined, undefined])
  })
})

describe('destroying a torrent', () => {
  it('leaves no chunk, staged or stored, and no record of it', async () => {
    const library = new Library(small)
    const storage = await library.open()
    await library.complete(storage, 4, 5, 6, 0)
    await library.write(storage, 1)
    await storage.destroy()
    expect(await library.storedKeys()).toEqual([])
    expect(await library.stagedOrdinals()).toEqual([])
    expect(await library.database.findTorrent(library.record.id)).toBeUndefined()
  })

  it('that fails half way can be done again', async () => {
    const store = new FaultyChunkStore(new MemoryChunkStore())
    const library = new Library(small, { store, database: new WatchedDatabase() })
    const storage = await library.open()
    await library.complete(storage, 0)
    const broken = new Error('the disk is gone')
    store.fail('staging.discardAll', broken)
    await expect(storage.destroy()).rejects.toBe(broken)
    await storage.destroy()
    expect(await library.stagedOrdinals()).toEqual([])
    await rejectsWithCode('STORAGE_CLOSED', storage.readPiece(0, 0, 1))
  })
})

it('keys chunks by the tree that it was given', async () => {
  const layout = layoutOf('given tree', block, [2 * block])
  const chunkStore = new MemoryChunkStore()
  const root = new Uint8Array(32).fill(7)
  const asked: [number, number][] = []
  const merkleRoot: MerkleRoot = (leaves, width) => {
    asked.push([leaves.length, width])
    return root
  }
  const open = createStorageFactory(
    { chunkStore, database: new MemoryDatabase(), merkleRoot },
    { chunkSizeBytes: 4 * block },
  )
  const storage = await open(randomUUID() as TorrentId, layout, {
    infoSection: new Uint8Array(1),
  })
  await fill(storage, torrentBytes(layout))
  await storage.close()
  expect(asked).toEqual([[64, 4]])
  expect(await collect(chunkStore.list(''))).toEqual(['07'.repeat(32)])
})
