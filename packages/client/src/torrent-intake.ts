import type { AbortOptions, TorrentId } from '@bae/storage'
import { abortable } from './abortable.js'
import { findCachedMetadata } from './cached-metadata.js'
import type { ClientSession, SessionKind } from './client-session.js'
import type { ClientSessions } from './client-sessions.js'
import { privateTorrent } from './client-torrent.js'
import { ClientError } from './errors.js'
import type { FullDiskRetryOptions } from './full-disk-retry.js'
import { HeldTorrent, type HeldTorrentOptions } from './held-torrent.js'
import type { Logger } from './logger.js'
import type { MetadataCache } from './metadata-cache.js'
import type { ResumeKeeper } from './resume-keeper.js'
import type { TorrentAdmission } from './torrent-admission.js'
import { createTorrentId } from './torrent-id.js'
import { readTorrentInput, type TorrentInput } from './torrent-input.js'
import type { AddTorrentOptions } from './torrent-options.js'
import { type KnownSource, type ParseTorrentFile, readTorrentSource } from './torrent-source.js'
import type { TorrentTable } from './torrent-table.js'
import { trackerEntry } from './torrent-trackers.js'
import { TorrentWishes } from './torrent-wishes.js'

export interface TorrentIntakeDeps {
  readonly sessions: ClientSessions
  readonly torrents: TorrentTable
  readonly admission: TorrentAdmission
  readonly keeper: ResumeKeeper
  readonly cache: MetadataCache
  readonly logger: Logger
  readonly parseTorrentFile: ParseTorrentFile
  /** Throws CLIENT_CLOSED once the client begins to close: what comes later nobody would end. */
  readonly refuseWhenClosed: () => void
  readonly contentsFound: (torrent: HeldTorrent) => void
  readonly statusChanged: (torrent: HeldTorrent) => void
  /** A torrent is on its way in; one has left. */
  readonly entering: (torrent: HeldTorrent) => void
  readonly left: () => void
}

export interface TorrentIntakeOptions {
  /** Where a torrent goes that does not say. */
  readonly defaultKind: SessionKind
  readonly hasOwn: boolean
  readonly savePath: string | undefined
  readonly isPexDisabled: () => boolean
  readonly fullDiskRetry: FullDiskRetryOptions
}

/** What brings a torrent into a client, and takes it out for good. */
export class TorrentIntake {
  readonly #deps: TorrentIntakeDeps
  readonly #options: TorrentIntakeOptions

