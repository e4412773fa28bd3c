import type { Storage, TorrentId } from '@bae/storage'
import type { DEFAULT_CLIENT_OPTIONS, TorrentClientDeps, TorrentClientOptions } from './client-options.js'
import { ClientSession, type SessionKind } from './client-session.js'
import { ClientSessions } from './client-sessions.js'
import type { ClientStatistics } from './client-statistics.js'
import { ClientError } from './errors.js'
import type { HeldTorrent } from './held-torrent.js'
import { blockedRanges } from './ip-filter.js'
import { type Logger, SILENT_LOGGER } from './logger.js'
import { MemoryMetadataCache, type MetadataCache } from './metadata-cache.js'
import { loadNativeBinding, type NativeBinding } from './native-binding.js'
import { ResumeKeeper } from './resume-keeper.js'
import { SessionLimits } from './session-limits.js'
import { changedSettings, type NetworkOptions, sessionSettings } from './session-settings.js'
import { StatusPoller } from './status-poller.js'
import { StorageBridge } from './storage-bridge.js'
import { StorageIndexMap } from './storage-index-map.js'
import { StorageRegistry } from './storage-registry.js'
import { TorrentAdmission } from './torrent-admission.js'
import { TorrentIntake } from './torrent-intake.js'
import { type AnnounceClientEvent, TorrentReports } from './torrent-reports.js'
import type { ParseTorrentFile } from './torrent-source.js'
import { TorrentTable } from './torrent-table.js'

/** How long the end of a client may wait for libtorrent's resume data, and the store for its records. */
const LAST_SAVE_MS = 5_000

export interface Running {
  /** Of the kind that torrents have by default. */
  readonly session: ClientSession
  readonly intake: TorrentIntake
  readonly parseTorrentFile: ParseTorrentFile
}

type Options = TorrentClientOptions & typeof DEFAULT_CLIENT_OPTIONS

