import type { AddTorrentRequest } from '../add-torrent.js'
import { NativeError } from '../errors.js'
import type { NativeAlert } from '../native-alert.js'
import type {
  FullNativeSession,
  NativeSessionOptions,
  ParsedTorrent,
  StorageHandler,
} from '../native-session.js'
import type { NativeTorrentStatus } from '../torrent-status.js'
import { bdecode } from './bencode.js'
import { FakeDisk } from './fake-disk.js'
import { FakeSessionCalls } from './fake-session-calls.js'
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
export class FakeSession extends FakeSessionCalls implements FullNativeSession, FakePeer {
  readonly listenPort: number
  /** As it was created, for tests of what the client asks for. */
  readonly options: NativeSessionOptions
  /** Every peer that was dialled, in that order. */
  readonly dialled: { readonly handle: number; readonly host: string; readonly port: number }[] = []
  /** Every torrent that was asked for, in that order. */
  readonly requests: AddTorrentRequest[] = []
  readonly #deps: FakeSessionDeps
  readonly #handler: StorageHandler
  /** Where the session has no handler. */
  readonly #disk: FakeDisk | undefined
  readonly #calls: HandlerCalls
  readonly #torrents = new Map<number, FakeTorrent>()
  #handles = 0
  #storageIndices = 0
  #closing: Promise<void> | undefined

  constructor(deps: FakeSessionDeps, listenPort: number, options: NativeSessionOptions) {
    super({ ...options.settings })
    this.#deps = deps
    this.#disk = options.handler === undefined ? new FakeDisk() : undefined
    this.#handler = options.handler ?? (this.#disk as FakeDisk)
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
    this.refuseClosed()
    this.requests.push(request)
    await this.#deps.beforeAdd(request)
    this.refuseClosed()
    const contents = this.#contentsOf(request)
    const infoHash =
      contents?.layout.infoHashV1 ?? request.infoHash ?? infoHashOfMagnet(request.magnetUri ?? '')
    this.#disk?.place(request.torrentId, {
      savePath: request.savePath ?? '',
      ...(request.seedMode && { seedMode: true }),
      ...(request.resumeData && { claimed: claimedBy(request.resumeData) }),
    })
    const isThere = (torrent: FakeTorrent) =>
      torrent.infoHashV1 === infoHash || torrent.torrentId === request.torrentId
    if (this.torrents.some(isThere)) {
      throw new NativeError('NATIVE_DUPLICATE_TORRENT', `torrent ${infoHash} is in this session already`)
    }
    const torrent = new FakeTorrent(
      {
        handler: this.#handler,
        calls: this.#calls,
        alert: (alert) => this.alert(alert),
        nextStorageIndex: () => ++this.#storageIndices,
        parseTorrentFile: this.#deps.parseTorrentFile,
      },
      ++this.#handles,
      request,
      contents,
    )
    this.#torrents.set(torrent.handle, torrent)
    for (const { host, port } of request.peers ?? []) this.connectPeer(torrent.handle, host, port)
    return torrent.handle
  }

  async removeTorrent(handle: number, options: { readonly deleteData?: boolean } = {}): Promise<void> {
    const torrent = this.torrentOf(handle)
    this.#torrents.delete(handle)
    await torrent.end(options.deleteData ?? false)
  }

  pauseTorrent(handle: number): void {
    this.torrentOf(handle).pause()
  }

  resumeTorrent(handle: number): void {
    this.torrentOf(handle).resume()
  }

  connectPeer(handle: number, host: string, port: number): void {
    const torrent = this.torrentOf(handle)
    this.dialled.push({ handle, host, port })
    const source = torrent.infoHashV1 && this.#deps.peerAt(port)?.sourceOf(torrent.infoHashV1)
    if (source) torrent.connect(source)
  }

  torrentStatus(handle: number): NativeTorrentStatus {
    return this.torrentOf(handle).status()
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

  /** Resume data with its info section is a .torrent file too. */
  #contentsOf({ torrentFile, resumeData }: AddTorrentRequest): ParsedTorrent | undefined {
    if (torrentFile !== undefined) return this.#deps.parseTorrentFile(torrentFile)
    const [parsed] = [resumeData].flatMap((bytes) => {
      const value = bytes && bdecode(bytes)
      const hasInfo = typeof value === 'object' && 'info' in value
      return bytes && hasInfo ? [this.#deps.parseTorrentFile(bytes)] : []
    })
    return parsed
  }

  async #close(): Promise<void> {
    const ending = this.torrents
    this.#torrents.clear()
    this.#calls.abort()
    await Promise.all(ending.map((torrent) => torrent.end(false)))
  }

  protected alert(alert: NativeAlert): void {
    this.options.onAlert(alert)
  }

  protected torrentOf(handle: number): FakeTorrent {
    this.refuseClosed()
    const torrent = this.#torrents.get(handle)
    if (torrent === undefined)
      throw new NativeError('NATIVE_UNKNOWN_TORRENT', `no torrent has handle ${handle}`)
    return torrent
  }

  protected refuseClosed(): void {
    if (this.#closing !== undefined) throw new NativeError('NATIVE_SESSION_CLOSED', 'the session is closed')
  }
}

function claimedBy(resumeData: Uint8Array): Uint8Array {
  const value = bdecode(resumeData) as Readonly<Record<string, unknown>>
  const bits = value['fake-have']
  return bits instanceof Uint8Array ? bits : new Uint8Array()
}

function infoHashOfMagnet(magnetUri: string): string {
  const infoHash = /^magnet:\?.*xt=urn:btih:([0-9a-f]{40})/i.exec(magnetUri)?.[1]
  if (infoHash === undefined)
    throw new NativeError('NATIVE_INVALID_TORRENT', `'${magnetUri}' is no magnet link`)
  return infoHash.toLowerCase()
}
