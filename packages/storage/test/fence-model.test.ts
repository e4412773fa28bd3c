import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BaeStorage } from '../src/bae-storage.js'
import { batchesOf } from '../src/batches-of.js'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { ChunkKey, StagingChunkStore } from '../src/chunk-store.js'
import { collectGarbage } from '../src/collect-garbage.js'
import { collect, rejectsWithCode } from '../src/compliance/expectations.js'
import { layoutOf, pieceBytes, torrentBytes } from '../src/compliance/layouts.js'
import { completedOf } from '../src/compliance/storage-subject.js'
import type { Database } from '../src/database.js'
import { isBaeError } from '../src/errors.js'
import type { FenceOptions } from '../src/fence.js'
import { KeyedQueue } from '../src/keyed-queue.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import { InterceptedChunkStore, type StoreOperation } from '../src/testing/intercepted-chunk-store.js'
import type { TorrentId, TorrentLayout } from '../src/torrent-layout.js'
import { held, Library, WatchedDatabase } from './library.js'
import { temporaryDirectory } from './temporary-directory.js'
import './same-examples.js'

const block = 16_384

type Action = 'complete' | 'complete' | 'write' | 'writeWrong' | 'clear' | 'close' | 'destroy'

interface Step {
  readonly action: Action
  readonly piece: number
}

interface Plan {
  readonly steps: readonly Step[]
  /** The older writer is stopped before or after its so many-th call of store or database. */
  readonly stopsAt: number
  /** It goes on when the newer one has made so many calls; before that one is open at 0. */
  readonly goesOnAt: number
  /** What the newer one does at first. */
  readonly first: readonly Step[]
}

const stepsOf = (...actions: Action[]) =>
  fc.array(fc.record<Step>({ action: fc.constantFrom(...actions), piece: fc.nat({ max: 6 }) }), {
    maxLength: 12,
  })

const plans = fc.record<Plan>({
  steps: stepsOf('complete', 'complete', 'complete', 'write', 'writeWrong', 'clear', 'close', 'destroy'),
  stopsAt: fc.nat({ max: 120 }),
  goesOnAt: fc.nat({ max: 60 }),
  first: stepsOf('complete', 'write', 'writeWrong', 'clear'),
})

/** Counts the calls of one writer, and holds it back from one of them on. */
class Calls {
  readonly #stop = held()
  readonly #reached = held()
  #left: number

  constructor(stopsAt: number) {
    this.#left = stopsAt
  }

  get whenStopped(): Promise<void> {
    return this.#reached.promise
  }

  goOn(): void {
    this.#stop.release()
  }

  async pass(): Promise<void> {
    if (this.#left-- > 0) return
    this.#reached.release()
    await this.#stop.promise
  }
}

/** Every call passes `calls`, before it is made and before its answer is told. */
function passing<T extends object>(target: T, calls: Calls): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value === 'object' && value !== null) return passing(value, calls)
      if (typeof value !== 'function') return value
      return async (...parameters: unknown[]): Promise<unknown> => {
        await calls.pass()
        const outcome = (value as (...all: unknown[]) => Promise<unknown>).apply(target, parameters)
        await outcome.catch(() => undefined)
        await calls.pass()
        return await outcome
      }
    },
  })
}

type RecordParameters = Parameters<Database['recordProgress']>
type ClearParameters = Parameters<Database['clearProgress']>

/** Keeps count of what was recorded by whom. All its changes settle in the order in which they are made. */
class CountedDatabase extends WatchedDatabase {
  readonly recorded = new Set<number>()
  #highest = 0

  override async raiseFence(id: TorrentId, fence: number): Promise<void> {
    await super.raiseFence(id, fence)
    this.#highest = fence
  }

