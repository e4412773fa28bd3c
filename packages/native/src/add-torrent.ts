import type { TorrentLimits, TrackerEntry } from './torrent-control.js'
import type { TorrentFlags } from './torrent-status.js'

export interface PeerAddress {
  /** An IP address. */
  readonly host: string
  readonly port: number
}

export interface AddTorrentRequest {
  /** Ours: comes back as `torrentId` in `openStorage`. Must be unique among the torrents of the session. No '/'. */
  readonly torrentId: string
  /** Exactly one of these three, or `resumeData` that was saved with its info section. */
  readonly torrentFile?: Uint8Array
  readonly magnetUri?: string
  /** 40 hex digits of v1 or 64 of v2: the rest comes from peers that `peers`, a tracker or the DHT tell of. */
  readonly infoHash?: string
  /**
   * What `saveResumeData` gave. Its torrent id and folder do not count, those here do; what is set here comes over or
   * in addition to what it has. Pieces it claims are claimed only as far as the storage has them.
   */
  readonly resumeData?: Uint8Array
  /** Only for sessions without a handler: the folder of libtorrent's own disk storage. */
  readonly savePath?: string
  /** Pieces that are there: exactly ceil(pieces / 8) bytes. They are not checked again. */
  readonly havePieces?: Uint8Array
  /** Everything is there: for seeding from libtorrent's own disk storage without a check. */
  readonly seedMode?: boolean
  readonly paused?: boolean
  /** Those that are left out are as libtorrent has them, but for `autoManaged` and `paused`, which are off. */
  readonly flags?: Partial<TorrentFlags>
  /** As `setFilePriorities`; before the metadata any number of them. */
  readonly filePriorities?: readonly number[]
  /** As `setPiecePriorities`; only where the pieces are known. */
  readonly piecePriorities?: readonly number[]
  /** Besides those that the torrent has. */
  readonly trackers?: readonly TrackerEntry[]
  readonly webSeeds?: readonly string[]
  /** Known to have the torrent: dialled as libtorrent sees fit. `connectPeer` dials at once. */
  readonly peers?: readonly PeerAddress[]
  readonly limits?: Partial<TorrentLimits>
  /** What it is called until its metadata says so. */
  readonly name?: string
}
