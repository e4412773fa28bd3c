import type { TorrentId } from '@bae/storage'
import type { ClientTorrent } from './client-torrent.js'

/** The torrents of a client, by id, by info hash and by the session's handle. */
export class TorrentTable {
  readonly #byId = new Map<TorrentId, ClientTorrent>()
  readonly #byHandle = new Map<number, ClientTorrent>()
  readonly #byInfoHash = new Map<string, ClientTorrent>()

  get size(): number {
    return this.#byId.size
  }

  [Symbol.iterator](): Iterator<ClientTorrent> {
    return this.#byId.values()
  }

  get(id: TorrentId): ClientTorrent | undefined {
    return this.#byId.get(id)
  }

  withInfoHash(infoHashes: readonly string[]): ClientTorrent | undefined {
    return infoHashes.map((hash) => this.#byInfoHash.get(hash)).find((torrent) => torrent !== undefined)
  }

  withHandle(handle: number): ClientTorrent | undefined {
    return this.#byHandle.get(handle)
  }

  setHandle(handle: number, torrent: ClientTorrent): void {
    this.#byHandle.set(handle, torrent)
  }

  deleteHandle(handle: number): void {
    this.#byHandle.delete(handle)
  }

  /** Known by its id, and by these info hashes beside those it had. */
  set(torrent: ClientTorrent, infoHashes: readonly string[]): void {
    this.#byId.set(torrent.id, torrent)
    for (const hash of infoHashes) if (!this.#byInfoHash.has(hash)) this.#byInfoHash.set(hash, torrent)
  }

  delete(torrent: ClientTorrent): void {
    this.#byId.delete(torrent.id)
    for (const [hash, other] of this.#byInfoHash) if (other === torrent) this.#byInfoHash.delete(hash)
  }
}
