import { EventEmitter, once } from 'node:events'
import type {
  AddTorrentOptions,
  FileSelector,
  PeerAddress,
  StreamOptions,
  TorrentEvents,
  TorrentSource,
  TorrentStatus,
} from '@bae/client'
import type { AbortOptions, FileLayout, TorrentId, TorrentLayout, TorrentMetadata } from '@bae/storage'
import { totalPieces } from '../import-snapshot.js'
import type { TorrentLike } from '../torrent-client-like.js'
import type { FakeLibrary } from './fake-library.js'
import { selectSimply } from './select-simply.js'

const idleStatus: TorrentStatus = {
  state: 'opening',
  paused: false,
  uploadMode: false,
  completedPieces: 0,
  completedBytes: 0,
  progress: 0,
  peers: 0,
  seeds: 0,
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
  downloadedBytes: 0,
  uploadedBytes: 0,
  allTimeDownloadedBytes: 0,
  allTimeUploadedBytes: 0,
}

/** A torrent that does what a test tells it, and keeps what it "stores" in a FakeLibrary. */
export class FakeTorrent extends EventEmitter<TorrentEvents> implements TorrentLike {
  readonly id: TorrentId
  readonly source: TorrentSource
  readonly options: AddTorrentOptions
  readonly #library: FakeLibrary
  readonly #completed = new Set<number>()
  readonly #deselected = new Set<number>()
  /** Peers that it was told of after it was added. */
  readonly connected: PeerAddress[] = []
  readonly #statusChanged: (status: TorrentStatus) => void
  readonly #ended = new AbortController()
  status: TorrentStatus = idleStatus
  layout: TorrentLayout | undefined
  metadata: TorrentMetadata | undefined
  sequential: boolean

  constructor(
    deps: { readonly library: FakeLibrary; readonly statusChanged: (status: TorrentStatus) => void },
    torrent: { readonly id: TorrentId; readonly source: TorrentSource; readonly options: AddTorrentOptions },
  ) {
    super()
    this.#library = deps.library
    this.#statusChanged = deps.statusChanged
    this.id = torrent.id
    this.source = torrent.source
    this.options = torrent.options
    this.sequential = torrent.options.sequential ?? false
  }

