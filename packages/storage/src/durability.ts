import type { StagingChunkStore } from './chunk-store.js'
import { crashPoint } from './crash-point.js'
import type { Database } from './database.js'
import { isBaeError } from './errors.js'
import type { KeyedQueue } from './keyed-queue.js'
import type { Logger } from './logger.js'
import type { TorrentId } from './torrent-layout.js'

/**
 * `'process'`: what is recorded survives the death of the process, and a power cut once a barrier has run;
 * what was recorded after the last one is verified at the next boot before it is claimed. `'power'`: bytes are
 * flushed before they are recorded.
 */
export type Durability = 'process' | 'power'

export interface FlushBarrierDeps {
  readonly torrentId: TorrentId
  readonly chunkStore: StagingChunkStore
  readonly database: Database
  readonly logger: Logger
  readonly fence: number | undefined
  /** One change of the torrent's records runs at a time. */
  readonly steps: KeyedQueue<'step'>
}

/** How long a recorded piece waits for its barrier. */
export const barrierIntervalMs = 10_000

/** Flushes what was recorded of one torrent, and then marks it as flushed. Never claims more than was flushed. */
export class FlushBarrier {
  readonly #deps: FlushBarrierDeps
  #pieces = new Set<number>()
  #flushing = new Set<number>()
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  #last: Promise<void> = Promise.resolve()

  constructor(deps: FlushBarrierDeps) {
    this.#deps = deps
  }

  /** These pieces are recorded: a barrier comes within ten seconds. */
  recorded(pieces: Iterable<number>): void {
    for (const piece of pieces) this.#pieces.add(piece)
    if (this.#isOver) return
    this.#timer ??= setTimeout(() => void this.run(), barrierIntervalMs).unref()
  }

  /** Their bytes are going to change: what is being flushed of them now proves nothing. */
  forget(pieces: Iterable<number>): void {
    for (const piece of pieces) {
      this.#pieces.delete(piece)
      this.#flushing.delete(piece)
    }
  }

  /** No barrier comes by itself any more: the torrent is closed or deleted. What is not flushed is verified at the next boot. */
  end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /**
   * Settles, and never rejects, when all that was recorded before is flushed and marked. What could not be
   * flushed waits for the next barrier, or is verified at the next boot.
   */
  async run(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#last = this.#last.then(() => this.#run())
    await this.#last
  }

  async #run(): Promise<void> {
    if (this.#pieces.size === 0) return
    const { chunkStore, database, fence, logger, steps, torrentId } = this.#deps
    this.#flushing = this.#pieces
    this.#pieces = new Set()
    try {
      await chunkStore.flush()
      crashPoint('barrier has flushed')
      await steps.exclusive('step', () => database.markFlushed(torrentId, [...this.#flushing], { fence }))
      crashPoint('barrier is marked')
    } catch (error) {
      logger.warn({ torrentId, err: error }, 'stored pieces could not be flushed yet')
      // They are the newer writer's to flush.
      if (!isBaeError(error, 'STORAGE_FENCED')) this.recorded(this.#flushing)
    } finally {
      this.#flushing = new Set()
    }
  }
}
