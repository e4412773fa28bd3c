import type { ClientError } from './errors.js'

export interface FullDiskRetryDeps {
  /** Lets the torrent write again. */
  readonly retry: () => void
  readonly entered: (error: ClientError) => void
  readonly left: () => void
}

export interface FullDiskRetryOptions {
  readonly firstMs: number
  /** Each attempt in vain doubles the wait, up to this. */
  readonly longestMs: number
}

/**
 * Brings a torrent back that only uploads because its storage was full: libtorrent does so by itself only for those
 * that its queue manages. Nobody can say that there is room again but a write, so now and then one is tried.
 */
export class FullDiskRetry {
  readonly #deps: FullDiskRetryDeps
  readonly #options: FullDiskRetryOptions
  #waitMs: number
  #timer: NodeJS.Timeout | undefined
  #isFull = false
  #isStopped = false

  constructor(deps: FullDiskRetryDeps, options: FullDiskRetryOptions) {
    this.#deps = deps
    this.#options = options
    this.#waitMs = options.firstMs
  }

  /** Why nothing is written now; undefined while it is. */
  observe(noSpace: ClientError | undefined): void {
    if (noSpace === undefined || this.#timer !== undefined || this.#isStopped) return
    if (!this.#isFull) this.#deps.entered(noSpace)
    this.#isFull = true
    this.#timer = setTimeout(() => this.#retry(), this.#waitMs).unref()
    this.#waitMs = Math.min(2 * this.#waitMs, this.#options.longestMs)
  }

  /** Something was stored. While an attempt is still waited for, it was on its way when the storage filled up. */
  pieceCompleted(): void {
    if (!this.#isFull || this.#timer !== undefined) return
    this.#isFull = false
    this.#waitMs = this.#options.firstMs
    this.#deps.left()
  }

  /** For good: a session that closes still tells of its torrents. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #retry(): void {
    this.#timer = undefined
    this.#deps.retry()
  }
}
