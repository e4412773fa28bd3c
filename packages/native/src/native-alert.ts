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
  | { readonly type: 'alertsDropped' }
