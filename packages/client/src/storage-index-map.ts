import type { TorrentId } from '@bae/storage'
import { ClientError } from './errors.js'

/**
 * Which torrent a storage index of the session belongs to. Native never uses an index twice; this map still
 * refuses one that is live, since a mistake here would put bytes into the wrong torrent.
 */
export class StorageIndexMap {
  readonly #torrentIds = new Map<number, TorrentId>()
  /** How many indices of each torrent are live. */
  readonly #live = new Map<TorrentId, number>()

  /** Throws CLIENT_DUPLICATE_STORAGE when the index is live. */
  set(storageIndex: number, torrentId: TorrentId): void {
    const live = this.#torrentIds.get(storageIndex)
    if (live !== undefined) {
      throw new ClientError(
        'CLIENT_DUPLICATE_STORAGE',
        `storage index ${storageIndex} belongs to torrent ${live} and cannot be given to ${torrentId}`,
      )
    }
    this.#torrentIds.set(storageIndex, torrentId)
    this.#count(torrentId, 1)
  }

  /** Throws CLIENT_UNKNOWN_STORAGE for an index that is not live. */
  get(storageIndex: number): TorrentId {
    const torrentId = this.#torrentIds.get(storageIndex)
    if (torrentId === undefined) {
      throw new ClientError('CLIENT_UNKNOWN_STORAGE', `storage index ${storageIndex} belongs to no torrent`)
    }
    return torrentId
  }

  has(storageIndex: number): boolean {
    return this.#torrentIds.has(storageIndex)
  }

  /** An index of this torrent is live. */
  hasTorrent(torrentId: TorrentId): boolean {
    return this.#live.has(torrentId)
  }

  delete(storageIndex: number): void {
    const torrentId = this.#torrentIds.get(storageIndex)
    if (torrentId === undefined) return
    this.#torrentIds.delete(storageIndex)
    this.#count(torrentId, -1)
  }

  #count(torrentId: TorrentId, change: 1 | -1): void {
    const live = (this.#live.get(torrentId) ?? 0) + change
    if (live === 0) this.#live.delete(torrentId)
    else this.#live.set(torrentId, live)
  }
}
