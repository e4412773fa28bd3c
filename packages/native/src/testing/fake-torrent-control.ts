import { NativeError } from '../errors.js'
import type { TorrentLimits, TrackerEntry } from '../torrent-control.js'
import type { TorrentLayout } from '../torrent-layout.js'
import type { TorrentFlags, TrackerStatus } from '../torrent-status.js'

export const NO_FLAGS: TorrentFlags = {
  seedMode: false,
  uploadMode: false,
  shareMode: false,
  applyIpFilter: true,
  paused: false,
  autoManaged: false,
  superSeeding: false,
  sequentialDownload: false,
  stopWhenReady: false,
  disableDht: false,
  disableLsd: false,
  disablePex: false,
}

const NO_LIMITS: TorrentLimits = {
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
  maxConnections: 0,
  maxUploads: 0,
}

/** What was asked of a fake torrent and is only remembered: nothing here moves a byte. */
export class FakeTorrentControl {
  flags: TorrentFlags = NO_FLAGS
  limits: TorrentLimits = NO_LIMITS
  readonly webSeeds = new Set<string>()
  /** By piece, in the order they were set. */
  readonly deadlines = new Map<number, number>()
  /** How often every tracker was asked. */
  announces = 0
  scrapes = 0
  readonly #layout: () => TorrentLayout | undefined
  #trackers: TrackerStatus[] = []
  #filePriorities: readonly number[] = []
  #piecePriorities: readonly number[] | undefined

  constructor(layout: () => TorrentLayout | undefined) {
    this.#layout = layout
  }

  get trackers(): readonly TrackerStatus[] {
    return this.#trackers
  }

  setLimits(limits: Partial<TorrentLimits>): void {
    if (limits.maxConnections === 1) throw invalid('maxConnections is 0 or at least 2')
    this.limits = { ...this.limits, ...limits }
  }

  addTracker({ url, tier = 0 }: TrackerEntry, source: TrackerStatus['sources'][number] = 'client'): void {
    if (this.#trackers.some((tracker) => tracker.url === url)) return
    const tracker: TrackerStatus = { url, tier, verified: false, sources: [source], announces: [] }
    this.#trackers = [...this.#trackers, tracker].sort((a, b) => a.tier - b.tier)
  }

  replaceTrackers(trackers: readonly TrackerEntry[]): void {
    this.#trackers = []
    for (const tracker of trackers) this.addTracker(tracker)
  }

  /** Padding is never fetched. */
  get filePriorities(): readonly number[] {
    const files = this.#layout()?.files
    if (files === undefined) return this.#filePriorities
    return files.map(({ kind }, index) => (kind === 'padding' ? 0 : (this.#filePriorities[index] ?? 4)))
  }

  /** As it was added: any number of them. */
  beginWithFilePriorities(priorities: readonly number[]): void {
    this.#filePriorities = priorities
  }

  setFilePriorities(priorities: readonly number[]): void {
    checkPriorities(priorities, this.#known().files.length)
    this.#filePriorities = priorities
    this.#piecePriorities = undefined
  }

  get piecePriorities(): readonly number[] {
    const layout = this.#layout()
    if (layout === undefined) return []
    return this.#piecePriorities ?? prioritiesOfPieces(layout, this.filePriorities)
  }

  setPiecePriorities(priorities: readonly number[]): void {
    checkPriorities(priorities, pieceCountOf(this.#known()))
    this.#piecePriorities = [...priorities]
  }

  setDeadline(piece: number, deadlineMs: number): void {
    this.#checkPiece(piece)
    if (!(deadlineMs >= 0)) throw invalid('deadlineMs is not negative')
    this.deadlines.set(piece, deadlineMs)
  }

  /** As libtorrent does: a piece that loses its deadline is the last to be fetched. */
  resetDeadline(piece: number): void {
    this.#checkPiece(piece)
    if (!this.deadlines.delete(piece)) return
    const priorities = [...this.piecePriorities]
    priorities[piece] = 1
    this.#piecePriorities = priorities
  }

  #checkPiece(piece: number): void {
    if (Number.isInteger(piece) && piece >= 0 && piece < pieceCountOf(this.#known())) return
    throw invalid(`there is no piece ${piece}`)
  }

  #known(): TorrentLayout {
    const layout = this.#layout()
    if (layout === undefined) throw invalid('the torrent has no pieces and files before its metadata')
    return layout
  }
}

function pieceCountOf(layout: TorrentLayout): number {
  return Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes)
}

/** A piece is as urgent as the most urgent file in it. */
function prioritiesOfPieces(layout: TorrentLayout, filePriorities: readonly number[]): number[] {
  const pieces = new Array<number>(pieceCountOf(layout)).fill(0)
  for (const { index, offsetBytes, lengthBytes } of layout.files) {
    if (lengthBytes === 0) continue
    const last = Math.floor((offsetBytes + lengthBytes - 1) / layout.pieceLengthBytes)
    for (let piece = Math.floor(offsetBytes / layout.pieceLengthBytes); piece <= last; piece++) {
      pieces[piece] = Math.max(pieces[piece] ?? 0, filePriorities[index] ?? 4)
    }
  }
  return pieces
}

function checkPriorities(priorities: readonly number[], count: number): void {
  const areRight = priorities.every(
    (priority) => Number.isInteger(priority) && priority >= 0 && priority <= 7,
  )
  if (!areRight || priorities.length !== count) throw invalid(`priorities are ${count} numbers from 0 to 7`)
}

function invalid(message: string): NativeError {
  return new NativeError('NATIVE_INVALID_ARGUMENT', message)
}
