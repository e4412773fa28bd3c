import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BaeStorage } from '../src/bae-storage.js'
import type { CacheManager } from '../src/cache/cache-manager.js'
import { chunkKeyOf } from '../src/chunk-key.js'
import type { ChunkKey } from '../src/chunk-store.js'
import { collectGarbage } from '../src/collect-garbage.js'
import { collect, sameBytes } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { completedOf } from '../src/compliance/storage-subject.js'
import { deleteUnreferencedChunks } from '../src/delete-chunks.js'
import { isBaeError } from '../src/errors.js'
import type { StoreOperation } from '../src/testing/intercepted-chunk-store.js'
import { block, CachedLibrary, chunkSizeBytes } from './cached-library.js'
import { Library } from './library.js'
import './same-examples.js'

const broken = new Error('the line is cut')
const chunks = 7
const pieces = chunks * 4

interface ChunkStep {
  readonly action:
    | 'fill'
    | 'read'
    | 'readAll'
    | 'clear'
    | 'write'
    | 'rewrite'
    | 'stage'
    | 'pin'
    | 'unpin'
    | 'remove'
  readonly chunk: number
  readonly torrent: number
}

type Step =
  | ChunkStep
  | { readonly action: 'settle' | 'close' | 'crash' | 'evict' | 'gc' }
  | { readonly action: 'fault'; readonly operation: StoreOperation; readonly times: number }
  | { readonly action: 'lie' }

const place = { chunk: fc.nat({ max: chunks - 1 }), torrent: fc.nat({ max: 1 }) }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ action: fc.constant('fill' as const), ...place }) },
  {
    weight: 8,
    arbitrary: fc.record({
      action: fc.constantFrom('read' as const, 'readAll' as const, 'write' as const),
      ...place,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      action: fc.constantFrom('clear' as const, 'rewrite' as const, 'stage' as const),
      ...place,
    }),
  },
  { weight: 1, arbitrary: fc.record({ action: fc.constant('remove' as const), ...place }) },
  { weight: 3, arbitrary: fc.record({ action: fc.constantFrom('evict' as const, 'gc' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ action: fc.constantFrom('pin' as const, 'unpin' as const), ...place }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      action: fc.constantFrom('settle' as const, 'settle' as const, 'close' as const, 'crash' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      action: fc.constant('fault' as const),
      operation: fc.constantFrom<StoreOperation>('put', 'get', 'has', 'delete'),
      times: fc.constantFrom(1, 2, 500),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ action: 'lie' as const }) },
)

/** Two torrents that share their first two chunks, in a cache of four before a remote store that fails. */
class Run {
  readonly #cached = new CachedLibrary(4)
  readonly #pins = new Map<ChunkKey, number>()
  /** Nothing referred to them for a while since the last look: whether their record lived on is a matter of time. */
  readonly #loose = new Set<ChunkKey>()
  /** Of each torrent, the pieces that must be complete, and no others. */
  readonly #complete: Set<number>[] = [new Set<number>(), new Set<number>()]
  #lies = 0
  #store!: CacheManager
  #torrents: Library[] = []
  #storages: BaeStorage[] = []

  async run(steps: readonly Step[]): Promise<void> {
    await this.#open()
    for (const one of steps) {
      await this.#do(one)
      await this.#check()
    }
    await this.#finish()
  }

  async #open(remoteDeadlineMs = 50): Promise<void> {
    const cached = this.#cached
    this.#store = await cached.open({ roomWaitMs: 5, drainMs: 5, remoteDeadlineMs })
    const known = this.#torrents
    this.#torrents = [0, 1].map((at) => this.#torrentOf(known[at], at))
    this.#storages = []
    for (const torrent of this.#torrents) this.#storages.push(await torrent.open())
  }

