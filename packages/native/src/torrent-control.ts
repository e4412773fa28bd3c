import type { PeerStatus, TorrentDetails, TorrentFlags, TrackerStatus } from './torrent-status.js'

/** 0: no limit. */
export interface TorrentLimits {
  readonly downloadBytesPerSecond: number
  readonly uploadBytesPerSecond: number
  /** At least 2. */
  readonly maxConnections: number
  /** Peers that are answered at the same time. */
  readonly maxUploads: number
}

export interface TrackerEntry {
  readonly url: string
  /** From 0, which is asked first, to 255. 0 unless set. */
  readonly tier?: number
}

/**
 * What can be asked of and changed about one torrent. `handle` is the number that `addTorrent` gave. All throw
 * NATIVE_UNKNOWN_TORRENT for another number, NATIVE_SESSION_CLOSED after `close()` and NATIVE_INVALID_ARGUMENT for
 * arguments of a wrong kind, which then change nothing.
 *
 * What returns something waits for libtorrent's network thread; changes are handed to it in the order of the calls.
 */
export interface TorrentControl {
  /**
   * Forgets what is there and checks every piece again. Peers are disconnected; the alert 'torrentChecked' tells the
   * end. A storage is asked as at its opening: with `hashPiece`, or `readPiece`.
   */
  recheckTorrent(handle: number): void

  /** Many at once, in one question to libtorrent; all of the session when left out. */
  torrentStatuses(handles?: readonly number[]): readonly TorrentDetails[]
  torrentPeers(handle: number): readonly PeerStatus[]

  torrentFlags(handle: number): TorrentFlags
  /** Those that are left out stay as they are. */
  setTorrentFlags(handle: number, flags: Partial<TorrentFlags>): void
  torrentLimits(handle: number): TorrentLimits
  /** Those that are left out stay as they are. */
  setTorrentLimits(handle: number, limits: Partial<TorrentLimits>): void

  /** For each file, padding included: from 0, which is not fetched, over 4, the usual, to 7. */
  filePriorities(handle: number): readonly number[]
  /** Exactly one for each file. The pieces of the files get theirs from these. Needs the torrent's metadata. */
  setFilePriorities(handle: number, priorities: readonly number[]): void
  /** For each piece, as for files. Empty before the metadata. */
  piecePriorities(handle: number): readonly number[]
  setPiecePriorities(handle: number, priorities: readonly number[]): void
  /** Fetches the piece ahead of all that have a later deadline or none. At most a day. */
  setPieceDeadline(handle: number, piece: number, deadlineMs: number): void
  resetPieceDeadline(handle: number, piece: number): void
  clearPieceDeadlines(handle: number): void

  /** Bytes that are there of each file, padding included. Empty before the metadata. */
  fileProgress(handle: number): readonly number[]
  /** How many connected peers have each piece. Empty before the metadata and for a torrent that has everything. */
  pieceAvailability(handle: number): readonly number[]
  /** The pieces that are there: one bit each, most significant first. Empty before the metadata. */
  pieceMap(handle: number): Uint8Array

  trackers(handle: number): readonly TrackerStatus[]
  addTracker(handle: number, tracker: TrackerEntry): void
  replaceTrackers(handle: number, trackers: readonly TrackerEntry[]): void
  /** Asks every tracker for peers now, also before it wishes to be asked again. */
  forceReannounce(handle: number): void
  /** Asks every tracker for its counts: then `swarmSeeds` and the like of `trackers`. */
  scrapeTrackers(handle: number): void

  /** Web servers that have the torrent's files (BEP 19). */
  webSeeds(handle: number): readonly string[]
  addWebSeed(handle: number, url: string): void
  removeWebSeed(handle: number, url: string): void

  /**
   * What `addTorrent` takes as `resumeData`: all that is known of the torrent but its bytes. With `saveInfoSection`,
   * also its metadata. Rejects NATIVE_UNKNOWN_TORRENT when the torrent is removed before, NATIVE_SESSION_CLOSED when
   * the session closes, and NATIVE_RESUME_DATA_FAILED where libtorrent has none.
   */
  saveResumeData(handle: number, options?: { readonly saveInfoSection?: boolean }): Promise<Uint8Array>
}
