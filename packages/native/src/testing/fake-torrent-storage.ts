import { createHash } from 'node:crypto'
import { lending } from '../lent-bytes.js'
import type { ParsedTorrent, StorageHandler } from '../native-session.js'
import type { HandlerCalls } from './handler-calls.js'
import { payloadBytes, readPayload, spoil } from './payload.js'

/** Bytes of one piece. */
export interface PieceRange {
  readonly offset: number
  readonly length: number
}

export interface FakeTorrentStorageDeps {
  readonly handler: StorageHandler
  readonly calls: HandlerCalls
}

/** What a fake torrent asks of the storage that its handler keeps under one index. */
export class FakeTorrentStorage {
  readonly contents: ParsedTorrent
  readonly #deps: FakeTorrentStorageDeps
  readonly #index: number

  constructor(deps: FakeTorrentStorageDeps, index: number, contents: ParsedTorrent) {
    this.#deps = deps
    this.#index = index
    this.contents = contents
  }

  open(torrentId: string): ReturnType<StorageHandler['openStorage']> {
    const { handler, calls } = this.#deps
    const { layout, metadata } = this.contents
    return calls.make(() => handler.openStorage(this.#index, torrentId, layout, metadata), this.#index)
  }

  read(piece: number, range: PieceRange): Promise<Uint8Array> {
    const { handler, calls } = this.#deps
    const place = { storageIndex: this.#index, piece, ...range }
    return calls.make(() => readPayload(handler, this.contents.layout, place), this.#index)
  }

  /** The bytes are lent: they are garbage as soon as the storage's own promise has settled. */
  async write(piece: number, bytes: Uint8Array): Promise<void> {
    const { handler, calls } = this.#deps
    const lent = bytes.slice(0, payloadBytes(this.contents.layout, piece))
    if (lent.length === 0) return
    await calls.make(
      () => lending(lent, () => handler.writePiece(this.#index, piece, 0, lent)),
      this.#index,
      () => spoil(lent),
    )
  }

  complete(piece: number): Promise<void> {
    const { handler, calls } = this.#deps
    return calls.make(() => handler.completePiece(this.#index, piece), this.#index)
  }

  /** Whether what is stored of a piece has its hash. */
  async isRight(piece: number): Promise<boolean> {
    const { layout, metadata } = this.contents
    const start = piece * layout.pieceLengthBytes
    const length = Math.min(layout.pieceLengthBytes, layout.totalLengthBytes - start)
    const [read] = await Promise.allSettled([this.read(piece, { offset: 0, length })])
    if (read.status === 'rejected') return false
    const hash = createHash('sha1').update(read.value).digest()
    return hash.equals(metadata.pieceHashesV1?.subarray(piece * 20, piece * 20 + 20) ?? new Uint8Array())
  }

  /** The last call, also of a session that closes: after all others have ended. */
  async close(deleteData: boolean): Promise<void> {
    const { handler, calls } = this.#deps
    await calls.settled(this.#index)
    await calls.makeLast(() => handler.closeStorage(this.#index, deleteData))
  }
}
