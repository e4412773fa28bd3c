import type { AddTorrentRequest } from '../add-torrent.js'
import type { NativeAlert } from '../native-alert.js'
import type { ParsedTorrent } from '../native-session.js'
import type { NativeTorrentStatus, PeerStatus, TorrentDetails, TorrentFlags } from '../torrent-status.js'
import { type Bencoded, bencode } from './bencode.js'
import { describeFakePeer, detailsOfFake, doneBytesOfFiles } from './fake-details.js'
import { failureOf } from './fake-failure.js'
import { FakeTorrentControl } from './fake-torrent-control.js'
import { FakeTorrentStorage, type FakeTorrentStorageDeps, type PieceRange } from './fake-torrent-storage.js'

/** Where a fake torrent gets pieces from. */
export interface PieceSource {
  readonly torrentFile: Uint8Array
  /** Undefined: it does not have the piece. */
  piece(piece: number): Promise<Uint8Array | undefined>
}

export interface FakeTorrentDeps extends FakeTorrentStorageDeps {
  readonly alert: (alert: NativeAlert) => void
  readonly nextStorageIndex: () => number
  readonly parseTorrentFile: (bytes: Uint8Array) => ParsedTorrent
}

/** One torrent of a fake session: keeps the order of calls that a StorageHandler may count on. */
export class FakeTorrent {
  readonly handle: number
  readonly torrentId: string
  readonly control = new FakeTorrentControl(() => this.#contents?.layout)
  readonly #deps: FakeTorrentDeps
  readonly #request: AddTorrentRequest
  readonly #have = new Set<number>()
  readonly #arriving = new Set<number>()
  readonly #sources: PieceSource[] = []
  #storage: FakeTorrentStorage | undefined
  #opening: Promise<boolean> | undefined
  #paused: boolean
  #uploadMode = false
  #error: { readonly code: string; readonly message: string } | undefined
  #downloadedBytes = 0
  #uploadedBytes = 0
  #isGone = false
  #isChecking = false

  constructor(
    deps: FakeTorrentDeps,
    handle: number,
    request: AddTorrentRequest,
    contents: ParsedTorrent | undefined,
  ) {
    this.#deps = deps
    this.handle = handle
    this.torrentId = request.torrentId
    this.#request = request
    this.#paused = request.paused ?? false
    const { flags, filePriorities, limits, trackers = [], webSeeds = [] } = request
    this.control.flags = { ...this.control.flags, ...flags }
    this.#uploadMode = flags?.uploadMode ?? false
    if (filePriorities !== undefined) this.control.beginWithFilePriorities(filePriorities)
    if (limits !== undefined) this.control.setLimits(limits)
    for (const url of contents?.trackers ?? []) this.control.addTracker({ url }, 'torrent')
    for (const tracker of trackers) this.control.addTracker(tracker)
    for (const url of webSeeds) this.control.webSeeds.add(url)
    if (contents !== undefined) this.#open(contents)
  }

  get infoHashV1(): string | undefined {
    const { magnetUri = '', infoHash } = this.#request
    return this.#contents?.layout.infoHashV1 ?? /btih:([0-9a-f]{40})/i.exec(magnetUri)?.[1] ?? infoHash
  }

  get pieceCount(): number {
    const layout = this.#contents?.layout
    return layout === undefined ? 0 : Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes)
  }

  status(): NativeTorrentStatus {
    return {
      handle: this.handle,
      state: this.#state(),
      paused: this.#paused,
      uploadMode: this.#uploadMode,
      piecesHave: this.#have.size,
      peers: this.#sources.length,
      downloadBytesPerSecond: 0,
      uploadBytesPerSecond: 0,
      downloadedBytes: this.#downloadedBytes,
      uploadedBytes: this.#uploadedBytes,
      ...(this.#error && { error: this.#error }),
    }
  }

  details(): TorrentDetails {
    return detailsOfFake(this.status(), this.#contents?.layout, this.control, this.pieceMap())
  }

  peers(): readonly PeerStatus[] {
    return this.#sources.map((_, index) => describeFakePeer(index, this.pieceCount))
  }

  setFlags(flags: Partial<TorrentFlags>): void {
    this.control.flags = { ...this.control.flags, ...flags }
    if (flags.uploadMode === true) this.#uploadMode = true
    if (flags.uploadMode === false) this.leaveUploadMode()
  }

  pieceMap(): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.pieceCount / 8))
    for (const piece of this.#have) bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
    return bits
  }

