import type { FullNativeSession, TorrentDetails } from '@bae/native'
import type { HeldTorrent } from './held-torrent.js'

/** Whose bytes a session keeps: 'own' in storages of ours, 'files' in libtorrent's own disk storage. */
export type SessionKind = 'own' | 'files'

/** A native session, and which of its handles is which torrent. */
export class ClientSession {
  readonly kind: SessionKind
  readonly native: FullNativeSession
  readonly #torrents = new Map<number, HeldTorrent>()
  /** Handles of torrents that may have changed in a way that libtorrent does not tell of. */
  readonly #unread = new Set<number>()
  /** Handles of torrents that are read before the next turn of the event loop. */
  readonly #readSoon = new Set<number>()
  readonly #readFailed: (error: unknown) => void

  /** `readFailed`: what was to be read soon could not be. */
  constructor(kind: SessionKind, native: FullNativeSession, readFailed: (error: unknown) => void) {
    this.kind = kind
    this.native = native
    this.#readFailed = readFailed
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
    this.#unread.delete(handle)
    this.#readSoon.delete(handle)
  }

  statusOf(handle: number): TorrentDetails | undefined {
    this.#readSoon.delete(handle)
    return this.native.torrentStatuses([handle])[0]
  }

  /**
   * The torrent is read in this turn of the event loop: in one question with all others of which that is said, as a
   * question costs more than its answers. Where thousands come at once, one each would take as long as adding them.
   */
  readSoon(handle: number): void {
    if (this.#readSoon.size === 0) setImmediate(() => this.#readAll())
    this.#readSoon.add(handle)
  }

  /** For who cannot wait for the others. Nothing is read where nothing was to be; a failure is told as it would be then. */
  readNowInsteadOfSoon(handle: number): void {
    if (this.#readSoon.delete(handle)) this.#read([handle])
  }

  /** The torrent is read at the next `askForUpdates`, whether libtorrent says that it changed or not. */
  readLater(handle: number): void {
    this.#unread.add(handle)
  }

  /**
   * Reads what is to be read, in one question, and asks for the torrents that changed, which an alert will tell. So
   * torrents that do nothing cost nothing, however many there are. False when there is none to ask about.
   */
  askForUpdates(): boolean {
    if (this.size === 0) return false
    const handles = [...this.#unread]
    this.#unread.clear()
    if (handles.length > 0) this.observeUpdates(this.native.torrentStatuses(handles))
    this.native.postTorrentUpdates()
    return true
  }

  observeUpdates(torrents: readonly TorrentDetails[]): void {
    for (const details of torrents) this.#torrents.get(details.handle)?.observe(details)
  }

  /** Reads what the session says of all its torrents. Only where updates were lost, or will not come any more. */
  observeAll(): void {
    if (this.size > 0) this.observeUpdates(this.native.torrentStatuses())
  }

  #readAll(): void {
    const handles = [...this.#readSoon]
    this.#readSoon.clear()
    if (handles.length > 0) this.#read(handles)
  }

  #read(handles: readonly number[]): void {
    try {
      this.observeUpdates(this.native.torrentStatuses(handles))
    } catch (error) {
      this.#readFailed(error)
    }
  }
}
