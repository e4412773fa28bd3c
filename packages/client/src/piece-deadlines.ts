import type { FullNativeSession } from '@bae/native'

/** How much later the next piece of a reader is wanted than the one before it. */
const STEP_MS = 100

const TOP_PRIORITY = 7

export interface PieceDeadlinesDeps {
  /** Undefined while the session does not have the torrent. */
  readonly seat: () => { readonly session: FullNativeSession; readonly handle: number } | undefined
  readonly has: (piece: number) => boolean
  /** How much each piece is wanted besides. */
  readonly priorities: () => Uint8Array
}

/** A reader's window on the pieces, [first, end). Closed, it wants nothing. */
export interface DeadlineReader {
  follow(first: number, end: number): void
  close(): void
}

interface Window {
  first: number
  end: number
}

/** Gives the pieces that readers wait for deadlines, and takes them back from those that nobody waits for any more. */
export class PieceDeadlines {
  readonly #deps: PieceDeadlinesDeps
  readonly #windows = new Set<Window>()
  /** Pieces with a deadline, and the window whose distance it is. */
  readonly #given = new Map<number, Window>()
  /** Pieces that are fetched for a reader only. */
  #raised: ReadonlySet<number> = new Set()

  constructor(deps: PieceDeadlinesDeps) {
    this.#deps = deps
  }

  openReader(): DeadlineReader {
    const window: Window = { first: 0, end: 0 }
    this.#windows.add(window)
    return {
      follow: (first, end) => {
        if (first === window.first && end === window.end) return
        window.first = first
        window.end = end
        this.#update()
      },
      close: () => {
        if (this.#windows.delete(window)) this.#update()
      },
    }
  }

  /** The session has the torrent anew, and knows of nothing. */
  reapply(): void {
    this.#given.clear()
    this.#raised = new Set()
    this.#update()
  }

  #update(): void {
    const seat = this.#deps.seat()
    if (seat === undefined) return
    const wanted = this.#wanted()
    let isLowered = false
    for (const piece of [...this.#given.keys()]) {
      if (wanted.has(piece)) continue
      this.#given.delete(piece)
      if (this.#deps.has(piece)) continue
      seat.session.resetPieceDeadline(seat.handle, piece)
      isLowered = true
    }
    this.#raise(seat, wanted, isLowered)
    for (const [piece, window] of wanted) {
      const owner = this.#given.get(piece)
      // What one reader was given comes nearer with it; only one that is closer changes it.
      const isCloser = owner === undefined || !this.#windows.has(owner) || window.first > owner.first
      if (owner === window || !isCloser) continue
      seat.session.setPieceDeadline(seat.handle, piece, (piece - window.first) * STEP_MS)
      this.#given.set(piece, window)
    }
  }

  /** Missing pieces of all windows, each with the window that reaches it first. */
  #wanted(): Map<number, Window> {
    const wanted = new Map<number, Window>()
    for (const window of this.#windows) {
      for (let piece = window.first; piece < window.end; piece++) {
        const other = wanted.get(piece)
        if (this.#deps.has(piece) || (other !== undefined && other.first >= window.first)) continue
        wanted.set(piece, window)
      }
    }
    return wanted
  }

  /**
   * A piece that is not wanted otherwise is for as long as a reader waits. libtorrent leaves one that lost its
   * deadline with its lowest priority, so then all are set again.
   */
  #raise(
    { session, handle }: { readonly session: FullNativeSession; readonly handle: number },
    wanted: ReadonlyMap<number, Window>,
    isLowered: boolean,
  ): void {
    const priorities = this.#deps.priorities()
    const raised = new Set([...wanted.keys()].filter((piece) => priorities[piece] === 0))
    const isNew = [...raised].some((piece) => !this.#raised.has(piece))
    const isLeft = [...this.#raised].some((piece) => !raised.has(piece) && !this.#deps.has(piece))
    this.#raised = raised
    if (!isNew && !isLeft && !isLowered) return
    session.setPiecePriorities(
      handle,
      Array.from(priorities, (priority, piece) => (raised.has(piece) ? TOP_PRIORITY : priority)),
    )
  }
}
