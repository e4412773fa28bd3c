import type { FullNativeSession, TorrentDetails } from '@bae/native'
import type { HeldTorrent } from './held-torrent.js'

/** Whose bytes a session keeps: 'own' in storages of ours, 'files' in libtorrent's own disk storage. */
export type SessionKind = 'own' | 'files'

/** A native session, and which of its handles is which torrent. */
export class ClientSession {
  readonly kind: SessionKind
  readonly native: FullNativeSession
  readonly #torrents = new Map<number, HeldTorrent>()

  constructor(kind: SessionKind, native: FullNativeSession) {
    this.kind = kind
    this.native = native
  }

  get torrents(): readonly HeldTorrent[] {
    return [...this.#torrents.values()]
  }

  get size(): number {
    return this.#torrents.size
  }

  torrentOf(handle: number): HeldTorrent | undefined {
    return this.#torrents.get(handle)
  }

  set(handle: number, torrent: HeldTorrent): void {
    this.#torrents.set(handle, torrent)
  }

  delete(handle: number): void {
    this.#torrents.delete(handle)
  }

  statusOf(handle: number): TorrentDetails | undefined {
    return this.native.torrentStatuses([handle])[0]
  }

  /** Reads what the session says of all its torrents, in one question. */
  observeAll(): void {
    if (this.size === 0) return
    for (const details of this.native.torrentStatuses()) this.#torrents.get(details.handle)?.observe(details)
  }
}
