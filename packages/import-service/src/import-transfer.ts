import type { FileSelector, PeerAddress, TorrentSource } from '@bae/client'
import type { TorrentId, TorrentLayout } from '@bae/storage'
import type { FileChoice } from './file-choice.js'
import type { LibraryLike } from './library-like.js'
import type { StatusFeed } from './status-feed.js'
import type { TorrentClientLike, TorrentLike } from './torrent-client-like.js'
import { TransferClock } from './transfer-clock.js'

export interface ImportTransferDeps {
  readonly client: TorrentClientLike
  readonly library: LibraryLike
  readonly statuses: StatusFeed
  /**
   * Torrents with more bytes than that are fetched in the order of their pieces: the library cannot hold as many
   * unfinished parts as another order may make. Smaller ones stay local until they are whole. Unset: none of both.
   */
  readonly inOrderAboveBytes?: number | undefined
}

export interface ImportTransferOptions {
  readonly id: TorrentId
  /** Dialled at once. */
  readonly peers: readonly PeerAddress[]
  /** Ends every wait, with its reason. */
  readonly signal: AbortSignal
  /** Every status that the client tells of the torrent. */
  readonly onStatus?: (status: TorrentLike['status']) => void
}

/** The torrent of one import in the client: from `open`, which adds it, to `close`, which lets it go. */
export class ImportTransfer {
  readonly #deps: ImportTransferDeps
  readonly #options: ImportTransferOptions
  readonly #clock = new TransferClock()
  #torrent: TorrentLike | undefined
  #unlisten: (() => void) | undefined

  constructor(deps: ImportTransferDeps, options: ImportTransferOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Undefined before `open`. Stays what it was after `close`, for those who show it. */
  get torrent(): TorrentLike | undefined {
    return this.#torrent
  }

  /** From the first to the last payload byte of this run. */
  get seconds(): number {
    return this.#clock.seconds
  }

  /** `files`: those that are wanted, all where it is left out. */
  async open(source: TorrentSource, files: FileSelector | undefined): Promise<TorrentLike> {
    const { id, peers, signal, onStatus } = this.#options
    signal.throwIfAborted()
    this.#unlisten = this.#deps.statuses.listen(id, (status) => {
      this.#clock.observe(status.downloadedBytes, performance.now())
      onStatus?.(status)
    })
    const wanted = files === undefined ? {} : { files }
    const sequential = this.#isInOrder
    const torrent = await this.#deps.client.add(source, { id, peers, signal, sequential, ...wanted })
    this.#torrent = torrent
    // Nothing has come yet. Its status is told together with those of others; to ask for it holds up the client.
    this.#clock.observe(0, performance.now())
    torrent.on('pieceCompleted', () => this.#clock.note(performance.now()))
    return torrent
  }

  /** What is known by then is in the storage, and so in the library. */
  async whenMetadata(): Promise<TorrentLayout> {
    return await this.#opened.whenMetadata({ signal: this.#options.signal })
  }

  /** The client chose by the torrent's own names; where these are not the ones that users see it is set right. */
  choose(choice: FileChoice, layout: TorrentLayout): readonly number[] | undefined {
    const selected = choice.resolve(layout)
    if (selected === undefined) return undefined
    const had = new Set(choice.resolveByOwnNames(layout))
    if (selected.every((index) => had.has(index)) && had.size === selected.length) return selected
    const torrent = this.#opened
    torrent.deselect('**')
    torrent.select(selected)
    // Who had nothing of what seemed to be wanted was hung up on.
    for (const peer of this.#options.peers) torrent.connectPeer(peer)
    return selected
  }

  /** Of a torrent that fits: keeps it local until `close`. Of another: nothing, its pieces come in order. */
  async keepLocal({ totalLengthBytes }: TorrentLayout): Promise<void> {
    const { inOrderAboveBytes = Number.POSITIVE_INFINITY, library } = this.#deps
    if (!this.#isInOrder || totalLengthBytes > inOrderAboveBytes) return
    this.#opened.setSequential(false)
    // Of a magnet link the records may not be there yet: then nothing is kept, as nothing has to be.
    await library.pin(this.#options.id, 'download')
  }

  async whenFinished(): Promise<void> {
    await this.#opened.whenFinished({ signal: this.#options.signal })
    this.#observe(this.#opened)
  }

  /** All that was completed is recorded then. Idempotent. */
  async close(): Promise<void> {
    this.#unlisten?.()
    const { client } = this.#deps
    if (client.get(this.#options.id) !== undefined) await client.remove(this.#options.id)
  }

  /** A process that died before this leaves the pin to whoever runs or removes the import, or collects garbage. */
  async letGo(): Promise<void> {
    if (this.#isInOrder) await this.#deps.library.unpin(this.#options.id, 'download')
  }

  get #isInOrder(): boolean {
    return (this.#deps.inOrderAboveBytes ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY
  }

  get #opened(): TorrentLike {
    if (this.#torrent === undefined) throw new TypeError('the transfer is not open')
    return this.#torrent
  }

  #observe({ status }: TorrentLike): void {
    this.#clock.observe(status.downloadedBytes, performance.now())
  }
}

/** What metadata tells of an import. With its .torrent file nobody has to be asked after a restart. */
export function knownOf({ name, infoHashV1, infoHashV2 }: TorrentLayout, torrent: TorrentLike | undefined) {
  const torrentFile = torrent?.torrentFile
  return {
    name,
    ...(infoHashV1 !== undefined && { infoHashV1 }),
    ...(infoHashV2 !== undefined && { infoHashV2 }),
    ...(torrentFile !== undefined && { torrentFile }),
  }
}
