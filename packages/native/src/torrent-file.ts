import type { PeerAddress } from './add-torrent.js'
import type { ParsedTorrent } from './native-session.js'
import type { TrackerEntry } from './torrent-control.js'

/** All that a .torrent file says. Properties are missing where it does not say. */
export interface TorrentFile extends ParsedTorrent {
  /** The trackers of `trackers` with their tiers, in the order they are asked. */
  readonly trackerEntries: readonly Required<TrackerEntry>[]
  /** Web servers that have the files (BEP 17 and 19). */
  readonly webSeeds: readonly string[]
  readonly comment?: string
  /** The program that made it. */
  readonly creator?: string
  /** As of `Date.now()`. */
  readonly createdAtMs?: number
}

/** What a magnet link says (BEP 9, BEP 53). Properties are missing where it does not say. */
export interface MagnetLink {
  /** Hex digits in lower case: 40 of v1, 64 of v2; at least one of them is there. */
  readonly infoHashV1?: string
  readonly infoHashV2?: string
  readonly name?: string
  readonly trackers: readonly Required<TrackerEntry>[]
  readonly webSeeds: readonly string[]
  readonly peers: readonly PeerAddress[]
  /** Where the link selects files: 4 for those, 0 for others up to the last of them. */
  readonly filePriorities?: readonly number[]
}
