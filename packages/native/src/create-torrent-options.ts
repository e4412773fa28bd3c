import type { TrackerEntry } from './torrent-control.js'

export interface CreateTorrentOptions {
  /** BEP 3, BEP 52, or both in one. 'v1' unless set. */
  readonly format?: 'v1' | 'v2' | 'hybrid'
  /** A power of two from 16 KiB to 64 MiB; libtorrent's choice when left out. */
  readonly pieceLengthBytes?: number
  readonly trackers?: readonly (string | TrackerEntry)[]
  /** Web servers that have the files (BEP 19). */
  readonly webSeeds?: readonly string[]
  readonly comment?: string
  /** The program that makes it. */
  readonly creator?: string
  /** As of `Date.now()`; now unless set. */
  readonly createdAtMs?: number
  /** Peers only from its trackers (BEP 27). */
  readonly isPrivate?: boolean
  /** Ends the reading; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Called now and then while pieces are hashed, and with the last. */
  readonly onProgress?: (progress: CreateTorrentProgress) => void
}

export interface CreateTorrentProgress {
  readonly hashedPieces: number
  /** 0 until the files are found. */
  readonly totalPieces: number
}
