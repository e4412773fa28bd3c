import type { TorrentDetails } from '@bae/native'
import type { HeldTorrent } from './held-torrent.js'

const FIRST_WAIT_MS = 1_000
/** Each dial in vain doubles the wait, up to this. */
const LONGEST_WAIT_MS = 30_000

/**
 * Dials whom the user named for as long as a torrent that wants pieces has nobody. libtorrent waits two minutes after the
 * first dial that failed, three after the second, and gives a peer up after the third: right where others are met
 * meanwhile, too long for a seed that is started a moment later.
 */
export class Redial {
  readonly #torrent: HeldTorrent
  #waitMs = FIRST_WAIT_MS
  #timer: NodeJS.Timeout | undefined
  #knownCount = 0

  constructor(torrent: HeldTorrent) {
    this.#torrent = torrent
  }

  observe(details: TorrentDetails): void {
    this.#knownCount = details.knownPeers
    if (this.#isForlorn(details)) this.#timer ??= this.#wait()
    else this.stop()
  }

  /** Somebody gave something: whoever goes now is dialled soon. */
  pieceCompleted(): void {
    this.#waitMs = FIRST_WAIT_MS
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #isForlorn({ state, paused, uploadMode, connections }: TorrentDetails): boolean {
    const { progress, wishes } = this.#torrent
    const isFetching = state === 'downloading' || state === 'downloadingMetadata'
    const mayDial = isFetching && !paused && !uploadMode && progress.ended === undefined
    return mayDial && connections === 0 && wishes.peers.length > 0
  }

  /** libtorrent tells nothing of a torrent that nobody came to. */
  #wait(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS)
      this.#timer = this.#wait()
      // Strangers would be dialled too, and given up after three times in a few seconds.
      this.#torrent.dialNamed({ atOnce: this.#knownCount <= this.#namedCount() })
    }, this.#waitMs).unref()
  }

  /** Somebody may be named twice. */
  #namedCount(): number {
    return new Set(this.#torrent.wishes.peers.map(({ host, port }) => `${host} ${port}`)).size
  }
}