  #torrentOf(known: Library | undefined, at: number): Library {
    const layout = layoutOf(`torrent ${at}`, block, [chunks * chunkSizeBytes])
    const seed = (chunk: Uint8Array): void => void chunk.reverse()
    const options = {
      store: this.#store,
      database: this.#cached.database,
      chunkSizeBytes,
      change: at === 0 ? () => {} : (bytes: Uint8Array) => seed(bytes.subarray(2 * chunkSizeBytes)),
    }
    return new Library(layout, options, known?.record)
  }

  async #do(one: Step): Promise<void> {
    const { remote } = this.#cached
    if (one.action === 'fault') return remote.fail(one.operation, broken, { times: one.times })
    if (one.action === 'lie') {
      this.#lies++
      return remote.lie('get')
    }
    if (one.action === 'settle') {
      remote.clearScript()
      return await this.#store.whenUploaded({ signal: AbortSignal.timeout(30_000) })
    }
    if (one.action === 'evict') return await this.#evict()
    if (one.action === 'gc') return await this.#collectGarbage()
    if (!('chunk' in one)) return await this.#restart(one.action)
    this.#cached.nowMs += 61_000
    await this.#change(one)
  }

  async #change(one: ChunkStep): Promise<void> {
    const torrent = this.#torrents[one.torrent] as Library
    const storage = this.#storages[one.torrent] as BaeStorage
    const first = 4 * one.chunk
    if (one.action === 'pin') return await this.#pin(torrent.key(one.chunk))
    if (one.action === 'unpin') return await this.#unpin(torrent.key(one.chunk))
    if (one.action === 'remove') return await this.#remove(one.torrent)
    if (one.action === 'clear')
      return await this.#changePiece(one.torrent, first, () => storage.clearPiece(first), false)
    if (one.action === 'readAll') {
      const all = Array.from({ length: chunks }, (_, chunk) => this.#read(one.torrent, 4 * chunk))
      return void (await Promise.all(all))
    }
    if (one.action === 'read') return await this.#read(one.torrent, first)
    const complete = this.#complete[one.torrent] as Set<number>
    const all = [0, 1, 2, 3].map((at) => first + at)
    const missing = all.filter((piece) => !complete.has(piece))
    const had = all.filter((piece) => complete.has(piece))
    if (one.action === 'stage') return void (await tolerate(torrent.write(storage, ...missing.slice(0, 1))))
    if (one.action === 'rewrite') this.#loose.add(torrent.key(one.chunk))
    const some = { fill: missing, write: missing.slice(0, 1), rewrite: had.slice(0, 1) }[one.action]
    for (const piece of some) {
      const again = (): Promise<void> =>
        torrent.write(storage, piece).then(() => storage.completePiece(piece))
      await this.#changePiece(one.torrent, piece, again, true)
    }
  }

  /** What a change that failed has left is looked up: it may have come half the way. */
  async #changePiece(
    at: number,
    piece: number,
    change: () => Promise<void>,
    completes: boolean,
  ): Promise<void> {
    const isDone = await tolerate(change())
    const isComplete = isDone
      ? completes
      : (await completedOf(this.#storages[at] as BaeStorage)).includes(piece)
    if (isComplete) this.#complete[at]?.add(piece)
    else this.#complete[at]?.delete(piece)
  }

  /** All that only this torrent had goes, and it is added again. */
  async #remove(at: number): Promise<void> {
    const torrent = this.#torrents[at] as Library
    if (await tolerate((this.#storages[at] as BaeStorage).destroy())) this.#complete[at]?.clear()
    this.#storages[at] = await torrent.open()
  }

  /** As much as may go, by a chunk that needs the room of all others. */
  async #evict(): Promise<void> {
    const bytes = new Uint8Array(this.#cached.capacityBytes)
    const key = chunkKeyOf(bytes, bytes.length)
    await tolerate(this.#store.put(key, bytes))
    const parts = { chunkStore: this.#store, database: this.#cached.database }
    await deleteUnreferencedChunks(parts, [key])
  }

  async #collectGarbage(): Promise<void> {
    const parts = { chunkStore: this.#store, database: this.#cached.database }
    await tolerate(collect(collectGarbage(parts, { graceMs: -60_000 })))
  }

  async #pin(key: ChunkKey): Promise<void> {
    if (await this.#store.pin({ key }, 'user')) this.#pins.set(key, (this.#pins.get(key) ?? 0) + 1)
  }

  async #unpin(key: ChunkKey): Promise<void> {
    const count = this.#pins.get(key) ?? 0
    expect(await this.#store.unpin({ key }, 'user')).toBe(count > 0)
    if (count > 1) this.#pins.set(key, count - 1)
    else this.#pins.delete(key)
  }

  /** What is complete is right, or cannot be had now; damage on the way is not taken for the chunk's. */
  async #read(at: number, piece: number): Promise<void> {
    const storage = this.#storages[at] as BaeStorage
    if (!(await completedOf(storage)).includes(piece)) return
    const bytes = await storage.readPiece(piece, 0, block).catch((error: unknown) => {
      if (isBaeError(error, 'STORAGE_UNAVAILABLE')) return undefined
      // Damaged on the way, both times it was asked for.
      if (this.#lies > 1 && isBaeError(error, 'STORAGE_CORRUPT')) return undefined
      throw error
    })
    if (bytes !== undefined) sameBytes(bytes, this.#torrents[at]!.piece(piece), `piece ${piece}`)
  }

  /** A crash leaves what was under way: it may still reach the stores, but not the records. */
  async #restart(action: 'crash' | 'close', remoteDeadlineMs?: number): Promise<void> {
    if (action === 'close') for (const storage of this.#storages) await storage.close()
    if (action === 'close') await this.#store.close()
    await this.#cached.restart()
    this.#cached.remote.clearScript()
    if (action === 'crash') await this.#store.close().catch(() => undefined)
    await this.#open(remoteDeadlineMs)
    // What was staged and not recorded is found to be right.
    for (const [at, storage] of this.#storages.entries())
      for (const piece of await completedOf(storage)) this.#complete[at]?.add(piece)
  }

  /** Nothing is complete that was not completed, and nothing is lost but by damage on the way, twice. */
  async #checkCompleted(): Promise<void> {
    for (const [at, storage] of this.#storages.entries()) {
      const complete = await completedOf(storage)
      const expected = [...(this.#complete[at] as Set<number>)].sort((a, b) => a - b)
      if (this.#lies > 1) expect(expected).toEqual(expect.arrayContaining(complete))
      else expect(complete).toEqual(expected)
      this.#complete[at] = new Set(complete)
    }
  }

  async #check(): Promise<void> {
    const { local, remoteObjects, capacityBytes, database } = this.#cached
    await this.#checkCompleted()
    await this.#forgetPins()
    expect(local.peakBytes).toBeLessThanOrEqual(capacityBytes)
    // What came while its record went is on its way out again.
    const unrecordedBytes = async (): Promise<number> => {
      const keys = await this.#cached.localKeys()
      const { localBytes } = await database.cache.usage()
      return keys.reduce((sum, key) => sum + local.lengthOf(key), -localBytes)
    }
    await expect.poll(unrecordedBytes, { interval: 1 }).toBeLessThanOrEqual(0)
    for (const torrent of this.#torrents) {
      for (const [ordinal, key] of (await torrent.recordedKeys()).entries()) {
        if (key === undefined) continue
        // Recorded, and not sealed yet.
        const isStaged = local.lengthOf(`${torrent.record.id}/0-${ordinal}`) === chunkSizeBytes
        const isStored = local.lengthOf(key) > 0 || remoteObjects.lengthOf(key) > 0
        expect(isStaged || isStored, 'no only copy is gone').toBe(true)
      }
    }
  }

  /** A chunk that nothing refers to any more takes its pins along. */
  async #forgetPins(): Promise<void> {
    const recorded = (await Promise.all(this.#torrents.map((torrent) => torrent.recordedKeys()))).flat()
    for (const key of [...this.#pins.keys()]) {
      const isRecorded = recorded.includes(key)
      const count = await this.#cached.database.cache.pinCount({ key }, 'user')
      if (count === 0 && (!isRecorded || this.#loose.has(key))) this.#pins.delete(key)
      else expect(count).toBe(this.#pins.get(key))
      if (isRecorded) this.#loose.delete(key)
      else this.#loose.add(key)
    }
  }

  /** With a remote store that works, every piece that is had can be read, and all others can come. */
  async #finish(): Promise<void> {
    await this.#restart('close', 15_000)
    await this.#store.freeBytes()
    await this.#store.whenUploaded({ signal: AbortSignal.timeout(30_000) })
    for (const [at, storage] of this.#storages.entries())
      for (const piece of await completedOf(storage))
        sameBytes(
          await storage.readPiece(piece, 0, block),
          this.#torrents[at]!.piece(piece),
          `piece ${piece}`,
        )
    await this.#checkPins()
    for (const key of [...this.#pins.keys()]) while (this.#pins.has(key)) await this.#unpin(key)
    await this.#check()
    for (const storage of this.#storages) await storage.close()
    await this.#store.close()
  }

  /** What is pinned and local stays so, whatever goes. */
  async #checkPins(): Promise<void> {
    const { database, local } = this.#cached
    const pinned = [...this.#pins.keys()].filter((key) => local.lengthOf(key) > 0)
    for (;;) {
      const { keys } = await database.cache.evict(chunkSizeBytes, async (some) => {
        for (const key of some) await local.delete(key)
      })
      if (keys.length === 0) break
    }
    for (const key of pinned) expect(local.lengthOf(key), 'a pinned chunk stays').toBeGreaterThan(0)
  }
}

/** What a full cache or a failing remote store answers, and nothing else: false. */
async function tolerate(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (isBaeError(error, 'STORAGE_NO_SPACE') || isBaeError(error, 'STORAGE_UNAVAILABLE')) return false
    throw error
  }
}

describe('a CacheManager keeps its promises after any sequence of calls, failures and crashes', () => {
  it('on a cache of four chunks', async () => {
    expect(pieces).toBe(28)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await new Run().run(steps)
      }),
      { numRuns: 80 },
    )
  }, 180_000)
})