/** What a TorrentClient is made of, from its start to its end. */
export class ClientParts {
  readonly torrents = new TorrentTable()
  readonly sessions = new ClientSessions((kind) => this.#openSession(kind))
  readonly #deps: TorrentClientDeps & { readonly announce: AnnounceClientEvent }
  readonly #logger: Logger
  readonly #cache: MetadataCache
  readonly #registry: StorageRegistry
  readonly #indices = new StorageIndexMap()
  readonly #reports: TorrentReports
  readonly #bridge: StorageBridge
  readonly #keeper: ResumeKeeper
  readonly #limits = new SessionLimits()
  readonly #poller: StatusPoller
  #options: Options
  #binding: Pick<NativeBinding, 'createSession' | 'parseTorrentFile'> | undefined
  #starting: Promise<Running> | undefined
  #running: Running | undefined
  #closing: Promise<void> | undefined

  constructor(deps: TorrentClientDeps & { readonly announce: AnnounceClientEvent }, options: Options) {
    this.#deps = deps
    this.#options = options
    this.#logger = deps.logger ?? SILENT_LOGGER
    this.#cache = deps.metadataCache ?? new MemoryMetadataCache()
    this.#limits.set(options)
    this.#registry = new StorageRegistry(
      { createStorage: deps.createStorage ?? noStorage },
      { closeLimitMs: options.storageDeadlineMs },
    )
    const { torrents } = this
    const { announce } = deps
    const logger = this.#logger
    this.#reports = new TorrentReports({
      torrents,
      announce,
      logger,
      metadataFound: (torrent) => void this.#cacheMetadata(torrent),
      updated: () => this.#poller.answered(),
    })
    this.#bridge = new StorageBridge({
      registry: this.#registry,
      indices: this.#indices,
      listener: this.#reports,
    })
    this.#keeper = new ResumeKeeper({
      store: deps.resumeStore,
      failed: ({ id }, error) => {
        logger.warn({ error, torrentId: id }, 'what a restart needs of a torrent could not be kept')
        announce('resumeSaveFailed', { id, error })
      },
    })
    this.#poller = new StatusPoller(
      {
        isThere: (torrent) => torrents.get(torrent.id) === torrent,
        ask: () => this.#ask(),
        publish: (statuses) => announce('statusUpdated', { statuses }),
      },
      { intervalMs: options.statusIntervalMs },
    )
  }

  async start(): Promise<void> {
    if (this.#closing !== undefined) throw closedError()
    this.#starting ??= this.#start()
    try {
      this.#running = await this.#starting
    } catch (error) {
      this.#starting = undefined
      throw error
    }
  }

  /** Throws CLIENT_NOT_STARTED before, CLIENT_CLOSED after. */
  running(): Running {
    if (this.#closing !== undefined) throw closedError()
    if (this.#running === undefined) throw new ClientError('CLIENT_NOT_STARTED', 'start() the client first')
    return this.#running
  }

  added({ id }: HeldTorrent): void {
    this.#deps.announce('torrentAdded', { id })
  }

  configure(options: NetworkOptions): void {
    const blocked = options.ipFilter && blockedRanges(options.ipFilter)
    this.#options = { ...this.#options, ...options }
    this.#limits.set(options)
    for (const { native } of this.sessions.all) {
      native.applySettings(changedSettings(options))
      if (blocked !== undefined) native.setIpFilter(blocked)
    }
    this.#limits.divide(this.sessions.all)
  }

  storageCounts(): ClientStatistics['storage'] {
    return { ...this.#bridge.counts, openStorages: this.#registry.size }
  }

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

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #start(): Promise<Running> {
    const { createSession, parseTorrentFile } = this.#deps
    this.#binding =
      createSession && parseTorrentFile
        ? { createSession, parseTorrentFile }
        : { ...(await loadNativeBinding()), ...(createSession && { createSession }) }
    const parse = parseTorrentFile ?? this.#binding.parseTorrentFile
    const defaultKind = this.#deps.createStorage === undefined ? 'files' : 'own'
    const session = await this.sessions.open(defaultKind)
    const intake = new TorrentIntake(
      {
        sessions: this.sessions,
        torrents: this.torrents,
        admission: new TorrentAdmission({ registry: this.#registry, logger: this.#logger }),
        keeper: this.#keeper,
        cache: this.#cache,
        logger: this.#logger,
        parseTorrentFile: parse,
        refuseWhenClosed: () => {
          if (this.#closing !== undefined) throw closedError()
        },
        contentsFound: (torrent) => this.#reports.contentsFound(torrent),
        statusChanged: (torrent) => this.#statusChanged(torrent),
        entering: (torrent) => {
          this.#statusChanged(torrent)
          this.#poller.start()
        },
        left: () => this.torrents.size === 0 && this.#poller.stop(),
      },
      {
        defaultKind,
        hasOwn: this.#deps.createStorage !== undefined,
        savePath: this.#options.savePath,
        isPexDisabled: () => this.#options.enablePex === false,
        fullDiskRetry: this.#options.fullDiskRetry,
      },
    )
    return { session, intake, parseTorrentFile: parse }
  }

  async #openSession(kind: SessionKind): Promise<ClientSession> {
    const { listenInterfaces, alertCategories, maxPendingWriteBytes, storageDeadlineMs, ipFilter } =
      this.#options
    // Before there is a session that would be left open.
    const blocked = ipFilter && blockedRanges(ipFilter)
    const { createSession } = this.#binding ?? (await loadNativeBinding())
    const opened: { session?: ClientSession } = {}
    const native = await createSession({
      ...(kind === 'own' && { handler: this.#bridge }),
      onAlert: (alert) => opened.session && this.#reports.receiveAlert(opened.session, alert),
      settings: sessionSettings(this.#options),
      storageDeadlineMs,
      ...(listenInterfaces !== undefined && { listenInterfaces }),
      ...(alertCategories !== undefined && { alertCategories }),
      ...(maxPendingWriteBytes !== undefined && { maxPendingWriteBytes }),
    })
    const session = new ClientSession(kind, native, (error) => this.#reports.statusUnread(error))
    opened.session = session
    if (blocked !== undefined) native.setIpFilter(blocked)
    return session
  }

  #statusChanged(torrent: HeldTorrent): void {
    this.#poller.changed(torrent)
    this.#keeper.statusChanged(torrent)
  }

  #ask(): number {
    const asked = this.sessions.all.filter((session) => this.#reports.askForUpdates(session))
    this.#limits.divide(this.sessions.all)
    this.#keeper.saveDue({
      intervalMs: this.#options.resumeIntervalMs,
      nowMs: performance.now(),
    })
    return asked.length
  }

  async #cacheMetadata(torrent: HeldTorrent): Promise<void> {
    const request = torrent.torrentFileOrMagnet()
    if (!('torrentFile' in request)) return
    for (const infoHash of torrent.torrent.infoHashes) {
      try {
        await this.#cache.save(infoHash, request.torrentFile)
      } catch (error) {
        this.#logger.warn({ error, infoHash }, 'metadata could not be cached')
      }
    }
  }

  async #close(): Promise<void> {
    this.#poller.stop()
    const torrents = [...this.torrents]
    if (this.#deps.resumeStore !== undefined) {
      // What moved since the last look counts, too.
      for (const session of this.sessions.all) this.#reports.observeAll(session)
      await this.#keeper.saveLast(torrents, LAST_SAVE_MS)
    }
    for (const torrent of torrents) torrent.end(closedError())
    await Promise.allSettled([this.#starting])
    const [closedSessions] = await Promise.allSettled([this.sessions.close()])
    const [closedStorages] = await Promise.allSettled([this.#registry.closeAll()])
    await Promise.all(torrents.map((torrent) => torrent.operations.idle()))
    for (const result of [closedSessions, closedStorages])
      if (result.status === 'rejected') throw result.reason
  }
}

function closedError(): ClientError {
  return new ClientError('CLIENT_CLOSED', 'the client is closed')
}

/** Nobody asks a session without a handler for storages. */
async function noStorage(torrentId: TorrentId): Promise<Storage> {
  throw new ClientError('CLIENT_UNKNOWN_STORAGE', `there is no createStorage for torrent ${torrentId}`)
}
