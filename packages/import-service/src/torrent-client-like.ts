import type { EventEmitter } from 'node:events'
import type {
  AddTorrentOptions,
  Torrent,
  TorrentEvents,
  TorrentFile,
  TorrentSource,
  TorrentStatus,
} from '@bae/client'
import type { TorrentId } from '@bae/storage'

/** The part of Torrent that imports need. */
export type TorrentLike = EventEmitter<TorrentEvents> &
  Pick<
    Torrent,
    | 'id'
    | 'status'
    | 'layout'
    | 'metadata'
    | 'torrentFile'
    | 'pause'
    | 'resume'
    | 'connectPeer'
    | 'select'
    | 'deselect'
    | 'whenMetadata'
    | 'whenPiece'
    | 'whenFinished'
    | 'setSequential'
  > & {
    /** Without padding; empty until metadata. */
    readonly files: readonly Pick<TorrentFile, 'index' | 'stream'>[]
  }

export interface StatusUpdate {
  readonly statuses: ReadonlyMap<TorrentId, TorrentStatus>
}

/** The part of TorrentClient that imports need; compose.ts proves that TorrentClient has it. */
export interface TorrentClientLike {
  add(source: TorrentSource, options?: AddTorrentOptions): Promise<TorrentLike>
  get(id: TorrentId): TorrentLike | undefined
  /** Settles when the torrent's storage is closed, and so all that was completed is recorded. */
  remove(id: TorrentId, options?: { deleteData?: boolean }): Promise<void>
  on(event: 'statusUpdated', listener: (update: StatusUpdate) => void): unknown
  off(event: 'statusUpdated', listener: (update: StatusUpdate) => void): unknown
  close(): Promise<void>
}
