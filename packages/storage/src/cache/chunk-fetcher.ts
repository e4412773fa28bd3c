import type { AbortOptions } from '../abort-options.js'
import { provesChunk } from '../chunk-key.js'
import type { ChunkKey } from '../chunk-store.js'
import { crashPoint } from '../crash-point.js'
import { deleteObjects } from '../delete-chunks.js'
import { StorageError } from '../errors.js'
import { untilAborted } from '../until-aborted.js'
import type { CacheParts } from './cache-deps.js'
import type { CapacityHolder } from './capacity-holder.js'
import type { RemoteCalls } from './remote-calls.js'
import type { RoomMaker } from './room-maker.js'

export interface ChunkFetcherDeps
  extends Pick<
    CacheParts,
    'local' | 'database' | 'logger' | 'nowMs' | 'chunkSizeBytes' | 'limits' | 'account' | 'copies' | 'evicted'
  > {
  readonly remote: RemoteCalls
  readonly holder: CapacityHolder
  readonly room: RoomMaker
}

interface Flight {
  readonly bytes: Promise<Uint8Array | undefined>
  readonly abort: AbortController
  readers: number
}

/** Chunks that are fetched before they are asked for; fewer where the cache is small. */
const maxAhead = 4

/**
 * Gets chunks from the remote store: once, however many wait for one, and not to anybody before it is what its
 * key says. Keeps it in the local store where there is room.
 */
export class ChunkFetcher {
  readonly #deps: ChunkFetcherDeps
  readonly #flights = new Map<ChunkKey, Flight>()
  readonly #ahead = new Set<ChunkKey>()
  #isClosed = false

  constructor(deps: ChunkFetcherDeps) {
    this.#deps = deps
  }

  /**
   * `undefined` where the remote store has it neither. STORAGE_UNAVAILABLE, STORAGE_CORRUPT. What is answered
   * belongs to all who asked: copy it.
   */
  async fetch(key: ChunkKey, { signal }: AbortOptions = {}): Promise<Uint8Array | undefined> {
    signal?.throwIfAborted()
    const flight = this.#flights.get(key) ?? this.#begin(key)
    flight.readers++
    try {
      return await untilAborted(flight.bytes, signal)
    } finally {
      // Who comes later begins anew.
      if (--flight.readers === 0) this.#end(key, flight)
    }
  }

  /** Replaces the local copy by the remote one, which is proven before. False where there is no sound remote one. */
  async heal(key: ChunkKey, { signal }: AbortOptions = {}): Promise<boolean> {
    signal?.throwIfAborted()
    const bytes = await this.#getSound(key, signal)
    if (!(bytes instanceof Uint8Array)) {
      await this.#forgetRemote(key)
      return false
    }
    const { copies, local } = this.#deps
    if (await local.has(key)) await copies.exclusive(key, () => local.put(key, bytes))
    else await this.#keep(key, bytes)
    return true
  }

  /** Brings those of `keys` that are not local into the local store, a few at a time; drops what is too much. */
  fetchAhead(keys: readonly ChunkKey[]): void {
    const { limits, chunkSizeBytes, logger } = this.#deps
    const most = Math.min(maxAhead, Math.floor(limits.capacityBytes / chunkSizeBytes / 4))
    for (const key of keys) {
      if (this.#ahead.size >= most) return
      if (this.#ahead.has(key) || this.#flights.has(key)) continue
      this.#ahead.add(key)
      this.#fetchAhead(key)
        .catch((error: unknown) => logger.debug({ key, err: error }, 'a chunk was not fetched ahead'))
        .finally(() => this.#ahead.delete(key))
    }
  }

  /** Settles when nothing is under way any more; what is, is given up. */
  async close(): Promise<void> {
    this.#isClosed = true
    const flights = [...this.#flights.values()]
    for (const { abort } of flights) abort.abort(new StorageError('STORAGE_CLOSED', 'the cache is closed'))
    await Promise.allSettled(flights.map(({ bytes }) => bytes))
  }

  async #fetchAhead(key: ChunkKey): Promise<void> {
    if (!(await this.#deps.local.has(key)) && !this.#isClosed) await this.fetch(key)
  }

  #begin(key: ChunkKey): Flight {
    const abort = new AbortController()
    const flight: Flight = { bytes: this.#fetch(key, abort.signal), abort, readers: 0 }
    this.#flights.set(key, flight)
    const end = (): void => this.#end(key, flight)
    flight.bytes.then(end, end)
    return flight
  }

  #end(key: ChunkKey, flight: Flight): void {
    flight.abort.abort()
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
  }

  async #fetch(key: ChunkKey, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { logger, remote } = this.#deps
    const bytes = await this.#getSound(key, signal)
    if (bytes instanceof Uint8Array) {
      await this.#keep(key, bytes).catch((error: unknown) => {
        logger.warn({ key, err: error }, 'a fetched chunk could not be kept')
      })
      return bytes
    }
    await this.#forgetRemote(key)
    if (bytes === 'absent') return undefined
    throw new StorageError('STORAGE_CORRUPT', `chunk ${key} is damaged in ${remote.name}`)
  }

  /** Whoever stores it anew must know that the remote store needs it. */
  async #forgetRemote(key: ChunkKey): Promise<void> {
    const { database, logger } = this.#deps
    await database.cache.forgetRemote([key]).catch((error: unknown) => {
      logger.warn({ key, err: error }, 'a chunk that is lost remotely could not be recorded')
    })
  }

  /** What is damaged is asked for once more: it may have been damaged on the way. */
  async #getSound(
    key: ChunkKey,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | 'absent' | 'damaged'> {
    for (let look = 0; look < 2; look++) {
      const bytes = await this.#deps.remote.get(key, signal === undefined ? {} : { signal })
      if (bytes === undefined) return 'absent'
      if (provesChunk(key, bytes)) return bytes
    }
    return 'damaged'
  }

  /** Counted before it is there. A chunk that was forgotten meanwhile must not stay. */
  async #keep(key: ChunkKey, bytes: Uint8Array): Promise<void> {
    const { account, copies, database, evicted, holder, local, nowMs, room } = this.#deps
    if (!(await holder.tryHold())) return
    const length = bytes.length
    if (!(await room.take(length, { waitMs: 0 }, () => account.arriving(length)))) return
    let recorded = false
    try {
      recorded = await database.cache.markBack(key, nowMs())
    } finally {
      account.arrived(length, { recorded })
    }
    if (!recorded) return
    crashPoint('chunk that comes back is counted')
    evicted.delete(key)
    await copies.exclusive(key, () => local.put(key, bytes))
    crashPoint('chunk that comes back is local')
    if (await database.cache.markBack(key, nowMs())) {
      // It was evicted before it was there, and counts again.
      if (evicted.has(key)) account.add(length)
      return
    }
    await database.orphans.forgetUnknown([key], (keys, options) => deleteObjects(local, keys, options))
    account.remove(length)
  }
}
