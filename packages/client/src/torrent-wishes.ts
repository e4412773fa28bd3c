import type { AddTorrentRequest, FullNativeSession, TorrentLimits, TrackerEntry } from '@bae/native'
import { type FileWish, FileWishes } from './file-wishes.js'
import type { PeerAddress } from './torrent-options.js'

/** Plain data: what of the wishes is kept between runs. */
export interface SavedWishes {
  readonly paused: boolean
  readonly sequential: boolean
  readonly superSeeding: boolean
  readonly limits: Partial<TorrentLimits>
  readonly peers: readonly PeerAddress[]
  readonly trackers: readonly TrackerEntry[]
  readonly trackersReplaced: boolean
  readonly webSeeds: readonly string[]
  readonly removedWebSeeds: readonly string[]
  readonly waitingFiles: readonly FileWish[]
  readonly filePriorities?: readonly number[]
}

/** All but the files, which keep themselves. */
export type WishChange = Partial<Omit<SavedWishes, 'waitingFiles' | 'filePriorities'>>

/**
 * What the user wants of a torrent, whether the session has it now or not: it begins with them each time it is added
 * to the session, and what is wished meanwhile is done then.
 */
export class TorrentWishes {
  paused = false
  sequential = false
  superSeeding = false
  limits: Partial<TorrentLimits> = {}
  peers: readonly PeerAddress[] = []
  /** Beside those of the source, or instead of them. */
  trackers: readonly TrackerEntry[] = []
  trackersReplaced = false
  webSeeds: readonly string[] = []
  removedWebSeeds: readonly string[] = []
  readonly files: FileWishes
  #revision = 0

  constructor(saved: Partial<SavedWishes> = {}) {
    const { waitingFiles, filePriorities, ...plain } = saved
    Object.assign(this, plain)
    this.files = new FileWishes({
      ...(waitingFiles && { waiting: waitingFiles }),
      ...(filePriorities && { priorities: filePriorities }),
    })
  }

  /** Grows with every change. */
  get revision(): number {
    return this.#revision
  }

  change(change: WishChange): void {
    Object.assign(this, change)
    this.#revision++
  }

  toSaved(): SavedWishes {
    const { paused, sequential, superSeeding, limits, peers, trackers, trackersReplaced } = this
    const { webSeeds, removedWebSeeds, files } = this
    return {
      ...{ paused, sequential, superSeeding, limits, peers, trackers, trackersReplaced },
      ...{ webSeeds, removedWebSeeds },
      waitingFiles: files.waiting,
      ...(files.priorities && { filePriorities: files.priorities }),
    }
  }

  /** Their part of a request to the session. */
  toRequest(): Omit<AddTorrentRequest, 'torrentId'> {
    const { files, limits, trackers, webSeeds } = this
    return {
      // Where others replace the source's trackers, those are not to be asked even once.
      paused: this.paused || this.trackersReplaced,
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(trackers.length > 0 && !this.trackersReplaced && { trackers }),
      ...(webSeeds.length > 0 && { webSeeds }),
      ...(files.priorities && { filePriorities: files.priorities }),
    }
  }

  /** The session has just got the torrent: what a request cannot say, and what was wished since it was made. */
  applyTo(session: FullNativeSession, handle: number, requested: AddTorrentRequest, revision: number): void {
    if (this.trackersReplaced) session.replaceTrackers(handle, this.trackers)
    for (const url of this.removedWebSeeds) session.removeWebSeed(handle, url)
    if (revision !== this.#revision) this.#applyAll(session, handle)
    if (this.paused && !requested.paused) session.pauseTorrent(handle)
    if (!this.paused && requested.paused) session.resumeTorrent(handle)
  }

  #applyAll(session: FullNativeSession, handle: number): void {
    session.setTorrentFlags(handle, {
      sequentialDownload: this.sequential,
      superSeeding: this.superSeeding,
    })
    session.setTorrentLimits(handle, this.limits)
    if (!this.trackersReplaced) for (const tracker of this.trackers) session.addTracker(handle, tracker)
    for (const url of this.webSeeds) session.addWebSeed(handle, url)
    if (this.files.priorities !== undefined) session.setFilePriorities(handle, this.files.priorities)
  }
}
