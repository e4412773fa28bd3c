import { EventEmitter } from 'node:events'
import type { AbortOptions, Storage, TorrentId } from '@bae/storage'
import type { TorrentClientEvents } from './client-events.js'
import {
  DEFAULT_CLIENT_OPTIONS,
  type TorrentClientDeps,
  type TorrentClientOptions,
} from './client-options.js'
import { ClientParts } from './client-parts.js'
import { type ClientStatistics, gatherStatistics } from './client-statistics.js'
import { prepareSeed, type SeedOptions } from './create-torrent.js'
import type { CreateTorrentFile } from './native-binding.js'
import { type Restored, restoreTorrents } from './restore-torrents.js'
import type { ResumeStore } from './resume-store.js'
import type { NetworkOptions } from './session-settings.js'
import type { Torrent } from './torrent.js'
import type { TorrentInput } from './torrent-input.js'
import type { AddTorrentOptions } from './torrent-options.js'

/** A BitTorrent client with a storage of one's own behind each torrent. Made idle, so that listeners can be attached. */
export class TorrentClient extends EventEmitter<TorrentClientEvents> implements AsyncDisposable {
  readonly #resumeStore: ResumeStore | undefined
  readonly #createTorrentFile: CreateTorrentFile | undefined
  readonly #parts: ClientParts

  constructor(deps: TorrentClientDeps, options: TorrentClientOptions = {}) {
    super()
    this.#resumeStore = deps.resumeStore
    this.#createTorrentFile = deps.createTorrentFile
    this.#parts = new ClientParts(
      { ...deps, announce: (name, payload) => this.#announce(name, payload) },
      { ...DEFAULT_CLIENT_OPTIONS, ...options },
    )
  }

  /** Opens the session. Idempotent. Rejects NATIVE_BINDING_NOT_FOUND where there is no addon for this machine. */
  start(): Promise<void> {
    return this.#parts.start()
  }

  /** The port of the first listening TCP socket; 0 when there is none. Another storage may have another: Torrent.listenPort. */
  get listenPort(): number {
    return this.#parts.running().session.native.listenPort
  }

  /**
   * Resolves once libtorrent has accepted the torrent, not when it is done, and once the resume store has it. A torrent
   * that is there already, by any of its info hashes, resolves to the same Torrent. Rejects CLIENT_INVALID_SOURCE,
   * CLIENT_DUPLICATE_TORRENT for an id in use by another torrent, CLIENT_PRIVATE_TORRENT, and what the storage rejects
   * with; then nothing stays open.
   */
  async add(input: TorrentInput, options: AddTorrentOptions = {}): Promise<Torrent> {
    return this.#add(input, options)
  }

  /**
   * Makes a .torrent of a file or a folder and seeds it from where it lies, which has to stay as it is. Rejects as `add`
   * and `createTorrent` do. What others need is in `Torrent.torrentFile` and `Torrent.magnetUri`.
   */
  async seed(path: string, options: SeedOptions = {}): Promise<Torrent> {
    this.#parts.running()
    const prepared = await prepareSeed(path, options, this.#createTorrentFile)
    return this.#add(prepared.torrentFile, prepared.options)
  }

  /**
   * Adds every torrent that the resume store has, as it was, without checking what the storages hold: they say it
   * themselves. Call it once, after `start`. Rejects when the store cannot be listed.
   */
  async restore(options: AbortOptions = {}): Promise<Restored<Torrent>> {
    const { intake, parseTorrentFile } = this.#parts.running()
    if (this.#resumeStore === undefined) return { torrents: [], failures: [] }
    const { torrents, failures } = await restoreTorrents(
      this.#resumeStore,
      {
        intake,
        parseTorrentFile,
        isThere: (id) => this.get(id) !== undefined,
      },
      options,
    )
    for (const torrent of torrents) this.#parts.added(torrent)
    return { torrents: torrents.map(({ torrent }) => torrent), failures }
  }

  get(id: TorrentId): Torrent | undefined {
    return this.#parts.torrents.get(id)?.torrent
  }

  list(): readonly Torrent[] {
    return [...this.#parts.torrents].map(({ torrent }) => torrent)
  }

  /** Settles when the torrent's storage is closed, or deleted. Rejects CLIENT_UNKNOWN_TORRENT. */
  async remove(id: TorrentId, options: { readonly deleteData?: boolean } = {}): Promise<void> {
    const { intake } = this.#parts.running()
    await intake.remove(id, { deleteData: options.deleteData ?? false })
    this.#announce('torrentRemoved', { id })
  }

  /** Changes what is named here, now, and of both kinds of storage. */
  configure(options: NetworkOptions): void {
    this.#parts.running()
    this.#parts.configure(options)
  }

  /** What the client, its sessions and its storages have done. */
  statistics(): Promise<ClientStatistics> {
    this.#parts.running()
    return gatherStatistics(this.#parts.sessions.all, this.#parts.storageCounts())
  }

  /**
   * Gives a storage that the caller opened to a torrent, and ties it to a storage index of the session. The client
   * closes it. For the usual case there is `createStorage`. Rejects CLIENT_DUPLICATE_STORAGE when either is in use.
   */
  registerStorage(storageIndex: number, torrentId: TorrentId, storage: Storage): void {
    this.#parts.registerStorage(storageIndex, torrentId, storage)
  }

  /** Ends the sessions, then closes every storage. Rejects with what went wrong after all is closed. Idempotent. */
  close(): Promise<void> {
    return this.#parts.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #add(
    input: TorrentInput,
    options: AddTorrentOptions & { readonly seedMode?: boolean },
  ): Promise<Torrent> {
    const { torrent, isNew } = await this.#parts.running().intake.add(input, options)
    if (isNew) this.#parts.added(torrent)
    return torrent.torrent
  }

  /** In a task of its own: an exception of a listener is its own, and must not come up in native's callbacks. */
  #announce<Name extends keyof TorrentClientEvents>(name: Name, payload: TorrentClientEvents[Name][0]): void {
    queueMicrotask(() =>
      this.emit<keyof TorrentClientEvents>(name, ...([payload] as TorrentClientEvents[Name])),
    )
  }
}
