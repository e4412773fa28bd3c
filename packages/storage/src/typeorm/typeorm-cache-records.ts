import type { EntityManager } from 'typeorm'
import type {
  CacheRecords,
  CacheUsage,
  CapacityClaim,
  Eviction,
  PinReason,
  PinTarget,
  WaitingChunk,
} from '../cache-records.js'
import type { ChunkKey } from '../chunk-store.js'
import {
  addLocal,
  away,
  both,
  evict,
  move,
  moveAnew,
  moveWaiting,
  notRemote,
  touch,
  usage,
} from './chunk-places.js'
import { ChunksGoing } from './going-chunks.js'
import { pin, pinCount, unpin } from './pins.js'
import { withObjects } from './store-failure.js'

export interface TypeOrmCacheDeps {
  readonly read: <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>
  readonly write: <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>
  /** For what is not the same when it is done twice. */
  readonly writeOnce: <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>
  /** For changes that wait until chunks are gone: see going-chunks. */
  readonly writeUnlessGoing: <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>
  readonly claim: () => Promise<CapacityClaim | undefined>
}

/** The cache's part of a TypeOrmDatabase. */
export class TypeOrmCacheRecords implements CacheRecords {
  readonly #deps: TypeOrmCacheDeps

  constructor(deps: TypeOrmCacheDeps) {
    this.#deps = deps
  }

  async usage(): Promise<CacheUsage> {
    return await this.#deps.read(usage)
  }

  async addLocal(key: ChunkKey, lengthBytes: number): Promise<void> {
    await this.#deps.writeUnlessGoing(async (manager) => {
      if (!(await addLocal(manager, key, lengthBytes))) throw new ChunksGoing([key])
    })
  }

  async markBack(key: ChunkKey, atMs: number): Promise<boolean> {
    const marked = await this.#deps.write((manager) =>
      moveAnew(manager, [key], (place) => (place === away ? both : place), atMs),
    )
    return marked.length > 0
  }

  async markRemote(chunks: readonly WaitingChunk[], atMs: number): Promise<readonly ChunkKey[]> {
    return await this.#deps.write((manager) => moveWaiting(manager, chunks, both, atMs))
  }

  async markAway(chunks: readonly WaitingChunk[]): Promise<void> {
    await this.#deps.write((manager) => moveWaiting(manager, chunks, away))
  }

  async forgetRemote(keys: readonly ChunkKey[]): Promise<void> {
    await this.#deps.write((manager) => move(manager, keys, () => null))
  }

  async notRemote(limit: number, except: readonly ChunkKey[]): Promise<readonly WaitingChunk[]> {
    return await this.#deps.read((manager) => notRemote(manager, limit, except))
  }

  async evict(
    wantedBytes: number,
    deleteObjects: (keys: readonly ChunkKey[]) => Promise<void>,
  ): Promise<Eviction> {
    return await withObjects(deleteObjects, (deleteOrFail) =>
      this.#deps.write((manager) => evict(manager, wantedBytes, deleteOrFail)),
    )
  }

  async touch(keys: readonly ChunkKey[], atMs: number): Promise<void> {
    await this.#deps.read((manager) => touch(manager, keys, atMs))
  }

  async pin(target: PinTarget, reason: PinReason): Promise<boolean> {
    return await this.#deps.writeOnce((manager) => pin(manager, target, reason))
  }

  async unpin(target: PinTarget, reason: PinReason): Promise<boolean> {
    return await this.#deps.writeOnce((manager) => unpin(manager, target, reason))
  }

  async pinCount(target: PinTarget, reason: PinReason): Promise<number> {
    return await this.#deps.read((manager) => pinCount(manager, target, reason))
  }

  async claimCapacity(): Promise<CapacityClaim | undefined> {
    return await this.#deps.claim()
  }
}
