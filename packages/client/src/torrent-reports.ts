import type { NativeAlert } from '@bae/native'
import type { OpenStorageOptions, Storage, TorrentId, TorrentLayout, TorrentMetadata } from '@bae/storage'
import { type TorrentAlertMeaning, translateAlert } from './alert-translator.js'
import type { TorrentClientEvents } from './client-events.js'
import type { ClientSession } from './client-session.js'
import { ClientError, hasErrorCode } from './errors.js'
import type { HeldTorrent } from './held-torrent.js'
import type { Logger } from './logger.js'
import type { StorageBridgeListener } from './storage-bridge.js'
import { infoHashesOf } from './torrent-source.js'
import type { TorrentTable } from './torrent-table.js'

export type AnnounceClientEvent = <Name extends keyof TorrentClientEvents>(
  name: Name,
  payload: TorrentClientEvents[Name][0],
) => void

export interface TorrentReportsDeps {
  readonly torrents: TorrentTable
  readonly announce: AnnounceClientEvent
  readonly logger: Logger
  /** What a magnet link found in the swarm. */
  readonly metadataFound: (torrent: HeldTorrent) => void
  /** A session has told what changed. */
  readonly updated: () => void
}

/** Takes what the storages and the session report to the torrent that it is about. */
export class TorrentReports implements StorageBridgeListener {
  readonly #torrents: TorrentTable
  readonly #announce: AnnounceClientEvent
  readonly #logger: Logger
  readonly #metadataFound: (torrent: HeldTorrent) => void
  readonly #updated: () => void

  constructor(deps: TorrentReportsDeps) {
    this.#torrents = deps.torrents
    this.#announce = deps.announce
    this.#logger = deps.logger
    this.#metadataFound = deps.metadataFound
    this.#updated = deps.updated
  }

  wantedFilesOf(torrentId: TorrentId, layout: TorrentLayout): Pick<OpenStorageOptions, 'wantedFiles'> {
    return this.#torrents.get(torrentId)?.wishes.files.wantedOf(layout) ?? {}
  }

  /** For a magnet link this is where its contents become known; others were opened before they were added. */
  storageOpened(torrentId: TorrentId, storage: Storage, metadata: TorrentMetadata, bits: Uint8Array): void {
    const torrent = this.#torrents.get(torrentId)
    if (torrent === undefined || torrent.progress.isOpened) return
    torrent.openStorage(storage, torrent.contentsOf(storage.layout, metadata), bits)
    this.contentsFound(torrent)
  }

  /** The metadata of a torrent is there: it goes by every info hash that it names. */
  contentsFound(torrent: HeldTorrent): void {
    const { contents } = torrent.progress
    if (contents === undefined) return
    this.#torrents.set(torrent, infoHashesOf(contents.layout))
    if (!('torrentFile' in torrent.source.request)) this.#metadataFound(torrent)
  }

  pieceCompleted(torrentId: TorrentId, piece: number): void {
    this.#torrents.get(torrentId)?.completePiece(piece)
  }

  pieceCleared(torrentId: TorrentId, piece: number): void {
    this.#torrents.get(torrentId)?.progress.clear(piece)
  }

  /** libtorrent holds the piece for had and will not fetch it again: the torrent would stand still for ever. */
  completionFailed(torrentId: TorrentId, piece: number, error: unknown): void {
    const message = `piece ${piece} of torrent ${torrentId} could not be completed`
    this.#torrents.get(torrentId)?.halt(new ClientError('CLIENT_TORRENT_FAILED', message, { cause: error }))
  }

  storageFailed(torrentId: TorrentId, error: unknown): void {
    this.#torrents.get(torrentId)?.progress.noteStorageFailure(error)
  }

  receiveAlert(session: ClientSession, alert: NativeAlert): void {
    this.#announce('alertReceived', { alert })
    const meaning = translateAlert(alert)
    if (meaning === undefined) return
    if (meaning.kind === 'listenFailed') {
      const { address, port, message } = meaning
      this.#announce('listenFailed', { address, port, message })
    } else if (meaning.kind === 'alertsDropped') {
      this.#logger.warn({}, 'libtorrent dropped alerts')
      this.observeAll(session)
    } else if (meaning.kind === 'updated') {
      this.#observing(() => session.observeUpdates(meaning.torrents))
      this.#updated()
    } else {
      this.#pass(session, meaning)
    }
  }

  #pass(session: ClientSession, meaning: TorrentAlertMeaning): void {
    const torrent = session.torrentOf(meaning.handle)
    if (torrent === undefined) return
    if (meaning.kind === 'peersChanged') {
      session.readLater(meaning.handle)
      return
    }
    // A storage of ours tells itself.
    if (meaning.kind === 'pieceFinished' && session.kind === 'own') return
    if (meaning.kind === 'hashFailed')
      torrent.announce('hashFailed', { id: torrent.id, piece: meaning.piece })
    if (meaning.kind === 'storageFailed') torrent.progress.noteStorageFailureUnlessKnown(meaning.error)
    if (meaning.kind === 'checked') torrent.noteChecked()
    if (meaning.kind === 'fetchesAgain') torrent.dialAgain()
    session.readSoon(meaning.handle)
  }

  /** Looks at all torrents of a session, whether they changed or not. */
  observeAll(session: ClientSession): void {
    this.#observing(() => session.observeAll())
  }

  /** Asks a session for what changed. False when it will not answer. */
  askForUpdates(session: ClientSession): boolean {
    return this.#observing(() => session.askForUpdates()) ?? false
  }

  #observing<T>(observe: () => T): T | undefined {
    try {
      return observe()
    } catch (error) {
      this.statusUnread(error)
      return undefined
    }
  }

  /** A session could not be asked; once it is closed nobody wants to know. */
  statusUnread(error: unknown): void {
    if (hasErrorCode(error, 'NATIVE_SESSION_CLOSED')) return
    this.#logger.warn({ error }, 'the status of torrents could not be read')
  }
}
