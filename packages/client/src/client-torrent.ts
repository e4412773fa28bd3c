import { EventEmitter } from 'node:events'
import type { PeerStatus, TorrentLimits } from '@bae/native'
import type { AbortOptions, ByteRange, TorrentId, TorrentLayout, TorrentMetadata } from '@bae/storage'
import { abortable } from './abortable.js'
import { ClientError } from './errors.js'
import type { FileSelector } from './file-selector.js'
import type { FilePriority } from './file-wishes.js'
import type { HeldTorrent } from './held-torrent.js'
import { buildMagnetUri } from './magnet-uri.js'
import { readFile } from './read-file.js'
import type { PieceMap, Torrent, TorrentEvents, TorrentTrackers, TorrentWebSeeds } from './torrent.js'
import { TorrentFile } from './torrent-file.js'
import type { PeerAddress } from './torrent-options.js'
import { infoHashesOf } from './torrent-source.js'
import type { TorrentStatus } from './torrent-status.js'
import { createTrackers, createWebSeeds } from './torrent-trackers.js'

/** The Torrent that users see of a HeldTorrent. */
export class ClientTorrent extends EventEmitter<TorrentEvents> implements Torrent {
  readonly id: TorrentId
  readonly trackers: TorrentTrackers
  readonly webSeeds: TorrentWebSeeds
  readonly #held: HeldTorrent
  #files: readonly TorrentFile[] | undefined
  #rechecks = 0

  constructor(held: HeldTorrent) {
    super()
    this.#held = held
    this.id = held.id
    this.trackers = createTrackers(held)
    this.webSeeds = createWebSeeds(held)
  }

  get infoHashes(): readonly string[] {
    return this.layout === undefined ? this.#held.source.infoHashes : infoHashesOf(this.layout)
  }

  get status(): TorrentStatus {
    return this.#held.status
  }

  get layout(): TorrentLayout | undefined {
    return this.#held.progress.contents?.layout
  }

  get metadata(): TorrentMetadata | undefined {
    return this.#held.progress.contents?.metadata
  }

  get torrentFile(): Uint8Array | undefined {
    const request = this.#held.torrentFileOrMagnet()
    return 'torrentFile' in request ? request.torrentFile : undefined
  }

  get magnetUri(): string {
    return buildMagnetUri(this.infoHashes, this.layout?.name, this.#held.source.trackers)
  }

  get isPrivate(): boolean | undefined {
    return this.#held.progress.contents?.isPrivate
  }

  get listenPort(): number {
    return this.#held.session.native.listenPort
  }

  get files(): readonly TorrentFile[] {
    if (this.layout === undefined) return []
    this.#files ??= filesOf(this.#held, this.layout)
    return this.#files
  }

  /** Somebody waits for a check. */
  get isRechecking(): boolean {
    return this.#rechecks > 0
  }

  pause(): void {
    this.#held.wish({ paused: true }, (session, handle) => session.pauseTorrent(handle))
  }

  resume(): void {
    const { progress, kind } = this.#held
    const failure = progress.failure
    // Nothing of ours is to be opened anew for libtorrent's own disk storage.
    if (failure !== undefined && kind === 'files') progress.recover()
    const isReadmitted = failure !== undefined && kind === 'own'
    this.#held.wish({ paused: false }, (session, handle) =>
      isReadmitted ? undefined : session.resumeTorrent(handle),
    )
    if (isReadmitted || (failure !== undefined && this.#held.handle === undefined)) this.#held.readmit()
  }

  async recheck(options: AbortOptions = {}): Promise<void> {
    const held = this.#held
    held.refuseWhenEnded()
    options.signal?.throwIfAborted()
    // While it is taken out and in again there is nothing to check.
    if (held.handle === undefined) await abortable(held.operations.idle(), options.signal)
    this.#rechecks++
    try {
      held.withSession((session, handle) => session.recheckTorrent(handle))
      await held.progress.whenChecked(options)
    } finally {
      this.#rechecks--
    }
  }

  connectPeer(peer: PeerAddress): void {
    if (this.isPrivate) throw privateTorrent(this.id)
    this.#held.wish({ peers: [...this.#held.wishes.peers, peer] }, (session, handle) =>
      session.connectPeer(handle, peer.host, peer.port),
    )
  }

  select(files: FileSelector, priority: FilePriority = 'normal'): void {
    const held = this.#held
    held.refuseWhenEnded()
    held.wishes.files.wish(files, priority, this.layout)
    const { priorities } = held.wishes.files
    const isFinishedNow = held.progress.want(priorities)
    held.wish({}, () => priorities && held.movingFiles.tell(priorities))
    if (isFinishedNow) held.announceFinished()
  }

  deselect(files: FileSelector): void {
    this.select(files, 'skip')
  }

  setLimits(limits: Partial<TorrentLimits>): void {
    this.#held.wish({ limits: { ...this.#held.wishes.limits, ...limits } }, (session, handle) =>
      session.setTorrentLimits(handle, limits),
    )
  }

