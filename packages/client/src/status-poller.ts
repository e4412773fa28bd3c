import type { TorrentId } from '@bae/storage'
import type { HeldTorrent } from './held-torrent.js'
import type { TorrentStatus } from './torrent-status.js'

export interface StatusPollerDeps {
  /** The torrent has not left. */
  readonly isThere: (torrent: HeldTorrent) => boolean
  /** Asks the sessions what changed: how many of them will answer, later. */
  readonly ask: () => number
  /** Called with the torrents whose status changed since the last time, if there are any. */
  readonly publish: (statuses: ReadonlyMap<TorrentId, TorrentStatus>) => void
}

/** What changed takes some 25 µs a torrent to read: at most a twentieth of the time, however many there are. */
const WAIT_MS_PER_CHANGED = 0.5

/**
 * One timer for all torrents of a client, which looks at none that did not change. It runs only between `start` and `stop`
 * and keeps no process alive.
 */
export class StatusPoller {
  readonly #deps: StatusPollerDeps
  readonly #intervalMs: number
  readonly #published = new WeakMap<HeldTorrent, TorrentStatus>()
  /** Whose status may be another one than was published. */
  readonly #toPublish = new Set<HeldTorrent>()
  #timer: NodeJS.Timeout | undefined
  #unanswered = 0
  #changedCount = 0

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

  /** The status of the torrent may be another one. */
  changed(torrent: HeldTorrent): void {
    this.#toPublish.add(torrent)
  }

  /** A session has answered, and what it said is seen. */
  answered(): void {
    if (this.#unanswered > 0 && --this.#unanswered === 0) this.#publish()
  }

  #wait(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#poll()
      const waitMs = Math.max(this.#intervalMs, this.#changedCount * WAIT_MS_PER_CHANGED)
      if (this.#timer !== undefined) this.#timer = this.#wait(waitMs)
    }, delayMs).unref()
  }

  #poll(): void {
    // libtorrent may drop an answer, as any alert.
    if (this.#unanswered > 0) this.#publish()
    this.#unanswered = this.#deps.ask()
    if (this.#unanswered === 0) this.#publish()
  }

  #publish(): void {
    const changed = new Map<TorrentId, TorrentStatus>()
    for (const torrent of this.#toPublish) {
      const { status } = torrent.progress
      if (this.#published.get(torrent) === status || !this.#deps.isThere(torrent)) continue
      this.#published.set(torrent, status)
      changed.set(torrent.id, status)
    }
    this.#toPublish.clear()
    this.#changedCount = changed.size
    if (changed.size > 0) this.#deps.publish(changed)
  }
}