  /** The peers told what the torrent is: what the library has of it is there at once. */
  async deliverMetadata(layout: TorrentLayout): Promise<void> {
    const known = await this.#library.findTorrent(this.id)
    if (known === undefined) this.#library.save(this.id, layout)
    for (let piece = 0; piece < totalPieces(layout); piece += 1) {
      if (((known?.completedPieces[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0)
        this.#completed.add(piece)
    }
    this.layout = layout
    if (this.options.files !== undefined) {
      this.deselect('**')
      this.select(this.options.files)
    }
    this.update({ state: 'downloading', ...this.#counts() })
    this.emit('metadataReceived', { id: this.id, layout })
  }

  /** Of a magnet link: made of what peers told. */
  get torrentFile(): Uint8Array | undefined {
    if ('torrentFile' in this.source) return this.source.torrentFile
    return this.layout && new TextEncoder().encode(this.layout.name)
  }

  setSequential(sequential: boolean): void {
    this.sequential = sequential
  }

  deliverPiece(piece: number): void {
    const lengthBytes = this.layout?.pieceLengthBytes ?? 0
    this.#library.completePiece(this.id, piece)
    this.#completed.add(piece)
    this.update({
      ...this.#counts(),
      downloadedBytes: this.status.downloadedBytes + lengthBytes,
    })
    this.emit('pieceCompleted', { id: this.id, piece })
    if (this.#isFinished()) this.emit('torrentFinished', { id: this.id })
  }

  update(change: Partial<TorrentStatus>): void {
    this.status = { ...this.status, ...change }
    this.#statusChanged(this.status)
  }

  /** The torrent stops with this error, as after a failed write. */
  fail(error: Error & { readonly code: string }): void {
    this.#ended.abort(error)
    this.update({ state: 'failed', error })
  }

  /** The storage is full: from now on it only uploads, until there is room. */
  fillUp(error: Error & { readonly code: string }): void {
    this.update({ uploadMode: true, error })
    this.emit('uploadModeEntered', { id: this.id, error })
  }

  makeRoom(): void {
    const { error: _, ...status } = this.status
    this.status = status
    this.update({ uploadMode: false })
    this.emit('uploadModeLeft', { id: this.id })
  }

  /** Told by the client. */
  end(reason: Error): void {
    this.#ended.abort(reason)
  }

  async whenMetadata(options: AbortOptions = {}): Promise<TorrentLayout> {
    if (this.layout === undefined) await this.#wait('metadataReceived', options)
    return this.layout ?? this.whenMetadata(options)
  }

  async whenPiece(piece: number, options: AbortOptions = {}): Promise<void> {
    while (!this.#completed.has(piece)) await this.#wait('pieceCompleted', options)
  }

  async whenFinished(options: AbortOptions = {}): Promise<void> {
    if (!this.#isFinished()) await this.#wait('torrentFinished', options)
  }

  pause(): void {
    this.update({ state: 'paused' })
  }

  resume(): void {
    this.update({ state: 'downloading' })
  }

  connectPeer(peer: PeerAddress): void {
    this.connected.push(peer)
  }

  select(files: FileSelector): void {
    if (this.layout === undefined) throw new Error('this double selects files when its metadata is there')
    for (const index of selectSimply(this.layout, files)) this.#deselected.delete(index)
  }

  deselect(files: FileSelector): void {
    if (this.layout === undefined) throw new Error('this double selects files when its metadata is there')
    for (const index of selectSimply(this.layout, files)) this.#deselected.add(index)
  }

  /** Indices of those that are wanted. */
  get selectedFiles(): readonly number[] {
    const files = this.layout?.files ?? []
    return files.map(({ index }) => index).filter((index) => !this.#deselected.has(index))
  }

  get files() {
    const files = this.layout?.files ?? []
    return files.map((file) => ({
      index: file.index,
      stream: (options?: StreamOptions) => this.#stream(file, options),
    }))
  }

  /** Every byte is the number of its piece. */
  async *#stream(file: FileLayout, { range, ...options }: StreamOptions = {}): AsyncIterable<Uint8Array> {
    const { offset, length } = range ?? { offset: 0, length: file.lengthBytes }
    const { pieceLengthBytes = 1 } = this.layout ?? {}
    for (let at = file.offsetBytes + offset; at < file.offsetBytes + offset + length; ) {
      const piece = Math.floor(at / pieceLengthBytes)
      this.#ended.signal.throwIfAborted()
      await this.whenPiece(piece, options)
      const end = Math.min((piece + 1) * pieceLengthBytes, file.offsetBytes + offset + length)
      yield new Uint8Array(end - at).fill(piece)
      at = end
    }
  }

  #isFinished(): boolean {
    return this.layout !== undefined && this.#counts().missingPieces === 0
  }

  #counts() {
    const { layout } = this
    if (layout === undefined) return {}
    const wanted = new Set<number>()
    for (const index of this.selectedFiles) {
      const { offsetBytes = 0, lengthBytes = 0 } = layout.files[index] ?? {}
      const end = offsetBytes + lengthBytes
      if (lengthBytes === 0) continue
      const first = Math.floor(offsetBytes / layout.pieceLengthBytes)
      for (let piece = first; piece * layout.pieceLengthBytes < end; piece += 1) wanted.add(piece)
    }
    return {
      completedPieces: this.#completed.size,
      totalPieces: totalPieces(layout),
      wantedPieces: wanted.size,
      missingPieces: [...wanted].filter((piece) => !this.#completed.has(piece)).length,
    }
  }

  async #wait(event: keyof TorrentEvents, options: AbortOptions): Promise<void> {
    const ended = this.#ended.signal
    const signal = options.signal === undefined ? ended : AbortSignal.any([ended, options.signal])
    signal.throwIfAborted()
    try {
      await once(this, event, { signal })
    } catch (error) {
      // `once` rejects with an error of its own; what matters is why it was ended.
      signal.throwIfAborted()
      throw error
    }
  }
}
