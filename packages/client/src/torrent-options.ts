import type { TorrentLimits, TrackerEntry } from '@bae/native'
import type { AbortOptions, TorrentId } from '@bae/storage'
import type { FileSelector } from './file-selector.js'

/** `host` is an IP address. */
export interface PeerAddress {
  readonly host: string
  readonly port: number
}

export interface AddTorrentOptions extends AbortOptions {
  /** The torrent's identity, from the caller that keeps it; a new UUID v7 when left out. */
  readonly id?: TorrentId
  readonly paused?: boolean
  /**
   * Dialled over TCP as soon as the torrent is there, and every half a minute at least while it lacks pieces and has nobody.
   * A private torrent takes none (BEP 27): CLIENT_PRIVATE_TORRENT.
   */
  readonly peers?: readonly PeerAddress[]
  /** Only these files; all when left out. Of a magnet link they are chosen when its metadata comes. */
  readonly files?: FileSelector
  /** 0: no limit. What is left out has none. */
  readonly limits?: Partial<TorrentLimits>
  /** Pieces in their order instead of the rarest first. A stream needs it not. */
  readonly sequential?: boolean
  /**
   * As the only seed: shows each peer pieces that no other has. libtorrent 2.0 begins ten seconds after a peer comes, and
   * asks for the like again at the last piece: only for content that many want at once.
   */
  readonly superSeeding?: boolean
  /** Besides those that the torrent names. */
  readonly trackers?: readonly (string | TrackerEntry)[]
  /** Web servers that have the files (BEP 19), besides those that the torrent names. */
  readonly webSeeds?: readonly string[]
  /**
   * 'own': in a storage that `createStorage` opens. 'files': as ordinary files below `savePath`, by libtorrent's own
   * disk storage. 'own' unless set, where the client has a `createStorage`.
   */
  readonly storage?: 'own' | 'files'
  /** Of 'files'; the client's own `savePath` when left out. */
  readonly savePath?: string
}