  fileProgress(): readonly number[] {
    return doneBytesOfFiles(this.#contents?.layout, this.#have)
  }

  availability(): readonly number[] {
    if (this.#have.size === this.pieceCount) return []
    return Array.from({ length: this.pieceCount }, () => this.#sources.length)
  }

  /** The piece that would be fetched next: by deadline, then by priority, then by number. */
  nextPiece(): number | undefined {
    const { deadlines, piecePriorities } = this.control
    const isMissing = (piece: number) => !this.#have.has(piece) && !this.#arriving.has(piece)
    const urgent = [...deadlines].filter(([piece]) => isMissing(piece)).sort((a, b) => a[1] - b[1])
    if (urgent[0] !== undefined) return urgent[0][0]
    const wanted = [...piecePriorities.entries()].filter(
      ([piece, priority]) => priority > 0 && isMissing(piece),
    )
    return wanted.sort(([a, first], [b, second]) => second - first || a - b)[0]?.[0]
  }

  /** Every piece is read and compared again, as libtorrent does it. */
  recheck(): void {
    const opened = this.#opening
    this.#opening = this.#check(opened)
  }

  resumeData(saveInfoSection: boolean): Uint8Array {
    const info = this.#contents?.metadata.infoSection
    const parts: Record<string, Bencoded> = {
      'fake-have': this.pieceMap(),
      'fake-hash': Buffer.from(this.infoHashV1 ?? ''),
    }
    const head = bencode(parts).slice(0, -1)
    if (!saveInfoSection || info === undefined) return Uint8Array.from([...head, 0x65])
    return Uint8Array.from(Buffer.concat([head, Buffer.from('4:info'), info, Buffer.from('e')]))
  }

  /** Takes from every peer what is wanted and not there. */
  fetch(): void {
    for (const source of this.#sources) void this.#fetchFrom(source)
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    queueMicrotask(() => this.#deps.alert({ type: 'torrentPaused', handle: this.handle }))
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#error = undefined
    queueMicrotask(() => this.#deps.alert({ type: 'torrentResumed', handle: this.handle }))
    this.fetch()
  }

  /** From now on this peer gives its pieces by itself. */
  connect(source: PieceSource): void {
    this.#sources.push(source)
    void this.#fetchFrom(source)
  }

  /** What a magnet link was missing. */
  receiveMetadata(torrentFile: Uint8Array): void {
    if (this.#contents !== undefined) return
    this.#deps.alert({ type: 'metadataReceived', handle: this.handle })
    this.#open(this.#deps.parseTorrentFile(torrentFile))
  }

  /** All that follows from a piece that arrived; settles when that has settled. */
  async deliver(piece: number, bytes: Uint8Array, corrupt: boolean): Promise<void> {
    if (!(await this.#opening) || !this.#canWrite() || this.#have.has(piece) || this.#arriving.has(piece))
      return
    if (corrupt) return this.#deps.alert({ type: 'hashFailed', handle: this.handle, piece })
    this.#arriving.add(piece)
    try {
      await this.#opened().write(piece, bytes)
      if (this.#isGone) return
      await this.#pass(piece, bytes.length)
    } catch (error) {
      this.fail(error)
    } finally {
      this.#arriving.delete(piece)
    }
  }

  /** A peer asks for bytes that the torrent has. */
  async serve(piece: number, range: PieceRange): Promise<Uint8Array> {
    await this.#opening
    const bytes = await this.#opened().read(piece, range)
    this.#uploadedBytes += bytes.length
    return bytes
  }

  /** Gives all of a piece that it has. */
  async servePiece(piece: number): Promise<Uint8Array | undefined> {
    const opened = await this.#opening
    if (!opened || !this.#have.has(piece) || this.#contents === undefined) return undefined
    const { pieceLengthBytes, totalLengthBytes } = this.#contents.layout
    const length = Math.min(pieceLengthBytes, totalLengthBytes - piece * pieceLengthBytes)
    return this.serve(piece, { offset: 0, length })
  }

  /** As libtorrent does it: a full disk leaves the torrent uploading, anything else stops it. */
  fail(error: unknown): void {
    if (this.#isGone) return
    const { code, message } = failureOf(error)
    this.#deps.alert({ type: 'storageError', handle: this.handle, code, message, cause: error })
    if (code === 'ENOSPC') this.#uploadMode = true
    else this.stop({ code, message })
  }

  stop(error: { readonly code: string; readonly message: string }): void {
    this.#error = error
    this.#deps.alert({ type: 'torrentError', handle: this.handle, ...error })
    this.pause()
  }

  leaveUploadMode(): void {
    this.#uploadMode = false
    this.fetch()
  }

  /** Nothing new is asked of the storage but to close, which comes last. */
  async end(deleteData: boolean): Promise<void> {
    this.#isGone = true
    const { alert } = this.#deps
    if (this.#storage !== undefined) {
      await this.#opening
      try {
        await this.#storage.close(deleteData)
      } catch (error) {
        alert({
          type: 'storageError',
          handle: this.handle,
          code: 'EIO',
          message: 'closing failed',
          cause: error,
        })
      }
    }
    alert({ type: 'torrentRemoved', handle: this.handle })
  }

  #open(contents: ParsedTorrent): void {
    const storage = new FakeTorrentStorage(this.#deps, this.#deps.nextStorageIndex(), contents)
    this.#storage = storage
    this.#opening = this.#openStorage(storage)
  }

  /** False when the storage did not open. */
  async #openStorage(storage: FakeTorrentStorage): Promise<boolean> {
    try {
      const answer = await storage.open(this.torrentId)
      this.#claim(this.#request.havePieces ?? answer.havePieces)
      this.#deps.alert({ type: 'torrentChecked', handle: this.handle })
      return true
    } catch (error) {
      this.fail(error)
      return false
    }
  }

  async #check(opened: Promise<boolean> | undefined): Promise<boolean> {
    this.#isChecking = true
    if (!(await opened)) return false
    this.#have.clear()
    const storage = this.#opened()
    for (let piece = 0; piece < this.pieceCount; piece++) {
      if (!(await storage.isRight(piece))) continue
      this.#have.add(piece)
      await storage.complete(piece)
    }
    this.#isChecking = false
    this.#deps.alert({ type: 'torrentChecked', handle: this.handle })
    this.fetch()
    return true
  }

  #claim(bits: Uint8Array | undefined): void {
    if (bits === undefined) return
    const lengthBytes = Math.ceil(this.pieceCount / 8)
    if (bits.length !== lengthBytes)
      throw new RangeError(`havePieces has ${bits.length} bytes, not ${lengthBytes}`)
    for (let piece = 0; piece < this.pieceCount; piece++) {
      if (((bits[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0) this.#have.add(piece)
    }
  }

  async #pass(piece: number, lengthBytes: number): Promise<void> {
    const { alert } = this.#deps
    const storage = this.#opened()
    this.#have.add(piece)
    this.#downloadedBytes += lengthBytes
    alert({ type: 'pieceFinished', handle: this.handle, piece })
    this.control.deadlines.delete(piece)
    const completing = storage.complete(piece)
    if (this.#have.size === this.pieceCount) alert({ type: 'torrentFinished', handle: this.handle })
    await completing
  }

  async #fetchFrom(source: PieceSource): Promise<void> {
    this.receiveMetadata(source.torrentFile)
    if (!(await this.#opening)) return
    const wanted = [...this.control.piecePriorities.entries()].filter(
      ([piece, priority]) => priority > 0 && !this.#have.has(piece),
    )
    await Promise.all(wanted.map(([piece]) => this.#fetch(source, piece)))
  }

  async #fetch(source: PieceSource, piece: number): Promise<void> {
    const [arrived] = await Promise.allSettled([source.piece(piece)])
    const bytes = arrived.status === 'fulfilled' ? arrived.value : undefined
    if (bytes !== undefined) await this.deliver(piece, bytes, false)
  }

  #canWrite(): boolean {
    return !this.#isGone && !this.#paused && !this.#uploadMode && this.#error === undefined
  }

  #state(): NativeTorrentStatus['state'] {
    if (this.#contents === undefined) return 'downloadingMetadata'
    if (this.#isChecking) return 'checkingFiles'
    return this.#have.size === this.pieceCount ? 'seeding' : 'downloading'
  }

  get #contents(): ParsedTorrent | undefined {
    return this.#storage?.contents
  }

  #opened(): FakeTorrentStorage {
    if (this.#storage === undefined) throw new Error(`torrent ${this.torrentId} has no storage yet`)
    return this.#storage
  }
}
