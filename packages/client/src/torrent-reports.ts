import type { NativeAlert } from '@bae/native'
import type { Storage, TorrentId, TorrentMetadata } from '@bae/storage'
import { type TorrentAlertMeaning, translateAlert } from './alert-translator.js'
import type { TorrentClientEvents } from './client-events.js'
import type { ClientTorrent } from './client-torrent.js'
import { ClientError } from './errors.js'
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
}

/** Takes what the storages and the session report to the torrent that it is about. */
export class TorrentReports implements StorageBridgeListener {
  readonly #torrents: TorrentTable
  readonly #announce: AnnounceClientEvent
  readonly #logger: Logger

  constructor(deps: TorrentReportsDeps) {
    this.#torrents = deps.torrents
    this.#announce = deps.announce
    this.#logger = deps.logger
  }

  /** For a magnet link this is where its contents become known; others were opened before they were added. */
  storageOpened(torrentId: TorrentId, storage: Storage, metadata: TorrentMetadata, bits: Uint8Array): void {
    const torrent = this.#torrents.get(torrentId)
    if (torrent === undefined || torrent.progress.isOpened) return
    this.#torrents.set(torrent, infoHashesOf(storage.layout))
    torrent.openStorage(storage, { layout: storage.layout, metadata }, bits)
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

  receiveAlert(alert: NativeAlert): void {
    this.#announce('alertReceived', { alert })
    const meaning = translateAlert(alert)
    if (meaning === undefined) return
    if (meaning.kind === 'listenFailed') {
      const { address, port, message } = meaning
      this.#announce('listenFailed', { address, port, message })
    } else if (meaning.kind === 'alertsDropped') {
      this.#observeAll()
    } else {
      this.#pass(meaning)
    }
  }

  #pass(meaning: TorrentAlertMeaning): void {
    const torrent = this.#torrents.withHandle(meaning.handle)
    if (torrent === undefined) return
    if (meaning.kind === 'hashFailed') torrent.reportHashFailed(meaning.piece)
    if (meaning.kind === 'storageFailed') torrent.progress.noteStorageFailureUnlessKnown(meaning.error)
    this.observe(torrent)
  }

  /** Reads the torrent's status from the session. */
  observe(torrent: ClientTorrent): void {
    try {
      torrent.observeStatus()
    } catch (error) {
      this.#logger.warn({ error, torrentId: torrent.id }, 'the status of a torrent could not be read')
    }
  }

  #observeAll(): void {
    this.#logger.warn({}, 'libtorrent dropped alerts')
    for (const torrent of this.#torrents) this.observe(torrent)
  }
}