  override async recordProgress(...parameters: RecordParameters): Promise<void> {
    const [, { completedPieces }, options] = parameters
    await super.recordProgress(...parameters)
    expect(options?.fence).toBe(this.#highest)
    for (const piece of completedPieces) {
      expect(this.recorded.has(piece), `piece ${piece} was recorded before`).toBe(false)
      this.recorded.add(piece)
    }
  }

  override async clearProgress(...parameters: ClearParameters): Promise<readonly ChunkKey[]> {
    const [, { pieces }, options] = parameters
    const keys = await super.clearProgress(...parameters)
    expect(options?.fence).toBe(this.#highest)
    for (const piece of pieces) this.recorded.delete(piece)
    return keys
  }

  override async deleteTorrent(id: TorrentId, options?: FenceOptions): Promise<readonly ChunkKey[]> {
    const keys = await super.deleteTorrent(id, options)
    this.recorded.clear()
    return keys
  }
}

/** Two writers of one torrent: the older one is stopped at any of its calls, and goes on when it is too late. */
class Run {
  readonly #library: Library
  readonly #store: StagingChunkStore
  readonly #wrong: Uint8Array

  constructor(layout: TorrentLayout, store: StagingChunkStore, chunkSizeBytes: number) {
    this.#store = store
    this.#library = new Library(layout, { store, chunkSizeBytes, database: new CountedDatabase() })
    this.#wrong = torrentBytes(layout, 2)
  }

  async run(plan: Plan): Promise<void> {
    const { database, record } = this.#library
    await database.saveTorrent(record)
    const older = new Calls(plan.stopsAt)
    const newer = new Calls(plan.goesOnAt)
    const olderIsDone = this.#live(1, older, plan.steps)
    await Promise.race([older.whenStopped, olderIsDone])

    // It may have destroyed the torrent, which then is added once more.
    await database.saveTorrent(record)
    await database.raiseFence(record.id, 2)
    void newer.whenStopped.then(() => {
      older.goOn()
      newer.goOn()
    })
    const storage = await this.#open(2, newer)
    for (const step of plan.first) await this.#try(storage, step)
    older.goOn()
    const zombie = await olderIsDone
    await this.#expectFenced(zombie)
    await this.#compare(storage)
    await this.#finish(storage)
  }

  async #open(fence: number, calls: Calls): Promise<BaeStorage> {
    const { record } = this.#library
    // Nobody is stopped while objects are deleted: a database in memory waits for that.
    const before = async (operation: StoreOperation): Promise<void> => {
      if (operation !== 'delete') await calls.pass()
    }
    const chunkStore = new InterceptedChunkStore(this.#store, { before, onRead: (_, bytes) => bytes })
    const database = passing<Database>(this.#library.database, calls)
    return await BaeStorage.open({ record, chunkStore, database, fence, bootId: 'the boot' })
  }

  /** A few steps at a time, those of one piece one after the other, as a client makes them. `undefined`: it came too late to open the storage at all. */
  async #live(fence: number, calls: Calls, steps: readonly Step[]): Promise<BaeStorage | undefined> {
    let storage: BaeStorage
    try {
      storage = await this.#open(fence, calls)
    } catch (error) {
      expect(isBaeError(error, 'STORAGE_FENCED')).toBe(true)
      return undefined
    }
    for (const some of batchesOf(steps, 3)) {
      const pieces = new KeyedQueue<number>()
      const key = ({ piece }: Step): number => piece % this.#library.mapper.pieceCount
      await Promise.all(some.map((step) => pieces.exclusive(key(step), () => this.#try(storage, step))))
    }
    return storage
  }

  async #try(storage: BaeStorage, { action, piece: number }: Step): Promise<void> {
    const piece = number % this.#library.mapper.pieceCount
    try {
      if (action === 'close') await storage.close()
      else if (action === 'destroy') await storage.destroy()
      else if (action === 'clear') await storage.clearPiece(piece)
      else if (action === 'writeWrong')
        await storage.writePiece(piece, 0, pieceBytes(this.#library.layout, this.#wrong, piece))
      else await storage.writePiece(piece, 0, this.#library.piece(piece))
      if (action === 'complete') await storage.completePiece(piece)
    } catch (error) {
      const codes = ['STORAGE_FENCED', 'STORAGE_CLOSED', 'STORAGE_PIECE_NOT_FOUND', 'STORAGE_CHUNK_MISSING']
      if (!codes.some((code) => isBaeError(error, code))) throw error
    }
  }

  /** Whatever it is asked to record next. */
  async #expectFenced(zombie: BaeStorage | undefined): Promise<void> {
    if (zombie === undefined) return
    const isClosed = await zombie.completedPieces().then(
      () => false,
      () => true,
    )
    if (isClosed) return
    const completing = zombie
      .writePiece(0, 0, pieceBytes(this.#library.layout, this.#wrong, 0))
      .then(() => zombie.completePiece(0))
    await rejectsWithCode('STORAGE_FENCED', completing)
    await rejectsWithCode('STORAGE_FENCED', zombie.writePiece(0, 0, this.#library.piece(0)))
    await zombie.close()
  }

  async #compare(storage: BaeStorage): Promise<void> {
    const { database, record } = this.#library
    const completed = await completedOf(storage)
    expect(await storage.completedPieces()).toEqual(await database.completedPieces(record.id))
    for (const piece of completed) {
      const expected = this.#library.piece(piece)
      const bytes = await storage.readPiece(piece, 0, expected.length)
      expect(Buffer.compare(bytes, expected), `piece ${piece}`).toBe(0)
    }
  }

  /** The newer writer ends it, and the next one finds all of it, and nothing else. */
  async #finish(storage: BaeStorage): Promise<void> {
    const { database, record, mapper } = this.#library
    const completed = new Set(await completedOf(storage))
    for (const piece of Array(mapper.pieceCount).keys())
      if (!completed.has(piece)) await this.#library.complete(storage, piece)
    await storage.close()
    const next = await this.#open(3, new Calls(Number.POSITIVE_INFINITY))
    expect((await completedOf(next)).length).toBe(mapper.pieceCount)
    await next.close()
    const parts = { record, chunkStore: this.#store, database }
    expect((await scrubTorrent(parts)).damage).toEqual([])
    await collect(collectGarbage(parts))
    const keys = [...Array(mapper.chunkCount).keys()].map((ordinal) => this.#library.key(ordinal))
    expect(await this.#library.recordedKeys()).toEqual(keys)
    expect(await this.#library.storedKeys()).toEqual([...new Set(keys)].sort())
    expect(await collect(this.#store.staging.list(record.id))).toEqual([])
  }
}

const layouts: Record<string, TorrentLayout> = {
  'small pieces': layoutOf('small pieces', block, [2 * block + 5, 0, 4 * block]),
  'pieces over several chunks': layoutOf('large pieces', 5 * block, [13 * block + 1, 3, 9 * block]),
  'odd files': layoutOf('odd', 3 * block, [40_001, { padding: 9151 }, 7, 60_000, { padding: 5000 }]),
}

describe.each(Object.entries(layouts))(
  'with %s a writer that was stopped, and goes on when another one has its torrent, changes nothing',
  (_, layout) => {
    const property = (numRuns: number, makeStore: () => Promise<StagingChunkStore>) =>
      fc.assert(
        fc.asyncProperty(plans, fc.constantFrom(block, 4 * block), async (plan, chunkSizeBytes) => {
          await using store = await makeStore()
          await new Run(layout, store, chunkSizeBytes).run(plan)
        }),
        { numRuns },
      )

    it('in memory', () => property(80, async () => new MemoryChunkStore()), 60_000)

    it('in a folder', { timeout: 180_000 }, async () => {
      const directory = await temporaryDirectory()
      let count = 0
      await property(10, () => DirectoryChunkStore.open(`${directory}/${count++}`))
    })
  },
)
