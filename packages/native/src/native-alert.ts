import type { NativeTorrentStatus, TorrentDetails } from './torrent-status.js'

/**
 * libtorrent's alerts as plain objects. They inform: nothing is stored, recorded or counted because of one,
 * as libtorrent drops them when its queue is full. `handle` is the number that `addTorrent` gave.
 */
export type NativeAlert =
  | { readonly type: 'listenSucceeded'; readonly address: string; readonly port: number }
  | {
      readonly type: 'listenFailed'
      readonly address: string
      readonly port: number
      readonly message: string
    }
  | { readonly type: 'metadataReceived'; readonly handle: number }
  | { readonly type: 'metadataFailed'; readonly handle: number; readonly message: string }
  | { readonly type: 'torrentChecked'; readonly handle: number }
  | { readonly type: 'pieceFinished'; readonly handle: number; readonly piece: number }
  | { readonly type: 'hashFailed'; readonly handle: number; readonly piece: number }
  | { readonly type: 'torrentFinished'; readonly handle: number }
  | { readonly type: 'torrentPaused'; readonly handle: number }
  | { readonly type: 'torrentResumed'; readonly handle: number }
  | { readonly type: 'torrentRemoved'; readonly handle: number }
  | {
      readonly type: 'torrentError'
      readonly handle: number
      readonly code: string
      readonly message: string
      /** Where a StorageHandler stopped the torrent: what it threw or rejected with, as it was. */
      readonly cause?: unknown
    }
  | {
      readonly type: 'storageError'
      readonly handle: number
      /** The name of an errno. docs/errors.md says which, and what libtorrent does then. */
      readonly code: string
      readonly message: string
      /** What the StorageHandler threw or rejected with, as it was; NATIVE_REQUEST_ABORTED where it never settled. */
      readonly cause?: unknown
    }
  | { readonly type: 'peerConnected'; readonly handle: number; readonly peer: string }
  | {
      readonly type: 'peerDisconnected'
      readonly handle: number
      readonly peer: string
      readonly message: string
    }
  | { readonly type: 'fileCompleted'; readonly handle: number; readonly file: number }
  | {
      readonly type: 'stateChanged'
      readonly handle: number
      readonly state: NativeTorrentStatus['state']
      readonly previousState: NativeTorrentStatus['state']
    }
  | { readonly type: 'peerBanned'; readonly handle: number; readonly peer: string }
  | {
      readonly type: 'trackerReply'
      readonly handle: number
      readonly url: string
      /** How many it named. */
      readonly peers: number
    }
  | {
      readonly type: 'trackerWarning'
      readonly handle: number
      readonly url: string
      readonly message: string
    }
  | {
      readonly type: 'trackerError'
      readonly handle: number
      readonly url: string
      readonly code: string
      readonly message: string
      /** One after another. */
      readonly failures: number
    }
  | {
      readonly type: 'scrapeReply'
      readonly handle: number
      readonly url: string
      /** -1 where the tracker does not say. */
      readonly swarmSeeds: number
      readonly swarmDownloaders: number
    }
  | {
      readonly type: 'scrapeFailed'
      readonly handle: number
      readonly url: string
      readonly code: string
      readonly message: string
    }
  | { readonly type: 'performanceWarning'; readonly handle: number; readonly message: string }
  | { readonly type: 'externalAddress'; readonly address: string }
  | { readonly type: 'sessionError'; readonly code: string; readonly message: string }
  /** Answers `postTorrentUpdates`. One of them may be gone already. */
  | { readonly type: 'torrentsUpdated'; readonly torrents: readonly TorrentDetails[] }
  /** libtorrent's queue of alerts was full. `dropped`: the names of those that are lost, as in RawAlert. */
  | { readonly type: 'alertsDropped'; readonly dropped?: readonly string[] }

/** Kinds of alerts that libtorrent can be told to make. */
export type AlertCategory =
  | 'error'
  | 'peer'
  | 'portMapping'
  | 'storage'
  | 'tracker'
  | 'connect'
  | 'status'
  | 'ipBlock'
  | 'performanceWarning'
  | 'dht'
  | 'sessionLog'
  | 'torrentLog'
  | 'peerLog'
  | 'incomingRequest'
  | 'dhtLog'
  | 'dhtOperation'
  | 'portMappingLog'
  | 'pickerLog'
  | 'fileProgress'
  | 'pieceProgress'
  | 'upload'
  | 'blockProgress'

/** Any alert of libtorrent, as it words it. */
export interface RawAlert {
  /** libtorrent's name of the alert's type, such as 'peer_connect'. */
  readonly name: string
  readonly categories: readonly AlertCategory[]
  readonly message: string
  /** Of alerts about a torrent that is there. */
  readonly handle?: number
  /** Of alerts about one peer. */
  readonly peer?: string
  /** How long it had waited. */
  readonly agoMs: number
}
