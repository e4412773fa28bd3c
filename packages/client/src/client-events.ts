import type { NativeAlert } from '@bae/native'
import type { TorrentId } from '@bae/storage'
import type { TorrentStatus } from './torrent-status.js'

/** Events of a TorrentClient: one payload object each. Per-torrent events are on the Torrent. */
export interface TorrentClientEvents {
  torrentAdded: [{ readonly id: TorrentId }]
  torrentRemoved: [{ readonly id: TorrentId }]
  /** One an interval, for all torrents whose status changed since the last. */
  statusUpdated: [{ readonly statuses: ReadonlyMap<TorrentId, TorrentStatus> }]
  /** What a restart would need of a torrent could not be kept, and nobody awaited it. The next change tries again. */
  resumeSaveFailed: [{ readonly id: TorrentId; readonly error: unknown }]
  listenFailed: [{ readonly address: string; readonly port: number; readonly message: string }]
  /** Every alert as native gives it. */
  alertReceived: [{ readonly alert: NativeAlert }]
}