  constructor(deps: TorrentIntakeDeps, options: TorrentIntakeOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** The torrent, and whether it is new. One that is there by any of its info hashes is that one. */
  async add(
    input: TorrentInput,
    options: AddTorrentOptions & { readonly seedMode?: boolean },
  ): Promise<{ readonly torrent: HeldTorrent; readonly isNew: boolean }> {
    const { parseTorrentFile, cache, logger, torrents } = this.#deps
    const read = readTorrentSource(await readTorrentInput(input, options), parseTorrentFile)
    const known = await findCachedMetadata(read, { cache, parseTorrentFile, logger })
    const place = this.#place(options)
    const session = await abortable(this.#deps.sessions.open(place.kind), options.signal)
    options.signal?.throwIfAborted()
    for (;;) {
      this.#deps.refuseWhenClosed()
      const present = torrents.withInfoHash(known.infoHashes)
      if (present === undefined) {
        const description = this.#describe(known, options, place.savePath)
        const torrent = await this.#hold(session, description, { isKept: false })
        return { torrent, isNew: true }
      }
      // It may still be on its way in, or out: only afterwards is it known whether it stays.
      await abortable(present.operations.idle(), options.signal)
      if (torrents.get(present.id) !== present || present.progress.ended !== undefined) continue
      for (const peer of options.peers ?? []) present.torrent.connectPeer(peer)
      return { torrent: present, isNew: false }
    }
  }

  /** Adds what is known of a torrent from before. */
  async bringBack(options: HeldTorrentOptions & AbortOptions, kind: SessionKind): Promise<HeldTorrent> {
    const session = await abortable(this.#deps.sessions.open(kind), options.signal)
    return this.#hold(session, options, { isKept: true })
  }

  /** Settles when the torrent's storage is closed, or deleted, and nothing is kept of it. */
  async remove(id: TorrentId, options: { readonly deleteData: boolean }): Promise<void> {
    const { torrents, admission, keeper } = this.#deps
    const torrent = torrents.get(id)
    if (torrent === undefined) throw unknownTorrent(id)
    torrent.end(new ClientError('CLIENT_TORRENT_REMOVED', `torrent ${id} was removed`))
    await torrent.operations.run(async () => {
      if (torrents.get(id) !== torrent) throw unknownTorrent(id)
      // First, so that a torrent whose data is gone never comes back.
      const [forgotten] = await Promise.allSettled([keeper.delete(torrent)])
      const [dismissed] = await Promise.allSettled([admission.dismiss(torrent, options)])
      torrents.delete(torrent)
      this.#deps.left()
      for (const result of [forgotten, dismissed]) if (result.status === 'rejected') throw result.reason
    })
  }

  #describe(
    source: KnownSource,
    options: AddTorrentOptions & { readonly seedMode?: boolean },
    savePath: string | undefined,
  ): HeldTorrentOptions & AbortOptions {
    const id = options.id ?? createTorrentId()
    const isPrivate = source.contents?.isPrivate ?? false
    if (isPrivate && (options.peers?.length ?? 0) > 0) throw privateTorrent(id)
    return {
      id,
      source,
      wishes: wishesOf(source, options),
      ...(savePath !== undefined && { savePath }),
      ...(options.seedMode && { seedMode: true }),
      ...(options.signal && { signal: options.signal }),
    }
  }

  /** From the look whether it is there to its place in the table nothing else happens. */
  async #hold(
    session: ClientSession,
    options: HeldTorrentOptions & AbortOptions,
    { isKept }: { readonly isKept: boolean },
  ): Promise<HeldTorrent> {
    const { torrents, admission, keeper, parseTorrentFile, contentsFound } = this.#deps
    const { id, source, signal } = options
    this.#deps.refuseWhenClosed()
    if (torrents.get(id) !== undefined || torrents.withInfoHash(source.infoHashes) !== undefined) {
      throw new ClientError('CLIENT_DUPLICATE_TORRENT', `the id ${id}, or the info hash, is in use`)
    }
    const torrent = new HeldTorrent(
      {
        session,
        parseTorrentFile,
        contentsFound,
        readmit: (failed) => admission.readmit(failed),
        changed: (changed) => keeper.changed(changed),
        statusChanged: this.#deps.statusChanged,
        fullDiskRetry: this.#options.fullDiskRetry,
        isPexDisabled: this.#options.isPexDisabled,
      },
      options,
    )
    torrents.set(torrent, source.infoHashes)
    this.#deps.entering(torrent)
    const entering = { isKept, ...(signal && { signal }) }
    await torrent.operations.run(() => this.#enter(torrent, entering))
    return torrent
  }

  #place(options: AddTorrentOptions): { readonly kind: SessionKind; readonly savePath?: string } {
    const kind = options.storage ?? this.#options.defaultKind
    if (kind === 'own' && !this.#options.hasOwn) {
      throw new TypeError("a client without createStorage has only the storage 'files'")
    }
    if (kind === 'own') return { kind }
    const savePath = options.savePath ?? this.#options.savePath
    if (savePath === undefined || savePath === '') throw new TypeError("the storage 'files' needs a savePath")
    return { kind, savePath }
  }

  /** `isKept`: its record is what it came from. */
  async #enter(torrent: HeldTorrent, options: AbortOptions & { readonly isKept: boolean }): Promise<void> {
    const { admission, keeper, torrents } = this.#deps
    try {
      await admission.admit(torrent, options)
      if (options.isKept) keeper.isKept(torrent)
      else await this.#keep(torrent, keeper)
    } catch (cause) {
      const message = `torrent ${torrent.id} could not be added`
      torrent.end(new ClientError('CLIENT_TORRENT_FAILED', message, { cause }))
      torrents.delete(torrent)
      this.#deps.left()
      throw cause
    }
  }

  /** A torrent that could not be kept is not there after a restart, and so is not there now. */
  async #keep(torrent: HeldTorrent, keeper: ResumeKeeper): Promise<void> {
    try {
      await keeper.save(torrent)
    } catch (error) {
      await this.#deps.admission.undo(torrent)
      throw error
    }
  }
}

function wishesOf(source: KnownSource, options: AddTorrentOptions): TorrentWishes {
  const { paused, limits, sequential, superSeeding, trackers = [], webSeeds = [] } = options
  const isPrivate = source.contents?.isPrivate ?? false
  const wishes = new TorrentWishes({
    ...(paused !== undefined && { paused }),
    ...(limits !== undefined && { limits }),
    ...(sequential !== undefined && { sequential }),
    ...(superSeeding !== undefined && { superSeeding }),
    peers: isPrivate ? [] : [...(source.peers ?? []), ...(options.peers ?? [])],
    trackers: trackers.map(trackerEntry),
    webSeeds: [...(source.webSeeds ?? []), ...webSeeds],
  })
  const files = options.files ?? source.files
  if (files !== undefined) {
    const layout = source.contents?.layout
    wishes.files.wish('**', 'skip', layout)
    wishes.files.wish(files, 'normal', layout)
  }
  return wishes
}

function unknownTorrent(id: TorrentId): ClientError {
  return new ClientError('CLIENT_UNKNOWN_TORRENT', `there is no torrent ${id}`)
}