  setSequential(sequential: boolean): void {
    this.#held.wish({ sequential }, (session, handle) =>
      session.setTorrentFlags(handle, { sequentialDownload: sequential }),
    )
  }

  setSuperSeeding(superSeeding: boolean): void {
    this.#held.wish({ superSeeding }, (session, handle) => session.setTorrentFlags(handle, { superSeeding }))
  }

  peers(): readonly PeerStatus[] {
    return this.#held.withSession((session, handle) => session.torrentPeers(handle)) ?? []
  }

  pieces(): PieceMap | undefined {
    const { tally } = this.#held.progress
    if (tally === undefined) return undefined
    const availability = this.#held.withSession((session, handle) => session.pieceAvailability(handle)) ?? []
    return { totalPieces: tally.totalPieces, completed: tally.bits(), availability }
  }

  whenMetadata(options?: AbortOptions): Promise<TorrentLayout> {
    return this.#held.progress.whenMetadata(options)
  }

  whenPiece(piece: number, options?: AbortOptions): Promise<void> {
    return this.#held.progress.whenPiece(piece, options)
  }

  whenFile(fileIndex: number, options?: AbortOptions): Promise<void> {
    return this.#held.progress.whenFile(fileIndex, options)
  }

  whenFinished(options?: AbortOptions): Promise<void> {
    return this.#held.progress.whenFinished(options)
  }

  readFile(
    fileIndex: number,
    options?: AbortOptions & { readonly range?: ByteRange },
  ): AsyncIterable<Uint8Array> {
    return readFile(fileSourceOf(this.#held), fileIndex, options)
  }
}

export function privateTorrent(id: TorrentId): ClientError {
  return new ClientError(
    'CLIENT_PRIVATE_TORRENT',
    `torrent ${id} is private: its maker lets only its trackers name peers (BEP 27), so none can be added by hand`,
  )
}

function fileSourceOf(held: HeldTorrent) {
  return {
    whenMetadata: (options?: AbortOptions) => held.progress.whenMetadata(options),
    whenPiece: (piece: number, options?: AbortOptions) => held.progress.whenPiece(piece, options),
    openedStorage: () => held.openedStorage(),
  }
}

function filesOf(held: HeldTorrent, layout: TorrentLayout): readonly TorrentFile[] {
  const deps = {
    ...fileSourceOf(held),
    openReader: (fileIndex: number) => held.readers.open(fileIndex),
    whenFile: (fileIndex: number, options?: AbortOptions) => held.progress.whenFile(fileIndex, options),
    completedBytes: (fileIndex: number) => held.progress.tally?.fileBytes(fileIndex) ?? 0,
    priorityOf: (fileIndex: number) => held.wishes.files.priorities?.[fileIndex] ?? 4,
    select: (fileIndex: number, priority: FilePriority) => held.torrent.select(fileIndex, priority),
  }
  return layout.files.filter(({ kind }) => kind !== 'padding').map((file) => new TorrentFile(deps, file))
}
