import type { EventEmitter } from 'node:events'
import type { PeerStatus, TorrentLimits, TrackerEntry, TrackerStatus } from '@bae/native'
import type { AbortOptions, ByteRange, TorrentId, TorrentLayout, TorrentMetadata } from '@bae/storage'
import type { FileSelector } from './file-selector.js'
import type { FilePriority } from './file-wishes.js'
import type { TorrentFile } from './torrent-file.js'
import type { PeerAddress } from './torrent-options.js'
import type { TorrentStatus } from './torrent-status.js'

/** Events of one torrent: one payload object each. */
export interface TorrentEvents {
  metadataReceived: [{ readonly id: TorrentId; readonly layout: TorrentLayout }]
  pieceCompleted: [{ readonly id: TorrentId; readonly piece: number }]
  /** Every piece of the file is completed. `file` is its index. */
  fileCompleted: [{ readonly id: TorrentId; readonly file: number }]
  hashFailed: [{ readonly id: TorrentId; readonly piece: number }]
  /** All that is wanted is completed. */
  torrentFinished: [{ readonly id: TorrentId }]
  torrentFailed: [{ readonly id: TorrentId; readonly error: Error & { readonly code: string } }]
  /** The storage is full: from now on the torrent only uploads, and tries again by itself. */
  uploadModeEntered: [{ readonly id: TorrentId; readonly error: Error & { readonly code: string } }]
  /** A piece was stored again. */
  uploadModeLeft: [{ readonly id: TorrentId }]
}

/** The pieces of a torrent at one moment. */
export interface PieceMap {
  readonly totalPieces: number
  /** One bit a piece, most significant first: what the storage has completed. */
  readonly completed: Uint8Array
  /** How many connected peers have each piece. Empty where the torrent has everything, and while it has no session. */
  readonly availability: readonly number[]
}

export interface TorrentTrackers {
  /** With what each said last. Empty while the session does not have the torrent. */
  list(): readonly TrackerStatus[]
  add(tracker: string | TrackerEntry): void
  /** These and no others, also not those of the torrent itself. */
  replace(trackers: readonly (string | TrackerEntry)[]): void
  /** Asks every tracker for peers now. */
  announce(): void
  /** Asks every tracker for its counts. */
  scrape(): void
}

export interface TorrentWebSeeds {
  /** Empty while the session does not have the torrent. */
  list(): readonly string[]
  add(url: string): void
  remove(url: string): void
}

/**
 * A torrent of a client. What is set here holds from now on, also when the torrent is added to the session again, and
 * throws CLIENT_TORRENT_REMOVED or CLIENT_CLOSED once it is over.
 */
export interface Torrent extends EventEmitter<TorrentEvents> {
  readonly id: TorrentId
  /** Hex digits in lower case: 40 of v1, 64 of v2. */
  readonly infoHashes: readonly string[]
  readonly status: TorrentStatus
  /** Undefined until metadata, as the next two. */
  readonly layout: TorrentLayout | undefined
  readonly metadata: TorrentMetadata | undefined
  /** For others who want the torrent: with the trackers of its source. */
  readonly torrentFile: Uint8Array | undefined
  /** For others too: its info hashes, name and trackers. */
  readonly magnetUri: string
  /** Peers come from its trackers only (BEP 27). */
  readonly isPrivate: boolean | undefined
  /** Without padding; empty until metadata. */
  readonly files: readonly TorrentFile[]
  readonly trackers: TorrentTrackers
  readonly webSeeds: TorrentWebSeeds
  /** Where peers reach this torrent: the port of the session that has it. */
  readonly listenPort: number
  pause(): void
  /** A failed torrent is tried again, with what its storage holds. */
  resume(): void
  /**
   * Compares every piece with its hash. What is wrong counts as missing from then on, and is fetched again. A paused
   * torrent is checked when it is resumed.
   */
  recheck(options?: AbortOptions): Promise<void>
  /** As `peers` of `add`. Throws CLIENT_PRIVATE_TORRENT for a private torrent. */
  connectPeer(peer: PeerAddress): void
  /** Wants these files too, as much as `priority` says: 'normal' when left out. */
  select(files: FileSelector, priority?: FilePriority): void
  /** Wants these files no longer. What is there of them stays. */
  deselect(files: FileSelector): void
  /** Those that are left out stay as they are; 0 is no limit. */
  setLimits(limits: Partial<TorrentLimits>): void
  setSequential(sequential: boolean): void
  setSuperSeeding(superSeeding: boolean): void
  /** Those that are connected now. */
  peers(): readonly PeerStatus[]
  /** Undefined until metadata. */
  pieces(): PieceMap | undefined
  whenMetadata(options?: AbortOptions): Promise<TorrentLayout>
  /** The piece is completed in the storage. Rejects when the torrent fails or is removed. */
  whenPiece(piece: number, options?: AbortOptions): Promise<void>
  /** Every piece of the file is completed in the storage. Rejects when the torrent fails or is removed. */
  whenFile(fileIndex: number, options?: AbortOptions): Promise<void>
  /** Every piece that is wanted is completed in the storage. Rejects when the torrent fails or is removed. */
  whenFinished(options?: AbortOptions): Promise<void>
  /** Bytes of one file in order, waiting for pieces that are not there yet. A failed read throws; it never ends the loop. */
  readFile(
    fileIndex: number,
    options?: AbortOptions & { readonly range?: ByteRange },
  ): AsyncIterable<Uint8Array>
}
