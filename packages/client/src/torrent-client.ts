import { EventEmitter } from 'node:events'
import type { CreateNativeSession, NativeSession } from '@bae/native'
import type { Storage, StorageFactory, TorrentId } from '@bae/storage'
import { abortable } from './abortable.js'
import type { TorrentClientEvents } from './client-events.js'
import { ClientTorrent } from './client-torrent.js'
import { ClientError } from './errors.js'
import { type Logger, SILENT_LOGGER } from './logger.js'
import { loadNativeBinding } from './native-binding.js'
import { type NetworkOptions, sessionSettings } from './session-settings.js'
import { StatusPoller } from './status-poller.js'
import { StorageBridge } from './storage-bridge.js'
import { StorageIndexMap } from './storage-index-map.js'
import { StorageRegistry } from './storage-registry.js'
import type { AddTorrentOptions, Torrent, TorrentSource } from './torrent.js'
import { TorrentAdmission } from './torrent-admission.js'
import { createTorrentId } from './torrent-id.js'
import { TorrentReports } from './torrent-reports.js'
import { type KnownSource, type ParseTorrentFile, readTorrentSource } from './torrent-source.js'
import { TorrentTable } from './torrent-table.js'

export interface TorrentClientDeps {
  /** Opens the storage of each torrent; the client closes it. */
  readonly createStorage: StorageFactory
  /** This and the next come from @bae/native when left out. */
  readonly createSession?: CreateNativeSession
  readonly parseTorrentFile?: ParseTorrentFile
  /** Silent when left out. */
  readonly logger?: Logger
}

export interface TorrentClientOptions extends NetworkOptions {
  /** How often statuses are read and `statusUpdated` may come. */
  readonly statusIntervalMs?: number
  /** Whole pieces that wait for a storage before peers are asked to pause. Native's default when left out. */
  readonly maxPendingWriteBytes?: number
  /** How long a storage call may take; also how long a storage may take to close. */
  readonly storageDeadlineMs?: number
}

export const DEFAULT_CLIENT_OPTIONS: Required<
  Pick<TorrentClientOptions, 'statusIntervalMs' | 'storageDeadlineMs'>
> = Object.freeze({ statusIntervalMs: 250, storageDeadlineMs: 60_000 })

interface Running {
  readonly session: NativeSession
  readonly admission: TorrentAdmission
  readonly parseTorrentFile: ParseTorrentFile
}

/** A BitTorrent client with a storage of one's own behind each torrent. Made idle, so that listeners can be attached. */
export class TorrentClient extends EventEmitter<TorrentClientEvents> implements AsyncDisposable {
  readonly #deps: TorrentClientDeps
  readonly #options: TorrentClientOptions & typeof DEFAULT_CLIENT_OPTIONS
  readonly #logger: Logger
  readonly #registry: StorageRegistry
  readonly #indices = new StorageIndexMap()
  readonly #torrents = new TorrentTable()
  readonly #reports: TorrentReports
  readonly #poller: StatusPoller
  #starting: Promise<Running> | undefined
  #running: Running | undefined
  #closing: Promise<void> | undefined

