import type { TorrentId } from '@bae/storage'
import type { ClientTorrent } from './client-torrent.js'
import type { TorrentStatus } from './torrent.js'

export interface StatusPollerDeps {
  readonly torrents: Iterable<ClientTorrent>
  readonly observe: (torrent: ClientTorrent) => void
  /** Called with the torrents whose status changed since the last time, if there are any. */
  readonly publish: (statuses: ReadonlyMap<TorrentId, TorrentStatus>) => void
}

/** One timer for all torrents of a client. It runs only between `start` and `stop` and keeps no process alive. */
export class StatusPoller {
  readonly #deps: StatusPollerDeps
  readonly #intervalMs: number
  readonly #published = new WeakMap<ClientTorrent, TorrentStatus>()
  #timer: NodeJS.Timeout | undefined

  constructor(deps: StatusPollerDeps, options: { readonly intervalMs: number }) {
    this.#deps = deps
    this.#intervalMs = options.intervalMs
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#poll(), this.#intervalMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #poll(): void {
    const changed = new Map<TorrentId, TorrentStatus>()
    for (const torrent of this.#deps.torrents) {
      this.#deps.observe(torrent)
      if (this.#published.get(torrent) === torrent.status) continue
      this.#published.set(torrent, torrent.status)
      changed.set(torrent.id, torrent.status)
    }
    if (changed.size > 0) this.#deps.publish(changed)
  }
}
