import type { AddTorrentRequest, FullNativeSession, TorrentDetails } from '@bae/native'
import type { Storage, TorrentId, TorrentLayout, TorrentMetadata } from '@bae/storage'
import type { ClientSession, SessionKind } from './client-session.js'
import { ClientTorrent } from './client-torrent.js'
import { ClientError } from './errors.js'
import { FileReaders } from './file-readers.js'
import { FilesProgress } from './files-progress.js'
import { FolderReader, type PieceReader } from './folder-reader.js'
import { FullDiskRetry, type FullDiskRetryOptions } from './full-disk-retry.js'
import { KnownPeers } from './known-peers.js'
import { MovingFiles } from './moving-files.js'
import { Redial } from './redial.js'
import { SerialQueue } from './serial-queue.js'
import type { TorrentEvents } from './torrent.js'
import type { PeerAddress } from './torrent-options.js'
import { TorrentProgress } from './torrent-progress.js'
import { missingPieces, requestOf } from './torrent-request.js'
import {
  buildTorrentFile,
  type KnownSource,
  type ParseTorrentFile,
  type TorrentContents,
} from './torrent-source.js'
import type { MovedBytes, TorrentStatus } from './torrent-status.js'
import type { TorrentWishes, WishChange } from './torrent-wishes.js'

export interface HeldTorrentDeps {
  readonly session: ClientSession
  readonly parseTorrentFile: ParseTorrentFile
  /** Takes the torrent out of the session and adds it again with what its storage holds. Reports by itself. */
  readonly readmit: (torrent: HeldTorrent) => void
  /** What is kept of it between runs is no longer what it was. */
  readonly changed: (torrent: HeldTorrent) => void
  /** Its status may be another one. */
  readonly statusChanged: (torrent: HeldTorrent) => void
  /** What a magnet link found in the swarm, where no storage tells of it. */
  readonly contentsFound: (torrent: HeldTorrent) => void
  readonly fullDiskRetry: FullDiskRetryOptions
  readonly isPexDisabled: () => boolean
}

export interface HeldTorrentOptions {
  readonly id: TorrentId
  readonly source: KnownSource
  readonly wishes: TorrentWishes
  /** Where the session is of kind 'files'. */
  readonly savePath?: string
  /** Everything lies there already: nothing is checked. */
  readonly seedMode?: boolean
  readonly resumeData?: Uint8Array
  /** What earlier runs moved, and whom they knew. */
  readonly allTime?: MovedBytes
  readonly knownPeers?: readonly PeerAddress[]
}

/** A torrent as its client holds it: the session, the storage and the wishes behind the Torrent that users see. */
export class HeldTorrent {
  readonly id: TorrentId
  readonly source: KnownSource
  readonly wishes: TorrentWishes
  readonly progress: TorrentProgress
  readonly session: ClientSession
  readonly savePath: string | undefined
  /** Adding, removing and adding again take turns. */
  readonly operations = new SerialQueue()
  readonly readers: FileReaders
  readonly movingFiles = new MovingFiles(this)
  readonly knownPeers: KnownPeers
  /** What users get. */
  readonly torrent: ClientTorrent
  /** The last that libtorrent gave, for sessions of kind 'files'. */
  resumeData: Uint8Array | undefined
  /** libtorrent knows more than `resumeData`. */
  hasUnsavedResumeData = false
  readonly #deps: HeldTorrentDeps
  readonly #options: HeldTorrentOptions
  readonly #files: FilesProgress | undefined
  readonly #fullDisk: FullDiskRetry
  readonly #redial = new Redial(this)
  readonly #lifetime = new AbortController()
  #handle: number | undefined
  #reader: PieceReader | undefined
  #storage: Storage | undefined
  #requestedAt = 0
  #unwatchStorage = (): void => {}

