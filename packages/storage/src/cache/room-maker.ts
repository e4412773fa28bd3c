import type { AbortOptions } from '../abort-options.js'
import type { ChunkKey } from '../chunk-store.js'
import { ConcurrencyLimit } from '../concurrency-limit.js'
import { crashPoint } from '../crash-point.js'
import { KeyedQueue } from '../keyed-queue.js'
import type { CacheParts } from './cache-deps.js'
import { evictionBytes } from './cache-limits.js'
import type { RecentUses } from './recent-uses.js'
import type { UploadQueue } from './upload-queue.js'

const maxDeletesAtOnce = 8

export interface RoomMakerDeps
  extends Pick<CacheParts, 'local' | 'database' | 'limits' | 'account' | 'copies' | 'evicted'> {
  readonly uses: RecentUses
  /** None without a remote store: then nothing is evicted. */
  readonly uploads: UploadQueue | undefined
}

export interface RoomOptions extends AbortOptions {
  /** How long to wait for uploads that will make chunks evictable. */
  readonly waitMs: number
}

/** Finds room in the local store for what comes: one after the other, so that nobody takes it twice. */
export class RoomMaker {
  readonly #deps: RoomMakerDeps
  readonly #turns = new KeyedQueue<'room'>()

  constructor(deps: RoomMakerDeps) {
    this.#deps = deps
  }

  /**
   * Runs `enter`, which accounts for `bytes` more, when there is room for them. False when there is none and
   * nothing under way makes any, or the wait is over. Waits for uploads only, never for a later call.
   */
  async take(bytes: number, options: RoomOptions, enter: () => void): Promise<boolean> {
    const untilMs = performance.now() + options.waitMs
    return await this.#turns.exclusive('room', async () => {
      options.signal?.throwIfAborted()
      while (this.#deps.account.freeBytes < bytes) {
        if (await this.#makeRoom(bytes)) continue
        const waitMs = untilMs - performance.now()
        if (!(await this.#deps.uploads?.nextUpload(waitMs, options))) return false
      }
      enter()
      return true
    })
  }

  /** Takes the count of the records where it is lower: chunks may have been deleted. */
  async recount(): Promise<void> {
    const { account, database } = this.#deps
    const { addedBytes } = account
    const { localBytes } = await database.cache.usage()
    account.lower(localBytes, addedBytes)
  }

  /** True when there is enough now, or more than before. */
  async #makeRoom(bytes: number): Promise<boolean> {
    const { account, limits, uploads, uses } = this.#deps
    await this.recount()
    if (account.freeBytes >= bytes) return true
    if (uploads === undefined) return false
    await uses.flush()
    return await this.#evict(evictionBytes(limits, bytes - account.freeBytes))
  }

  async #evict(wantedBytes: number): Promise<boolean> {
    const { account, database, evicted } = this.#deps
    const { keys, bytes } = await database.cache.evict(wantedBytes, (some) => this.#deleteLocal(some))
    crashPoint('evicted chunks count as away')
    for (const key of keys) evicted.add(key)
    account.remove(bytes)
    return keys.length > 0
  }

  /** All of them are taken at once: what comes again waits, also where its turn to be deleted is late. */
  async #deleteLocal(keys: readonly ChunkKey[]): Promise<void> {
    const { copies, local } = this.#deps
    const limit = new ConcurrencyLimit(maxDeletesAtOnce)
    const remove = async (key: ChunkKey): Promise<void> => {
      await local.delete(key)
      crashPoint('evicted chunk is deleted locally')
    }
    const deletions = keys.map((key) => copies.exclusive(key, () => limit.run(() => remove(key))))
    for (const outcome of await Promise.allSettled(deletions)) {
      if (outcome.status === 'rejected') throw outcome.reason
    }
  }
}
