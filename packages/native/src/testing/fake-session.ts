import type { AddTorrentRequest } from '../add-torrent.js'
import { NativeError } from '../errors.js'
import type {
  NativeSession,
  NativeSessionOptions,
  NativeTorrentStatus,
  ParsedTorrent,
  SessionSettings,
  StorageHandler,
} from '../native-session.js'
import { FakeTorrent, type PieceSource } from './fake-torrent.js'
import { HandlerCalls } from './handler-calls.js'

export interface FakeSessionDeps {
  readonly parseTorrentFile: (bytes: Uint8Array) => ParsedTorrent
  /** The peer that listens at this port; undefined when nobody does. */
  readonly peerAt: (port: number) => FakePeer | undefined
  readonly beforeAdd: (request: AddTorrentRequest) => Promise<void> | void
}

/** Something that can be dialled. Undefined: it does not have this torrent. */
export interface FakePeer {
  sourceOf(infoHashV1: string): PieceSource | undefined
}

/** A NativeSession without a network: its swarm gives it pieces. */
export class FakeSession implements NativeSession, FakePeer {
  readonly listenPort: number
  /** As it was created, for tests of what the client asks for. */
  readonly options: NativeSessionOptions
  /** Every peer that was dialled, in that order. */
  readonly dialled: { readonly handle: number; readonly host: string; readonly port: number }[] = []
  /** Every torrent that was asked for, in that order. */
  readonly requests: AddTorrentRequest[] = []
  readonly #deps: FakeSessionDeps
  readonly #handler: StorageHandler
  readonly #calls: HandlerCalls
  readonly #torrents = new Map<number, FakeTorrent>()
  #handles = 0
  #storageIndices = 0
  #closing: Promise<void> | undefined

  constructor(deps: FakeSessionDeps, listenPort: number, options: NativeSessionOptions) {
    if (options.handler === undefined) throw new Error('the fake session has no disk storage of its own')
    this.#deps = deps
    this.#handler = options.handler
    this.#calls = new HandlerCalls({ deadlineMs: options.storageDeadlineMs ?? 60_000 })
    this.listenPort = listenPort
    this.options = options
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  get torrents(): readonly FakeTorrent[] {
    return [...this.#torrents.values()]
  }

  async addTorrent(request: AddTorrentRequest): Promise<number> {
    this.#refuseClosed()
    this.requests.push(request)
    await this.#deps.beforeAdd(request)
    this.#refuseClosed()
    const contents = request.torrentFile && this.#deps.parseTorrentFile(request.torrentFile)
    const infoHash = contents?.layout.infoHashV1 ?? infoHashOfMagnet(request.magnetUri ?? '')
    const isThere = (torrent: FakeTorrent) =>
      torrent.infoHashV1 === infoHash || torrent.torrentId === request.torrentId
    if (this.torrents.some(isThere)) {
      throw new NativeError('NATIVE_DUPLICATE_TORRENT', `torrent ${infoHash} is in this session already`)
    }
    const torrent = new FakeTorrent(
      {
        handler: this.#handler,
        calls: this.#calls,
        alert: (alert) => this.options.onAlert(alert),
        nextStorageIndex: () => ++this.#storageIndices,
        parseTorrentFile: this.#deps.parseTorrentFile,
      },
      ++this.#handles,
      request,
      contents,
    )
    this.#torrents.set(torrent.handle, torrent)
    return torrent.handle
  }

  async removeTorrent(handle: number, options: { readonly deleteData?: boolean } = {}): Promise<void> {
    const torrent = this.#torrent(handle)
    this.#torrents.delete(handle)
    await torrent.end(options.deleteData ?? false)
  }

  pauseTorrent(handle: number): void {
    this.#torrent(handle).pause()
  }

  resumeTorrent(handle: number): void {
    this.#torrent(handle).resume()
  }

  connectPeer(handle: number, host: string, port: number): void {
    const torrent = this.#torrent(handle)
    this.dialled.push({ handle, host, port })
    const source = torrent.infoHashV1 && this.#deps.peerAt(port)?.sourceOf(torrent.infoHashV1)
    if (source) torrent.connect(source)
  }

  torrentStatus(handle: number): NativeTorrentStatus {
    return this.#torrent(handle).status()
  }

  applySettings(_settings: SessionSettings): void {
    this.#refuseClosed()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  sourceOf(infoHashV1: string): PieceSource | undefined {
    const torrent = this.torrents.find((each) => each.infoHashV1 === infoHashV1)
    const request = this.requests.find((each) => each.torrentId === torrent?.torrentId)
    if (torrent === undefined || request?.torrentFile === undefined) return undefined
    return { torrentFile: request.torrentFile, piece: (piece) => torrent.servePiece(piece) }
  }

  async #close(): Promise<void> {
    const ending = this.torrents
    this.#torrents.clear()
    this.#calls.abort()
    await Promise.all(ending.map((torrent) => torrent.end(false)))
  }

  #torrent(handle: number): FakeTorrent {
    this.#refuseClosed()
    const torrent = this.#torrents.get(handle)
    if (torrent === undefined)
      throw new NativeError('NATIVE_UNKNOWN_TORRENT', `no torrent has handle ${handle}`)
    return torrent
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new NativeError('NATIVE_SESSION_CLOSED', 'the session is closed')
  }
}

function infoHashOfMagnet(magnetUri: string): string {
  const infoHash = /^magnet:\?.*xt=urn:btih:([0-9a-f]{40})/i.exec(magnetUri)?.[1]
  if (infoHash === undefined)
    throw new NativeError('NATIVE_INVALID_TORRENT', `'${magnetUri}' is no magnet link`)
  return infoHash.toLowerCase()
}
