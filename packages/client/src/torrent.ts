import type { EventEmitter } from 'node:events'
import type { AbortOptions, ByteRange, TorrentId, TorrentLayout, TorrentMetadata } from '@bae/storage'

export type TorrentSource = { readonly torrentFile: Uint8Array } | { readonly magnetUri: string }

export interface AddTorrentOptions extends AbortOptions {
  /** The torrent's identity, from the caller that keeps it; a new UUID v7 when left out. */
  readonly id?: TorrentId
  readonly paused?: boolean
  /** Dialled over TCP as soon as the torrent is there. */
  readonly peers?: readonly PeerAddress[]
}

/** `host` is an IP address. */
export interface PeerAddress {
  readonly host: string
  readonly port: number
}

export type TorrentState =
  | 'opening'
  | 'fetchingMetadata'
  | 'checking'
  | 'downloading'
  | 'seeding'
  | 'paused'
  | 'failed'

/** A moment of a torrent; a new object for each change, never modified. */
export interface TorrentStatus {
  readonly state: TorrentState
  /** What the storage has completed, not what libtorrent believes: a piece counts once it survives a crash. */
  readonly completedPieces: number
  /** Unknown until metadata. */
  readonly totalPieces?: number
  readonly peers: number
  readonly downloadBytesPerSecond: number
  readonly uploadBytesPerSecond: number
  /** Payload moved since the torrent was added to this client. */
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  /** Why the state is 'failed', or why nothing is written now (no space). The original error is its cause. */
  readonly error?: Error & { readonly code: string }
}

export interface TorrentEvents {
  metadataReceived: [{ readonly id: TorrentId; readonly layout: TorrentLayout }]
  pieceCompleted: [{ readonly id: TorrentId; readonly piece: number }]
  hashFailed: [{ readonly id: TorrentId; readonly piece: number }]
  torrentFinished: [{ readonly id: TorrentId }]
  torrentFailed: [{ readonly id: TorrentId; readonly error: Error & { readonly code: string } }]
}

export interface Torrent extends EventEmitter<TorrentEvents> {
  readonly id: TorrentId
  readonly status: TorrentStatus
  /** Undefined until metadata. */
  readonly layout: TorrentLayout | undefined
  readonly metadata: TorrentMetadata | undefined
  pause(): void
  resume(): void
  connectPeer(peer: PeerAddress): void
  whenMetadata(options?: AbortOptions): Promise<TorrentLayout>
  /** The piece is completed in the storage. Rejects when the torrent fails or is removed. */
  whenPiece(piece: number, options?: AbortOptions): Promise<void>
  /** Every piece is completed in the storage. Rejects when the torrent fails or is removed. */
  whenFinished(options?: AbortOptions): Promise<void>
  /** Bytes of one file in order, waiting for pieces that are not there yet. A failed read throws; it never ends the loop. */
  readFile(
    fileIndex: number,
    options?: AbortOptions & { readonly range?: ByteRange },
  ): AsyncIterable<Uint8Array>
}
