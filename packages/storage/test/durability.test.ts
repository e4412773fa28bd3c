import { afterEach, describe, expect, it, vi } from 'vitest'
import { rejectsWithCode, sameBytes } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { completedOf } from '../src/compliance/storage-subject.js'
import { barrierIntervalMs } from '../src/durability.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { PowerCutChunkStore } from '../src/testing/power-cut-chunk-store.js'
import type { TorrentLayout } from '../src/torrent-layout.js'
import { held, Library } from './library.js'

const block = 16_384

/** Four pieces in a chunk; the second chunk is short. */
const small = layoutOf('small pieces', block, [6 * block + 100])

/** A library on a machine that can lose its power. */
function powerless({
  layout = small,
  ...options
}: ConstructorParameters<typeof Library>[1] & { layout?: TorrentLayout } = {}) {
  const store = new PowerCutChunkStore()
  const library = new Library(layout, { store, ...options })
  const cutPower = async (): Promise<void> => {
    await store.cutPower()
    library.bootId = 'the second boot'
  }
  return { store, library, cutPower }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('durability "process"', () => {
  it('claims nothing after a power cut that was recorded after the last barrier', async () => {
    const { library, cutPower } = powerless()
    const before = await library.open()
    await library.complete(before, 0, 1, 2, 3)
    await before.close()
    const dead = await library.open()
    // Piece 4 and 5 lie in a chunk that is not sealed.
    await library.complete(dead, 4, 5)
    await cutPower()
    const storage = await library.open()
    expect(await completedOf(storage)).toEqual([0, 1, 2, 3])
    await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(4, 0, 1))
    await library.complete(storage, 4, 5, 6)
    sameBytes(await storage.readPiece(5, 0, block), library.piece(5), 'fetched again')
  })

  it('takes the key from a sealed chunk that a power cut spoilt', async () => {
    const { library, cutPower } = powerless()
    await library.complete(await library.open(), 0, 1, 2, 3)
    expect(await library.storedKeys()).toEqual([library.key(0)])
    await cutPower()
    expect(await completedOf(await library.open())).toEqual([])
    expect(await library.storedKeys()).toEqual([])
    expect(await library.recordedKeys()).toEqual([undefined, undefined])
  })

  it('does the same where the torrent has no hashes of its pieces, by the keys of the chunks', async () => {
    const layout = layoutOf('three chunks', block, [9 * block])
    const { library, store, cutPower } = powerless({ layout, withoutPieceHashes: true })
    const dead = await library.open()
    await library.complete(dead, 0, 1, 2, 3)
    await store.flush()
    await library.complete(dead, 4, 5, 6, 7)
    await cutPower()
    expect(await completedOf(await library.open())).toEqual([0, 1, 2, 3])
  })

  it('keeps unflushed pieces that survived, and asks no second time', async () => {
    const { library, store } = powerless()
    await library.complete(await library.open(), 0, 1, 4)
    library.bootId = 'the second boot'
    expect(await completedOf(await library.open())).toEqual([0, 1, 4])
    expect((await library.database.flushState(library.record.id)).unflushedPieces).toEqual(Uint8Array.of(0))
    await store.cutPower()
    library.bootId = 'the third boot'
    const storage = await library.open()
    expect(await completedOf(storage)).toEqual([0, 1, 4])
    sameBytes(await storage.readPiece(4, 0, block), library.piece(4), 'flushed before it was marked')
  })

  it('reads nothing at open where the machine is still up', async () => {
    const faulty = new FaultyChunkStore(new PowerCutChunkStore())
    const library = new Library(small, { store: faulty })
    await library.complete(await library.open(), 0, 1, 2, 3)
    faulty.fail('get', new Error('not at open'))
    expect(await completedOf(await library.open())).toEqual([0, 1, 2, 3])
    expect(faulty.scriptIsDone).toBe(false)
  })

  it('runs a barrier ten seconds after the first record, and when the torrent is complete', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { library, store, cutPower } = powerless()
    const dead = await library.open()
    await library.complete(dead, 0)
    expect(store.flushes).toBe(0)
    await vi.advanceTimersByTimeAsync(barrierIntervalMs)
    await vi.waitFor(() => expect(store.flushes).toBe(1))
    await library.complete(dead, 1, 2, 3, 4, 5, 6)
    expect(store.flushes).toBe(2)
    await cutPower()
    expect(await completedOf(await library.open())).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('tries again when flushing failed, and claims nothing meanwhile', async () => {
    const { library, store, cutPower } = powerless()
    const dead = await library.open()
    await library.complete(dead, 0)
    store.duringFlush = () => Promise.reject(new Error('the disk does not answer'))
    await library.complete(dead, 1, 2, 3, 4, 5, 6)
    expect(library.log).toContainEqual({ level: 'warn', message: 'stored pieces could not be flushed yet' })
    store.duringFlush = async () => {}
    await dead.close()
    await cutPower()
    expect(await completedOf(await library.open())).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('flushes nothing any more for a storage that is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { library, store } = powerless()
    const storage = await library.open()
    await library.complete(storage, 0)
    let attempts = 0
    store.duringFlush = () => {
      attempts++
      return Promise.reject(new Error('the disk does not answer'))
    }
    await storage.close()
    expect(attempts).toBe(1)
    for (let barrier = 0; barrier < 3; barrier++) await vi.advanceTimersByTimeAsync(barrierIntervalMs)
    expect(attempts).toBe(1)
  })

  it('does not take a flush for the bytes that were written again during it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { library, store, cutPower } = powerless()
    const dead = await library.open()
    await library.complete(dead, 0, 1)
    const flush = held()
    const began = held()
    store.duringFlush = () => {
      began.release()
      return flush.promise
    }
    await vi.advanceTimersByTimeAsync(barrierIntervalMs)
    await began.promise
    await dead.clearPiece(0)
    await library.complete(dead, 0)
    flush.release()
    await vi.waitFor(async () => {
      const { unflushedPieces } = await library.database.flushState(library.record.id)
      expect(unflushedPieces).toEqual(Uint8Array.of(0x80))
    })
    await cutPower()
    expect(await completedOf(await library.open())).toEqual([1])
  })
})

describe('durability "power"', () => {
  it('loses nothing that is recorded', async () => {
    const { library, cutPower } = powerless({ durability: 'power' })
    const dead = await library.open()
    await library.complete(dead, 0, 1, 2, 3, 5)
    await library.write(dead, 4)
    await cutPower()
    const storage = await library.open()
    expect(await completedOf(storage)).toEqual([0, 1, 2, 3, 5])
    for (const piece of [0, 1, 2, 3, 5]) {
      sameBytes(await storage.readPiece(piece, 0, block), library.piece(piece), `piece ${piece}`)
    }
  })

  it('records nothing that it cannot flush', async () => {
    const { library, store } = powerless({ durability: 'power' })
    const storage = await library.open()
    store.duringFlush = () => Promise.reject(new Error('the disk does not answer'))
    await library.write(storage, 0)
    await expect(storage.completePiece(0)).rejects.toThrow('does not answer')
    expect(await library.database.completedPieces(library.record.id)).toEqual(Uint8Array.of(0))
    store.duringFlush = async () => {}
    await storage.completePiece(0)
    expect(await completedOf(storage)).toEqual([0])
  })
})