  constructor(deps: TorrentClientDeps, options: TorrentClientOptions = {}) {
    super()
    this.#deps = deps
    this.#options = { ...DEFAULT_CLIENT_OPTIONS, ...options }
    this.#logger = deps.logger ?? SILENT_LOGGER
    this.#registry = new StorageRegistry(
      { createStorage: deps.createStorage },
      { closeLimitMs: this.#options.storageDeadlineMs },
    )
    this.#reports = new TorrentReports({
      torrents: this.#torrents,
      announce: (name, payload) => this.#announce(name, payload),
      logger: this.#logger,
    })
    this.#poller = new StatusPoller(
      {
        torrents: this.#torrents,
        observe: (torrent) => this.#reports.observe(torrent),
        publish: (statuses) => this.#announce('statusUpdated', { statuses }),
      },
      { intervalMs: this.#options.statusIntervalMs },
    )
  }

  /** Opens the session. Idempotent. Rejects NATIVE_BINDING_NOT_FOUND where there is no addon for this machine. */
  async start(): Promise<void> {
    if (this.#closing !== undefined) throw closedError()
    this.#starting ??= this.#openSession()
    try {
      this.#running = await this.#starting
    } catch (error) {
      this.#starting = undefined
      throw error
    }
  }

  /** The port of the first listening TCP socket; 0 when there is none. */
  get listenPort(): number {
    return this.#started().session.listenPort
  }

  /**
   * Resolves once libtorrent has accepted the torrent, not when it is done. A torrent that is there already, by any
   * of its info hashes, resolves to the same Torrent. Rejects CLIENT_INVALID_SOURCE, CLIENT_DUPLICATE_TORRENT for an
   * id in use by another torrent, and what the storage rejects with; then nothing stays open.
   */
  async add(source: TorrentSource, options: AddTorrentOptions = {}): Promise<Torrent> {
    const { parseTorrentFile } = this.#started()
    options.signal?.throwIfAborted()
    const known = readTorrentSource(source, parseTorrentFile)
    for (;;) {
      const present = this.#torrents.withInfoHash(known.infoHashes)
      if (present === undefined) return this.#addNew(known, options)
      // It may still be on its way in, or out: only afterwards is it known whether it stays.
      await abortable(present.operations.idle(), options.signal)
      this.#started()
      if (this.#torrents.get(present.id) !== present || present.progress.ended !== undefined) continue
      for (const peer of options.peers ?? []) present.connectPeer(peer)
      return present
    }
  }

  get(id: TorrentId): Torrent | undefined {
    return this.#torrents.get(id)
  }

  list(): readonly Torrent[] {
    return [...this.#torrents]
  }

  /** Settles when the torrent's storage is closed, or deleted. Rejects CLIENT_UNKNOWN_TORRENT. */
  async remove(id: TorrentId, options: { readonly deleteData?: boolean } = {}): Promise<void> {
    const { admission } = this.#started()
    const torrent = this.#torrents.get(id)
    if (torrent === undefined) throw unknownTorrent(id)
    torrent.end(new ClientError('CLIENT_TORRENT_REMOVED', `torrent ${id} was removed`))
    await torrent.operations.run(async () => {
      if (this.#torrents.get(id) !== torrent) throw unknownTorrent(id)
      try {
        await admission.dismiss(torrent, { deleteData: options.deleteData ?? false })
      } finally {
        this.#forget(torrent)
      }
    })
    this.#announce('torrentRemoved', { id })
  }

  /**
   * Gives a storage that the caller opened to a torrent, and ties it to a storage index of the session. The client
   * closes it. For the usual case there is `createStorage`. Rejects CLIENT_DUPLICATE_STORAGE when either is in use.
   */
  registerStorage(storageIndex: number, torrentId: TorrentId, storage: Storage): void {
    if (this.#closing !== undefined) throw closedError()
    this.#indices.set(storageIndex, torrentId)
    try {
      this.#registry.register(torrentId, storage)
    } catch (error) {
      this.#indices.delete(storageIndex)
      throw error
    }
  }

  /** Ends the session, then closes every storage. Rejects with what went wrong after all is closed. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #openSession(): Promise<Running> {
    const { createSession, parseTorrentFile } = this.#deps
    const binding =
      createSession && parseTorrentFile ? { createSession, parseTorrentFile } : await loadNativeBinding()
    const { listenInterfaces, maxPendingWriteBytes, storageDeadlineMs } = this.#options
    const session = await (createSession ?? binding.createSession)({
      handler: new StorageBridge({
        registry: this.#registry,
        indices: this.#indices,
        listener: this.#reports,
      }),
      onAlert: (alert) => this.#reports.receiveAlert(alert),
      settings: sessionSettings(this.#options),
      storageDeadlineMs,
      ...(listenInterfaces !== undefined && { listenInterfaces }),
      ...(maxPendingWriteBytes !== undefined && { maxPendingWriteBytes }),
    })
    const admission = new TorrentAdmission({
      session,
      registry: this.#registry,
      torrents: this.#torrents,
      logger: this.#logger,
    })
    return { session, admission, parseTorrentFile: parseTorrentFile ?? binding.parseTorrentFile }
  }

  async #addNew(source: KnownSource, options: AddTorrentOptions): Promise<Torrent> {
    const { session, admission } = this.#started()
    const id = options.id ?? createTorrentId()
    if (this.#torrents.get(id) !== undefined) {
      throw new ClientError('CLIENT_DUPLICATE_TORRENT', `the id ${id} is in use for another torrent`)
    }
    const torrent = new ClientTorrent(
      { session, readmit: (failed) => admission.readmit(failed) },
      { id, source, paused: options.paused ?? false, peers: options.peers ?? [] },
    )
    this.#torrents.set(torrent, source.infoHashes)
    this.#poller.start()
    await torrent.operations.run(async () => {
      try {
        await admission.admit(torrent, options)
      } catch (error) {
        torrent.end(
          new ClientError('CLIENT_TORRENT_FAILED', `torrent ${id} could not be added`, { cause: error }),
        )
        this.#forget(torrent)
        throw error
      }
    })
    this.#announce('torrentAdded', { id })
    return torrent
  }

  #forget(torrent: ClientTorrent): void {
    this.#torrents.delete(torrent)
    if (this.#torrents.size === 0) this.#poller.stop()
  }

  async #close(): Promise<void> {
    this.#poller.stop()
    const torrents = [...this.#torrents]
    for (const torrent of torrents) torrent.end(closedError())
    const [starting] = await Promise.allSettled([this.#starting])
    const session = starting.status === 'fulfilled' ? starting.value?.session : undefined
    const [closedSession] = await Promise.allSettled([session?.close()])
    const [closedStorages] = await Promise.allSettled([this.#registry.closeAll()])
    await Promise.all(torrents.map((torrent) => torrent.operations.idle()))
    for (const result of [closedSession, closedStorages])
      if (result.status === 'rejected') throw result.reason
  }

  #started(): Running {
    if (this.#closing !== undefined) throw closedError()
    if (this.#running === undefined) throw new ClientError('CLIENT_NOT_STARTED', 'start() the client first')
    return this.#running
  }

  /** In a task of its own: an exception of a listener is its own, and must not come up in native's callbacks. */
  #announce<Name extends keyof TorrentClientEvents>(name: Name, payload: TorrentClientEvents[Name][0]): void {
    queueMicrotask(() =>
      this.emit<keyof TorrentClientEvents>(name, ...([payload] as TorrentClientEvents[Name])),
    )
  }
}

function closedError(): ClientError {
  return new ClientError('CLIENT_CLOSED', 'the client is closed')
}

function unknownTorrent(id: TorrentId): ClientError {
  return new ClientError('CLIENT_UNKNOWN_TORRENT', `there is no torrent ${id}`)
}
