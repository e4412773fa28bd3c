import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BaeStorage } from '../src/bae-storage.js'
import type { CacheManager } from '../src/cache/cache-manager.js'
import type { ChunkKey } from '../src/chunk-store.js'
import { sameBytes } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { completedOf } from '../src/compliance/storage-subject.js'
import { isBaeError } from '../src/errors.js'
import type { StoreOperation } from '../src/testing/intercepted-chunk-store.js'
import { block, CachedLibrary, chunkSizeBytes } from './cached-library.js'
import { Library } from './library.js'

const broken = new Error('the line is cut')
const chunks = 7
const pieces = chunks * 4

interface ChunkStep {
  readonly action: 'fill' | 'read' | 'readAll' | 'clear' | 'write' | 'pin' | 'unpin'
  readonly chunk: number
  readonly torrent: number
}

type Step =
  | ChunkStep
  | { readonly action: 'settle' | 'close' | 'crash' }
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
  { weight: 1, arbitrary: fc.record({ action: fc.constant('clear' as const), ...place }) },
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
      return await this.#store.whenUploaded({ signal: AbortSignal.timeout(15_000) })
    }
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
    if (one.action === 'clear') return await tolerate(storage.clearPiece(first))
    if (one.action === 'readAll') {
      const all = Array.from({ length: chunks }, (_, chunk) => this.#read(one.torrent, 4 * chunk))
      return void (await Promise.all(all))
    }
    if (one.action === 'read') return await this.#read(one.torrent, first)
    const complete = new Set(await completedOf(storage))
    const missing = [0, 1, 2, 3].map((at) => first + at).filter((piece) => !complete.has(piece))
    for (const piece of one.action === 'fill' ? missing : missing.slice(0, 1)) {
      await tolerate(torrent.write(storage, piece).then(() => storage.completePiece(piece)))
    }
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
    const completed = await Promise.all(this.#storages.map((storage) => completedOf(storage)))
    if (action === 'close') for (const storage of this.#storages) await storage.close()
    if (action === 'close') await this.#store.close()
    await this.#cached.restart()
    this.#cached.remote.clearScript()
    if (action === 'crash') await this.#store.close().catch(() => undefined)
    await this.#open(remoteDeadlineMs)
    for (const [at, storage] of this.#storages.entries())
      expect(await completedOf(storage)).toEqual(expect.arrayContaining(completed[at] as number[]))
  }

  async #check(): Promise<void> {
    const { local, remoteObjects, capacityBytes, database } = this.#cached
    await this.#forgetPins()
    expect(local.peakBytes).toBeLessThanOrEqual(capacityBytes)
    const { localBytes } = await database.cache.usage()
    const sealedBytes = (await this.#cached.localKeys()).reduce((sum, key) => sum + local.lengthOf(key), 0)
    expect(sealedBytes).toBeLessThanOrEqual(localBytes)
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
      const count = await this.#cached.database.cache.pinCount({ key }, 'user')
      if (count === 0 && !recorded.includes(key)) this.#pins.delete(key)
      else expect(count).toBe(this.#pins.get(key))
    }
  }

  /** With a remote store that works, every piece that is had can be read, and all others can come. */
  async #finish(): Promise<void> {
    await this.#restart('close', 15_000)
    await this.#store.freeBytes()
    await this.#store.whenUploaded({ signal: AbortSignal.timeout(15_000) })
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

/** What a full cache or a failing remote store answers, and nothing else. */
async function tolerate(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (isBaeError(error, 'STORAGE_NO_SPACE') || isBaeError(error, 'STORAGE_UNAVAILABLE')) return
    throw error
  })
}

describe('a CacheManager keeps its promises after any sequence of calls, failures and crashes', () => {
  it('on a cache of four chunks', async () => {
    expect(pieces).toBe(28)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await new Run().run(steps)
      }),
      { numRuns: 120 },
    )
  }, 120_000)
})
