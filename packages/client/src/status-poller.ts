import type { TorrentId } from '@bae/storage'
import type { HeldTorrent } from './held-torrent.js'
import type { TorrentStatus } from './torrent-status.js'

export interface StatusPollerDeps {
  readonly torrents: Iterable<HeldTorrent>
  /** Reads what the sessions say of all torrents. */
  readonly observe: () => void
  /** Called with the torrents whose status changed since the last time, if there are any. */
  readonly publish: (statuses: ReadonlyMap<TorrentId, TorrentStatus>) => void
}

/** Looking takes at most this part of the time, however many torrents there are. */
const LARGEST_PART = 0.05

/** One timer for all torrents of a client. It runs only between `start` and `stop` and keeps no process alive. */
export class StatusPoller {
  readonly #deps: StatusPollerDeps
  readonly #intervalMs: number
  readonly #published = new WeakMap<HeldTorrent, TorrentStatus>()
  #timer: NodeJS.Timeout | undefined

  constructor(deps: StatusPollerDeps, options: { readonly intervalMs: number }) {
    this.#deps = deps
    this.#intervalMs = options.intervalMs
  }

  start(): void {
    this.#timer ??= this.#wait(this.#intervalMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #wait(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      const beganAtMs = performance.now()
      this.#poll()
      const tookMs = performance.now() - beganAtMs
      if (this.#timer !== undefined)
        this.#timer = this.#wait(Math.max(this.#intervalMs, tookMs / LARGEST_PART))
    }, delayMs).unref()
  }

  #poll(): void {
    this.#deps.observe()
    const changed = new Map<TorrentId, TorrentStatus>()
    for (const torrent of this.#deps.torrents) {
      const { status } = torrent.progress
      if (this.#published.get(torrent) === status) continue
      this.#published.set(torrent, status)
      changed.set(torrent.id, status)
    }
    if (changed.size > 0) this.#deps.publish(changed)
  }
}
