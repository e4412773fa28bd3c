import { setTimeout } from 'node:timers/promises'
import type { AbortOptions } from '@bae/storage'
import { abortable } from './abortable.js'
import { ClientError } from './errors.js'
import type { HeldTorrent } from './held-torrent.js'

/**
 * libtorrent tells nobody that it is done; it mostly is at once. Until that is seen it fetches all of a file of which a
 * reader wants a part.
 */
const LONGEST_LOOK_INTERVAL_MS = 20
const LONGEST_MOVE_MS = 30_000

/**
 * libtorrent's own disk storage keeps bytes of files that are not wanted aside, and moves them when that changes. Until
 * it is done, a file may have holes where its torrent has pieces.
 */
export class MovingFiles {
  readonly #torrent: HeldTorrent
  #told: readonly number[] | undefined
  #settling: Promise<void> | undefined

  constructor(torrent: HeldTorrent) {
    this.#torrent = torrent
  }

  /** Tells the session which files are wanted. */
  tell(priorities: readonly number[]): void {
    const { seat, kind } = this.#torrent
    seat?.session.setFilePriorities(seat.handle, priorities)
    if (kind === 'files' && seat !== undefined) this.#told = priorities
  }

  /** Every file is where it belongs. */
  async settled({ signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (this.#told === undefined) return
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined
    })
    await abortable(this.#settling, signal)
  }

  async #settle(): Promise<void> {
    let intervalMs = 1
    for (let waitedMs = 0; waitedMs < LONGEST_MOVE_MS; waitedMs += intervalMs) {
      const { seat } = this.#torrent
      const now = seat?.session.filePriorities(seat.handle)
      if (now === undefined || this.#told === undefined || isSame(now, this.#told)) {
        this.#told = undefined
        return
      }
      if (waitedMs > 0) intervalMs = Math.min(2 * intervalMs, LONGEST_LOOK_INTERVAL_MS)
      await setTimeout(intervalMs, undefined, { ref: false })
    }
    const message = `libtorrent moved the files of torrent ${this.#torrent.id} for more than ${LONGEST_MOVE_MS} ms`
    throw new ClientError('CLIENT_FILE_CHANGED', message)
  }
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((priority, index) => priority === b[index])
}
