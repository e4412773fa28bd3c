import type { TorrentDetails } from '@bae/native'
import { ClientError } from './errors.js'
import type { HeldTorrent } from './held-torrent.js'
import type { ParseTorrentFile, TorrentContents } from './torrent-source.js'

/**
 * Follows a torrent in libtorrent's own disk storage, which tells nobody of its pieces: what is there is read from the
 * session, which counts a piece once it is written.
 */
export class FilesProgress {
  readonly #torrent: HeldTorrent
  readonly #parseTorrentFile: ParseTorrentFile
  #contents: TorrentContents | undefined
  #isAsking = false
  #isOpen = false

  constructor(torrent: HeldTorrent, parseTorrentFile: ParseTorrentFile) {
    this.#torrent = torrent
    this.#parseTorrentFile = parseTorrentFile
    this.#contents = torrent.source.contents
  }

  detach(): void {
    this.#isOpen = false
  }

  /** Other pieces may be there than before, as many though they be. */
  checkEnded(): void {
    if (this.#isOpen) this.#compare()
  }

  observe(details: TorrentDetails): void {
    if (!details.hasMetadata) return
    if (this.#contents === undefined) {
      this.#askForContents(details.handle)
      return
    }
    if (details.state === 'checkingFiles' || details.state === 'checkingResumeData') return
    if (!this.#isOpen) this.#open(this.#contents, details.handle)
    else if (details.piecesHave !== this.#torrent.progress.tally?.completedPieces) this.#compare()
    // What is written last is no news to libtorrent, which was done when it had checked it.
    const isDone = details.state === 'finished' || details.state === 'seeding'
    if (isDone && !this.#torrent.progress.isFinished) this.#torrent.session.readLater(details.handle)
  }

  #open(contents: TorrentContents, handle: number): void {
    this.#isOpen = true
    this.#torrent.openFolder(contents, this.#torrent.session.native.pieceMap(handle))
  }

  #compare(): void {
    const torrent = this.#torrent
    const found = torrent.withSession((session, handle) => session.pieceMap(handle)) ?? new Uint8Array()
    const total = torrent.progress.tally?.totalPieces ?? 0
    for (let piece = 0; piece < total; piece++) {
      if (((found[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0) torrent.completePiece(piece)
      else torrent.progress.clear(piece)
    }
  }

  /** What a magnet link was missing comes with the resume data, which is a .torrent too. */
  #askForContents(handle: number): void {
    if (this.#isAsking) return
    this.#isAsking = true
    const torrent = this.#torrent
    torrent.session.native
      .saveResumeData(handle, { saveInfoSection: true })
      .then((bytes) => {
        this.#contents = this.#parseTorrentFile(bytes)
        torrent.observeNow()
      })
      .catch((cause: unknown) => {
        // Gone, and who waits was told why.
        if (torrent.handle !== handle) return
        const message = `the metadata of torrent ${torrent.id} could not be read`
        torrent.halt(new ClientError('CLIENT_TORRENT_FAILED', message, { cause }))
      })
      .finally(() => {
        this.#isAsking = false
      })
  }
}
