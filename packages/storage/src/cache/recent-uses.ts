import type { CacheRecords } from '../cache-records.js'
import type { ChunkKey } from '../chunk-store.js'
import type { Logger } from '../logger.js'

export interface RecentUsesDeps {
  readonly cache: CacheRecords
  readonly logger: Logger
  readonly nowMs: () => number
}

const flushIntervalMs = 10_000

const maxKeys = 1_024

/** Which chunks were read, gathered in memory and recorded many at a time. */
export class RecentUses {
  readonly #deps: RecentUsesDeps
  #keys = new Set<ChunkKey>()
  #timer: NodeJS.Timeout | undefined

  constructor(deps: RecentUsesDeps) {
    this.#deps = deps
  }

  add(key: ChunkKey): void {
    this.#keys.add(key)
    this.#timer ??= setTimeout(() => void this.flush(), flushIntervalMs).unref()
    if (this.#keys.size >= maxKeys) void this.flush()
  }

  /** Never rejects: what is not recorded is forgotten, and at worst a chunk goes earlier than it should. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#keys.size === 0) return
    const keys = [...this.#keys]
    this.#keys = new Set()
    const { cache, logger, nowMs } = this.#deps
    try {
      await cache.touch(keys, nowMs())
    } catch (error) {
      logger.warn({ chunks: keys.length, err: error }, 'when chunks were used could not be recorded')
    }
  }
}
