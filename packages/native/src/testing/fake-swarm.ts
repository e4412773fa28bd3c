import type { AddTorrentRequest } from '../add-torrent.js'
import type { CreateNativeSession, ParsedTorrent } from '../native-session.js'
import { type FakePeer, FakeSession } from './fake-session.js'
import type { FakeTorrent, PieceSource } from './fake-torrent.js'
import type { PieceRange } from './fake-torrent-storage.js'
import { parseTestTorrent } from './parse-test-torrent.js'

/** A peer that has all of one torrent. Whoever dials it gets every piece without further ado. */
export interface FakeSeed {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

/**
 * A swarm in memory and the sessions on it. Time and order belong to the test: nothing arrives unless a piece is
 * delivered or a seed is dialled. Bytes that are lent to a storage turn to garbage once its promise has settled.
 */
export class FakeSwarm {
  /** Every session that was created, in that order. */
  readonly sessions: FakeSession[] = []
  /** Runs inside each `addTorrent`: throwing or rejecting refuses the torrent, waiting holds it. */
  beforeAdd: (request: AddTorrentRequest) => Promise<void> | void = () => {}
  readonly #seeds = new Map<string, PieceSource>()
  readonly #peers = new Map<number, FakePeer>()
  #lastPort = 40_000

  readonly createSession: CreateNativeSession = async (options) => {
    const port = ++this.#lastPort
    const session = new FakeSession(
      {
        parseTorrentFile: this.parseTorrentFile,
        peerAt: (dialled) => this.#peers.get(dialled),
        beforeAdd: (request) => this.beforeAdd(request),
      },
      port,
      options,
    )
    this.sessions.push(session)
    this.#peers.set(port, session)
    return session
  }

  readonly parseTorrentFile = (bytes: Uint8Array): ParsedTorrent => parseTestTorrent(bytes)

  /** The swarm has this torrent from now on; the answer can be dialled. */
  seed(torrentFile: Uint8Array, bytes: Uint8Array): FakeSeed {
    const { pieceLengthBytes, infoHashV1 = '' } = this.parseTorrentFile(torrentFile).layout
    const source: PieceSource = {
      torrentFile,
      piece: async (piece) => bytes.subarray(piece * pieceLengthBytes, (piece + 1) * pieceLengthBytes),
    }
    this.#seeds.set(infoHashV1, source)
    const port = ++this.#lastPort
    this.#peers.set(port, { sourceOf: (infoHash) => (infoHash === infoHashV1 ? source : undefined) })
    const close = async () => {
      this.#peers.delete(port)
    }
    return { host: '127.0.0.1', port, close }
  }

  /** A piece arrives from the swarm. Settles when all that follows from it has; failures show as alerts. */
  async deliverPiece(
    torrentId: string,
    piece: number,
    options: { readonly corrupt?: boolean } = {},
  ): Promise<void> {
    const torrent = this.torrent(torrentId)
    const bytes = await this.#seedOf(torrent).piece(piece)
    if (bytes === undefined || bytes.length === 0) throw new RangeError(`the swarm has no piece ${piece}`)
    await torrent.deliver(piece, bytes, options.corrupt ?? false)
  }

  /** The piece that the torrent wants most arrives. Its number; undefined when it wants none. */
  async deliverNext(torrentId: string): Promise<number | undefined> {
    const piece = this.torrent(torrentId).nextPiece()
    if (piece !== undefined) await this.deliverPiece(torrentId, piece)
    return piece
  }

  /** What a magnet link was missing arrives from the swarm. */
  deliverMetadata(torrentId: string): void {
    const torrent = this.torrent(torrentId)
    torrent.receiveMetadata(this.#seedOf(torrent).torrentFile)
  }

  /** A peer asks for bytes of a piece. */
  requestPiece(torrentId: string, piece: number, range: PieceRange): Promise<Uint8Array> {
    return this.torrent(torrentId).serve(piece, range)
  }

  /** libtorrent stops the torrent. */
  failTorrent(torrentId: string, error: { readonly code: string; readonly message: string }): void {
    this.torrent(torrentId).stop(error)
  }

  /** libtorrent tries to write again after the disk was full. */
  leaveUploadMode(torrentId: string): void {
    this.torrent(torrentId).leaveUploadMode()
  }

  /** The torrent with this id, in whichever session has it. */
  torrent(torrentId: string): FakeTorrent {
    const torrent = this.sessions
      .flatMap((session) => session.torrents)
      .find((each) => each.torrentId === torrentId)
    if (torrent === undefined) throw new Error(`no session has torrent ${torrentId}`)
    return torrent
  }

  #seedOf(torrent: FakeTorrent): PieceSource {
    const source = this.#seeds.get(torrent.infoHashV1 ?? '')
    if (source === undefined) throw new Error(`nobody seeds torrent ${torrent.torrentId}`)
    return source
  }
}
