import type { TorrentId } from '@bae/storage'
import type { HeldTorrent } from './held-torrent.js'

/** The torrents of a client, by id and by info hash. */
export class TorrentTable {
  readonly #byId = new Map<TorrentId, HeldTorrent>()
  readonly #byInfoHash = new Map<string, HeldTorrent>()
  readonly #infoHashes = new WeakMap<HeldTorrent, Set<string>>()

  get size(): number {
    return this.#byId.size
  }

  [Symbol.iterator](): Iterator<HeldTorrent> {
    return this.#byId.values()
  }

  get(id: TorrentId): HeldTorrent | undefined {
    return this.#byId.get(id)
  }

  withInfoHash(infoHashes: readonly string[]): HeldTorrent | undefined {
    return infoHashes.map((hash) => this.#byInfoHash.get(hash)).find((torrent) => torrent !== undefined)
  }

  /** Known by its id, and by these info hashes beside those it had. */
  set(torrent: HeldTorrent, infoHashes: readonly string[]): void {
    this.#byId.set(torrent.id, torrent)
    const own = this.#infoHashes.get(torrent) ?? new Set()
    this.#infoHashes.set(torrent, own)
    for (const hash of infoHashes) {
      if (this.#byInfoHash.has(hash)) continue
      this.#byInfoHash.set(hash, torrent)
      own.add(hash)
    }
  }

  delete(torrent: HeldTorrent): void {
    this.#byId.delete(torrent.id)
    for (const hash of this.#infoHashes.get(torrent) ?? []) this.#byInfoHash.delete(hash)
  }
}
