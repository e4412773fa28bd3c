import type { HeldTorrent } from './held-torrent.js'
import { type DeadlineReader, PieceDeadlines } from './piece-deadlines.js'

/** Those who read files of a torrent while it is fetched. */
export class FileReaders {
  readonly #torrent: HeldTorrent
  readonly #deadlines: PieceDeadlines
  /** Files that libtorrent's own disk storage keeps as files only for as long as somebody reads them. */
  readonly #lent = new Map<number, number>()

  constructor(torrent: HeldTorrent) {
    this.#torrent = torrent
    this.#deadlines = new PieceDeadlines({
      seat: () => torrent.seat,
      has: (piece) => torrent.progress.tally?.has(piece) ?? false,
      priorities: () => torrent.progress.tally?.piecePriorities ?? new Uint8Array(),
    })
  }

  open(fileIndex: number): DeadlineReader {
    this.#torrent.knownPeers.look()
    const reader = this.#deadlines.openReader()
    const isLent = this.#isNoFile(fileIndex)
    if (isLent) {
      this.#lend(fileIndex, 1)
      // Then libtorrent has just set the priorities of all its pieces. Who reads is told of a failure.
      this.#torrent.movingFiles.settled().then(
        () => this.#deadlines.reapply(),
        () => {},
      )
    }
    return {
      follow: reader.follow,
      close: () => {
        reader.close()
        if (isLent) this.#lend(fileIndex, -1)
      },
    }
  }

  /** The session has the torrent anew, and knows of nothing. */
  reapply(): void {
    if (this.#lent.size > 0) this.#tellPriorities()
    this.#deadlines.reapply()
  }

  /** libtorrent keeps bytes of a file that is not wanted aside, in no file of its name. */
  #isNoFile(fileIndex: number): boolean {
    const { kind, wishes, progress } = this.#torrent
    return (
      kind === 'files' &&
      wishes.files.priorities?.[fileIndex] === 0 &&
      !progress.tally?.isFileComplete(fileIndex)
    )
  }

  #lend(fileIndex: number, change: 1 | -1): void {
    const readers = (this.#lent.get(fileIndex) ?? 0) + change
    if (readers > 0) this.#lent.set(fileIndex, readers)
    else this.#lent.delete(fileIndex)
    if (readers === 0 || (readers === 1 && change === 1)) this.#tellPriorities()
  }

  #tellPriorities(): void {
    const priorities = this.#torrent.wishes.files.priorities?.map((priority, fileIndex) =>
      this.#lent.has(fileIndex) ? Math.max(1, priority) : priority,
    )
    if (priorities !== undefined) this.#torrent.movingFiles.tell(priorities)
  }
}
