import { setTimeout as delay } from 'node:timers/promises'
import type { AbortOptions } from '../abort-options.js'
import type { WaitingChunk } from '../cache-records.js'
import { provesChunk } from '../chunk-key.js'
import type { ChunkKey } from '../chunk-store.js'
import { crashPoint } from '../crash-point.js'
import { forEachBounded } from '../for-each-bounded.js'
import type { CacheParts } from './cache-deps.js'
import { News } from './news.js'
import type { RemoteCalls } from './remote-calls.js'

export interface UploadQueueDeps extends Pick<CacheParts, 'local' | 'database' | 'logger' | 'nowMs'> {
  readonly remote: RemoteCalls
}

const maxUploadsAtOnce = 4

/** What one look into the records brings: recorded as remote together. */
const chunksPerRound = 16

const maxPauseMs = 30_000

/** With more chunks passed over than that something is wrong with the store, and it is not searched further. */
const maxPassed = 1_000

/**
 * Brings chunks to the remote store in the background. The queue is the records: what is not marked as remote
 * waits, also after a crash.
 */
export class UploadQueue {
  readonly #deps: UploadQueueDeps
  /** Not to be had at the last look, or damaged: not asked for again until they are sealed. */
  readonly #passed = new Set<ChunkKey>()
  readonly #stopping = new AbortController()
  readonly #news = new News()
  /** Of the present run of the loop; undefined while nothing is known to wait. */
  #running: Promise<void> | undefined
  #again = false
  #failing = false

  constructor(deps: UploadQueueDeps) {
    this.#deps = deps
  }

  /** Something may wait: `key`, or whatever the records say. */
  wake(key?: ChunkKey): void {
    if (key !== undefined) this.#passed.delete(key)
    this.#again = true
    if (this.#stopping.signal.aborted) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#again) this.wake()
      this.#news.tell()
    })
  }

  /** True when chunks became remote, perhaps; false when none is on its way, or `waitMs` are over. */
  async nextUpload(waitMs: number, options: AbortOptions): Promise<boolean> {
    if (this.#running === undefined || waitMs <= 0) return false
    return await this.#news.next(waitMs, options)
  }

  /** Settles when nothing waits for its upload any more. */
  async whenIdle(options: AbortOptions = {}): Promise<void> {
    while (this.#running !== undefined) await this.#news.next(undefined, options)
  }

  /** Goes on for at most `drainMs`, not at all while the remote store fails; then settles soon. */
  async stop(drainMs: number): Promise<void> {
    const endMs = performance.now() + drainMs
    while (this.#running !== undefined && !this.#failing) {
      const leftMs = endMs - performance.now()
      if (leftMs <= 0 || !(await this.#news.next(leftMs, {}))) break
    }
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    for (let pauseMs = 1_000; !this.#stopping.signal.aborted; ) {
      try {
        this.#again = false
        const found = await this.#round()
        this.#failing = false
        pauseMs = 1_000
        if (!found && !this.#again) return
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        this.#failing = true
        this.#news.tell()
        this.#deps.logger.warn({ err: error }, 'chunks could not be uploaded yet')
        await delay(pauseMs, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => undefined)
        pauseMs = Math.min(2 * pauseMs, maxPauseMs)
      }
    }
  }

  /** False when nothing waits. */
  async #round(): Promise<boolean> {
    const { database } = this.#deps
    const waiting = await database.cache.notRemote(chunksPerRound, [...this.#passed])
    const uploaded: WaitingChunk[] = []
    try {
      await forEachBounded(waiting, maxUploadsAtOnce, async (chunk) => {
        if (await this.#upload(chunk)) uploaded.push(chunk)
      })
    } finally {
      if (uploaded.length > 0) await this.#mark(uploaded)
    }
    return waiting.length > 0 && this.#passed.size < maxPassed
  }

  async #mark(uploaded: readonly WaitingChunk[]): Promise<void> {
    const { database, logger, nowMs, remote } = this.#deps
    await remote.flush({ signal: this.#stopping.signal })
    crashPoint('uploaded chunks are in the remote store')
    const marked = new Set(await database.cache.markRemote(uploaded, nowMs()))
    crashPoint('uploaded chunks are recorded')
    // Forgotten meanwhile, or come once more: then it may have been deleted again, and waits for another upload.
    for (const { key } of uploaded) {
      const failure = marked.has(key) ? undefined : await remote.tryDelete(key)
      if (failure !== undefined) logger.warn({ key, err: failure }, 'an upload could not be taken back')
    }
    this.#news.tell()
  }

  async #upload(chunk: WaitingChunk): Promise<boolean> {
    const { local, remote, database, logger } = this.#deps
    const { key } = chunk
    const signal = this.#stopping.signal
    const bytes = await local.get(key, { signal })
    if (bytes !== undefined && provesChunk(key, bytes)) {
      await remote.put(key, bytes, { signal })
      return true
    }
    if (bytes === undefined && (await remote.has(key, { signal }))) {
      await database.cache.markAway([chunk])
      return false
    }
    // Recorded and not sealed yet, most of the time; then sealing it wakes us.
    if (bytes !== undefined) logger.error({ key }, 'a damaged chunk is not uploaded')
    this.#passed.add(key)
    return false
  }
}