  constructor(deps: HeldTorrentDeps, options: HeldTorrentOptions) {
    this.#deps = deps
    this.#options = options
    this.id = options.id
    this.source = options.source
    this.wishes = options.wishes
    this.session = deps.session
    this.savePath = options.savePath
    this.resumeData = options.resumeData
    this.progress = new TorrentProgress(options.source.contents, options.allTime, () =>
      deps.statusChanged(this),
    )
    this.knownPeers = new KnownPeers(this, options.knownPeers)
    this.#files = this.kind === 'files' ? new FilesProgress(this, deps.parseTorrentFile) : undefined
    this.#fullDisk = new FullDiskRetry(
      {
        retry: () => this.#leaveUploadMode(),
        entered: (error) => this.announce('uploadModeEntered', { id: this.id, error }),
        left: () => this.announce('uploadModeLeft', { id: this.id }),
      },
      deps.fullDiskRetry,
    )
    this.readers = new FileReaders(this)
    this.torrent = new ClientTorrent(this)
    if (options.source.contents !== undefined) this.wishes.files.resolve(options.source.contents.layout)
  }

  get kind(): SessionKind {
    return this.session.kind
  }

  /** Undefined while the session does not have it. */
  get handle(): number | undefined {
    return this.#handle
  }

  /** Aborts when it is removed or the client closes, with the error that says which. */
  get lifetime(): AbortSignal {
    return this.#lifetime.signal
  }

  openedStorage(): PieceReader {
    if (this.#reader !== undefined) return this.#reader
    const message = `torrent ${this.id} has no open storage`
    throw this.progress.ended ?? new ClientError('CLIENT_UNKNOWN_STORAGE', message)
  }

  /** Undefined while the session does not have it, and once it is over: then the session may be closed. */
  get seat(): { readonly session: FullNativeSession; readonly handle: number } | undefined {
    if (this.#handle === undefined || this.progress.ended !== undefined) return undefined
    return { session: this.session.native, handle: this.#handle }
  }

  /** Calls the session where it has the torrent. */
  withSession<T>(call: (session: FullNativeSession, handle: number) => T): T | undefined {
    const { seat } = this
    return seat && call(seat.session, seat.handle)
  }

  /** Tells the session where it has the torrent. What it does not refuse is wished from now on, and kept. */
  wish(change: WishChange, tell: (session: FullNativeSession, handle: number) => void): void {
    this.refuseWhenEnded()
    this.withSession(tell)
    this.wishes.change(change)
    this.#deps.changed(this)
  }

  refuseWhenEnded(): void {
    if (this.progress.ended !== undefined) throw this.progress.ended
  }

  readmit(): void {
    this.#deps.readmit(this)
  }

  /** How the session is asked for it: by metadata wherever that is known, so that the swarm is asked once. */
  addRequest(havePieces: Uint8Array | undefined): AddTorrentRequest {
    this.#requestedAt = this.wishes.revision
    this.progress.uploadModeIsWished = this.#isHeldBack()
    return requestOf(this, {
      havePieces,
      seedMode: this.#options.seedMode ?? false,
      disablePex: this.#deps.isPexDisabled(),
    })
  }

  torrentFileOrMagnet(): KnownSource['request'] {
    const { request, trackers } = this.source
    const { contents } = this.progress
    if ('torrentFile' in request || contents === undefined) return request
    return { torrentFile: buildTorrentFile(contents.metadata.infoSection, trackers) }
  }

  /** What the metadata says that a storage is not told. */
  contentsOf(layout: TorrentLayout, metadata: TorrentMetadata): TorrentContents {
    const { contents } = this.progress
    if (contents !== undefined) return contents
    const { isPrivate } = this.#deps.parseTorrentFile(buildTorrentFile(metadata.infoSection, []))
    return { layout, metadata, isPrivate }
  }

  /** The session has it, under this handle: what was asked meanwhile is done now. */
  attach(handle: number, requested: AddTorrentRequest): void {
    const { native } = this.session
    this.#handle = handle
    this.session.set(handle, this)
    this.wishes.applyTo(native, handle, requested, this.#requestedAt)
    this.#dial(this.wishes.peers)
    this.readers.reapply()
    this.session.readSoon(handle)
  }

  /** The session is about to lose it. Returns the handle it had. */
  detach(): number | undefined {
    const handle = this.#handle
    this.#handle = undefined
    if (handle !== undefined) this.session.delete(handle)
    this.#files?.detach()
    this.#redial.stop()
    this.progress.observe(undefined)
    return handle
  }

  /** What the session says, which is the only one to know that libtorrent stopped the torrent. */
  observe(details: TorrentDetails | undefined): void {
    if (this.#handle === undefined || details === undefined) return
    this.hasUnsavedResumeData = details.hasUnsavedResumeData
    this.progress.observe(details)
    const failure = this.progress.stoppedBy()
    if (failure !== undefined) this.fail(failure)
    this.#fullDisk.observe(this.progress.noSpace)
    this.#redial.observe(details)
    this.#files?.observe(details)
  }

  /** For users, who may ask before it is read together with others. */
  get status(): TorrentStatus {
    const { seat } = this
    if (seat !== undefined) this.session.readNowInsteadOfSoon(seat.handle)
    return this.progress.status
  }

  /** Reads what the session says now. */
  observeNow(): void {
    if (this.#handle !== undefined) this.observe(this.session.statusOf(this.#handle))
  }

  /** The metadata is known, and the storage is open and holds `bits`. */
  openStorage(storage: Storage, contents: TorrentContents, bits: Uint8Array): void {
    this.#open(contents, bits)
    if (this.#storage === storage) return
    this.#unwatchStorage()
    this.#storage = this.#reader = storage
    this.#unwatchStorage = storage.onPiecesLost((pieces) => {
      for (const piece of pieces) this.progress.clear(piece)
      this.readmit()
    })
  }

  /** As `openStorage`, for the files of libtorrent's own disk storage. */
  openFolder(contents: TorrentContents, bits: Uint8Array): void {
    const isNews = this.progress.contents === undefined
    this.#open(contents, bits)
    if (isNews) this.#deps.contentsFound(this)
    this.#reader = new FolderReader(this.savePath ?? '', contents.layout, (options) =>
      this.movingFiles.settled(options),
    )
  }

  completePiece(piece: number): void {
    const wasFinished = this.progress.isFinished
    const files = this.progress.complete(piece)
    if (files === undefined) return
    this.#fullDisk.pieceCompleted()
    this.#redial.pieceCompleted()
    this.announce('pieceCompleted', { id: this.id, piece })
    for (const file of files) this.announce('fileCompleted', { id: this.id, file })
    if (this.progress.isFinished && !wasFinished) this.announceFinished()
  }

  /** A check ended. What it found missing, and the storage thought it had, it has no longer. */
  noteChecked(): void {
    this.#files?.checkEnded()
    const { tally } = this.progress
    const storage = this.#storage
    if (storage !== undefined && tally !== undefined && this.torrent.isRechecking) {
      for (const piece of missingPieces(this)) {
        this.progress.clear(piece)
        storage.clearPiece(piece).catch((error: unknown) => this.progress.noteStorageFailure(error))
      }
    }
    this.progress.noteChecked()
  }

  fail(error: ClientError): void {
    if (this.progress.fail(error)) this.announce('torrentFailed', { id: this.id, error })
  }

  /** Fails it for a reason that libtorrent does not know, and so has to be told to stop. */
  halt(error: ClientError): void {
    if (this.progress.ended !== undefined) return
    this.fail(error)
    this.withSession((session, handle) => session.pauseTorrent(handle))
  }

  /** Nothing happens to it any more. */
  end(reason: ClientError): void {
    this.#unwatchStorage()
    this.#fullDisk.stop()
    this.#redial.stop()
    this.#storage = this.#reader = undefined
    this.progress.end(reason)
    this.#lifetime.abort(reason)
  }

  /** Seeds were hung up on, as neither side had a use for the other: those that the user named, and the last known. */
  dialAgain(): void {
    if (!this.progress.uploadModeIsWished && !this.progress.status.uploadMode) this.#forgetLastCalls()
    this.#dial([...this.wishes.peers, ...this.knownPeers.addresses])
  }

  /** Those that the user named. `atOnce`: however short it is since they were dialled, as all others that are known. */
  dialNamed({ atOnce }: { readonly atOnce: boolean }): void {
    if (atOnce) this.#forgetLastCalls()
    this.#dial(this.wishes.peers)
  }

  announceFinished(): void {
    this.announce('torrentFinished', { id: this.id })
  }

  /** In a task of its own: an exception of a listener is its own, and must not become an error of the storage call. */
  announce<Name extends keyof TorrentEvents>(name: Name, payload: TorrentEvents[Name][0]): void {
    queueMicrotask(() => this.torrent.emit<keyof TorrentEvents>(name, ...([payload] as TorrentEvents[Name])))
  }

  /** libtorrent's own storage would begin with all files before the chosen ones are known. */
  #isHeldBack(): boolean {
    return this.kind === 'files' && this.progress.contents === undefined && !this.wishes.files.isDefault
  }

  #open(contents: TorrentContents, bits: Uint8Array): void {
    const isNews = this.progress.contents === undefined
    const { files } = this.wishes
    files.resolve(contents.layout)
    this.progress.open(contents, bits, files.priorities)
    if (!isNews) return
    // A private torrent takes peers from its trackers only.
    if (contents.isPrivate) this.wishes.change({ peers: [] })
    if (files.priorities !== undefined) this.movingFiles.tell(files.priorities)
    if (this.progress.uploadModeIsWished) this.#leaveUploadMode()
    this.progress.uploadModeIsWished = false
    this.announce('metadataReceived', { id: this.id, layout: contents.layout })
    this.#deps.changed(this)
  }

  #leaveUploadMode(): void {
    this.withSession((session, handle) => session.setTorrentFlags(handle, { uploadMode: false }))
    this.dialAgain()
  }

  /**
   * libtorrent lets a minute pass before it dials somebody again (`min_reconnect_time`), and leaves it out for a peer's
   * first connections only. Leaving upload mode it forgets when it dialled whom (`torrent::set_upload_mode`).
   */
  #forgetLastCalls(): void {
    this.withSession((session, handle) => {
      session.setTorrentFlags(handle, { uploadMode: true })
      session.setTorrentFlags(handle, { uploadMode: false })
    })
  }

  #dial(peers: readonly PeerAddress[]): void {
    this.withSession((session, handle) => {
      for (const { host, port } of peers) session.connectPeer(handle, host, port)
    })
  }
}
