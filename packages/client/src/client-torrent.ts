import { EventEmitter } from 'node:events'
import type { AddTorrentRequest, NativeSession } from '@bae/native'
import type {
  AbortOptions,
  ByteRange,
  Storage,
  TorrentId,
  TorrentLayout,
  TorrentMetadata,
} from '@bae/storage'
import { ClientError } from './errors.js'
import { readFile } from './read-file.js'
import { SerialQueue } from './serial-queue.js'
import type { PeerAddress, Torrent, TorrentEvents, TorrentStatus } from './torrent.js'
import { TorrentProgress } from './torrent-progress.js'
import { buildTorrentFile, type KnownSource } from './torrent-source.js'

export interface ClientTorrentDeps {
  readonly session: NativeSession
  /** Takes the torrent out of the session and adds it again with what its storage holds. Reports by itself. */
  readonly readmit: (torrent: ClientTorrent) => void
}

export interface ClientTorrentOptions {
  readonly id: TorrentId
  readonly source: KnownSource
  readonly paused: boolean
  readonly peers: readonly PeerAddress[]
}

/** A Torrent: its public side, and below that what its client does with it. */
export class ClientTorrent extends EventEmitter<TorrentEvents> implements Torrent {
  readonly id: TorrentId
  readonly source: KnownSource
  readonly progress: TorrentProgress
  /** Adding, removing and adding again take turns. */
  readonly operations = new SerialQueue()
  readonly #deps: ClientTorrentDeps
  readonly #peers: PeerAddress[]
  #paused: boolean
  #handle: number | undefined
  #storage: Storage | undefined
  readonly #lifetime = new AbortController()
  #unwatchStorage = (): void => {}

  constructor(deps: ClientTorrentDeps, options: ClientTorrentOptions) {
    super()
    this.#deps = deps
    this.id = options.id
    this.source = options.source
    this.progress = new TorrentProgress(options.source.contents)
    this.#paused = options.paused
    this.#peers = [...options.peers]
  }

  get status(): TorrentStatus {
    return this.progress.status
  }

  get layout(): TorrentLayout | undefined {
    return this.progress.contents?.layout
  }

  get metadata(): TorrentMetadata | undefined {
    return this.progress.contents?.metadata
  }

  pause(): void {
    this.#refuseWhenEnded()
    this.#paused = true
    if (this.#handle !== undefined) this.#deps.session.pauseTorrent(this.#handle)
  }

  /** A failed torrent is added to the session again, with what its storage holds. */
  resume(): void {
    this.#refuseWhenEnded()
    this.#paused = false
    if (this.progress.failure !== undefined) this.#deps.readmit(this)
    else if (this.#handle !== undefined) this.#deps.session.resumeTorrent(this.#handle)
  }

  /** Dialled now, and again whenever the torrent is added to the session anew. */
  connectPeer(peer: PeerAddress): void {
    this.#refuseWhenEnded()
    this.#peers.push(peer)
    if (this.#handle !== undefined) this.#deps.session.connectPeer(this.#handle, peer.host, peer.port)
  }

  whenMetadata(options?: AbortOptions): Promise<TorrentLayout> {
    return this.progress.whenMetadata(options)
  }

  whenPiece(piece: number, options?: AbortOptions): Promise<void> {
    return this.progress.whenPiece(piece, options)
  }

  whenFinished(options?: AbortOptions): Promise<void> {
    return this.progress.whenFinished(options)
  }

  readFile(
    fileIndex: number,
    options?: AbortOptions & { readonly range?: ByteRange },
  ): AsyncIterable<Uint8Array> {
    return readFile(this, fileIndex, options)
  }

  /** Undefined while the session does not have it. */
  get handle(): number | undefined {
    return this.#handle
  }

  openedStorage(): Storage {
    if (this.#storage !== undefined) return this.#storage
    throw (
      this.progress.ended ??
      new ClientError('CLIENT_UNKNOWN_STORAGE', `torrent ${this.id} has no open storage`)
    )
  }

  /** Aborts when it is removed or the client closes, with the error that says which. */
  get lifetime(): AbortSignal {
    return this.#lifetime.signal
  }

  /** How the session is asked for it: by metadata wherever that is known, so that the swarm is asked once. */
  addRequest(havePieces: Uint8Array | undefined): AddTorrentRequest {
    const { metadata } = this
    const request =
      'torrentFile' in this.source.request || metadata === undefined
        ? this.source.request
        : { torrentFile: buildTorrentFile(metadata.infoSection, this.source.trackers) }
    return { torrentId: this.id, ...request, ...(havePieces && { havePieces }), paused: this.#paused }
  }

  /** The session has it, under this handle: what was asked meanwhile is done now. */
  attach(handle: number, requested: AddTorrentRequest): void {
    const { session } = this.#deps
    this.#handle = handle
    if (this.#paused && !requested.paused) session.pauseTorrent(handle)
    if (!this.#paused && requested.paused) session.resumeTorrent(handle)
    for (const peer of this.#peers) session.connectPeer(handle, peer.host, peer.port)
    this.observeStatus()
  }

  /** The session is about to lose it. Returns the handle it had. */
  detach(): number | undefined {
    const handle = this.#handle
    this.#handle = undefined
    this.progress.observe(undefined)
    return handle
  }

  /** Reads the status from the session, which is the only one to say that libtorrent stopped the torrent. */
  observeStatus(): void {
    if (this.#handle === undefined) return
    this.progress.observe(this.#deps.session.torrentStatus(this.#handle))
    const failure = this.progress.stoppedBy()
    if (failure !== undefined) this.fail(failure)
  }

  /** The storage is open and holds `bits`. */
  openStorage(storage: Storage, contents: NonNullable<KnownSource['contents']>, bits: Uint8Array): void {
    const isNews = this.layout === undefined
    this.progress.open(contents, bits)
    if (isNews) this.#announce('metadataReceived', { id: this.id, layout: contents.layout })
    if (this.#storage === storage) return
    this.#unwatchStorage()
    this.#storage = storage
    this.#unwatchStorage = storage.onPiecesLost((pieces) => {
      for (const piece of pieces) this.progress.clear(piece)
      this.#deps.readmit(this)
    })
  }

  completePiece(piece: number): void {
    if (!this.progress.complete(piece)) return
    this.#announce('pieceCompleted', { id: this.id, piece })
    if (this.progress.isComplete) this.#announce('torrentFinished', { id: this.id })
  }

  reportHashFailed(piece: number): void {
    this.#announce('hashFailed', { id: this.id, piece })
  }

  fail(error: ClientError): void {
    if (this.progress.fail(error)) this.#announce('torrentFailed', { id: this.id, error })
  }

  /** Fails it for a reason that libtorrent does not know, and so has to be told to stop. */
  halt(error: ClientError): void {
    if (this.progress.ended !== undefined) return
    this.fail(error)
    if (this.#handle !== undefined) this.#deps.session.pauseTorrent(this.#handle)
  }

  /** Nothing happens to it any more. */
  end(reason: ClientError): void {
    this.#unwatchStorage()
    this.#storage = undefined
    this.progress.end(reason)
    this.#lifetime.abort(reason)
  }

  #refuseWhenEnded(): void {
    if (this.progress.ended !== undefined) throw this.progress.ended
  }

  /** In a task of its own: an exception of a listener is its own, and must not become an error of the storage call. */
  #announce<Name extends keyof TorrentEvents>(name: Name, payload: TorrentEvents[Name][0]): void {
    queueMicrotask(() => this.emit<keyof TorrentEvents>(name, ...([payload] as TorrentEvents[Name])))
  }
}
