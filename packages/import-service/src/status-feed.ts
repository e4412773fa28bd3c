import type { TorrentId } from '@bae/storage'
import type { StatusUpdate, TorrentClientLike, TorrentLike } from './torrent-client-like.js'

export type StatusListener = (status: TorrentLike['status']) => void

/** Brings the statuses of a client to whom they concern, with one listener for all of them. */
export class StatusFeed implements Disposable {
  readonly #client: Pick<TorrentClientLike, 'on' | 'off'>
  readonly #listeners = new Map<TorrentId, Set<StatusListener>>()
  readonly #told = ({ statuses }: StatusUpdate): void => {
    for (const [id, status] of statuses) {
      for (const listener of this.#listeners.get(id) ?? []) listener(status)
    }
  }

  constructor(client: Pick<TorrentClientLike, 'on' | 'off'>) {
    this.#client = client
    client.on('statusUpdated', this.#told)
  }

  /** Returns the unsubscriber. */
  listen(id: TorrentId, listener: StatusListener): () => void {
    const listeners = this.#listeners.get(id) ?? new Set()
    this.#listeners.set(id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id)
    }
  }

  [Symbol.dispose](): void {
    this.#client.off('statusUpdated', this.#told)
  }
}
