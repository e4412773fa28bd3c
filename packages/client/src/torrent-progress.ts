import type { NativeTorrentStatus } from '@bae/native'
import type { AbortOptions, TorrentLayout, TorrentMetadata } from '@bae/storage'
import { ClientError } from './errors.js'
import { PieceBits } from './piece-bits.js'
import { PieceWaiters, type WaitedFor } from './piece-waiters.js'
import type { TorrentStatus } from './torrent.js'
import { INITIAL_STATUS, nextStatus } from './torrent-status.js'

export interface TorrentContents {
  readonly layout: TorrentLayout
  readonly metadata: TorrentMetadata
}

/** How far a torrent is, what is wrong with it, and who waits for it. */
export class TorrentProgress {
  readonly #waiters = new PieceWaiters()
  #contents: TorrentContents | undefined
  #bits: PieceBits | undefined
  #native: NativeTorrentStatus | undefined
  /** Moved before the session lost the torrent last, as native counts from zero each time. */
  #earlier = { downloadedBytes: 0, uploadedBytes: 0 }
  /** The last error of the storage: the cause of what libtorrent makes of it. */
  #storageFailure: unknown
  #failure: ClientError | undefined
  #noSpace: ClientError | undefined
  /** Why nothing will ever happen again: removed, or the client is closed. */
  #ended: ClientError | undefined
  #status: TorrentStatus = INITIAL_STATUS

  constructor(contents: TorrentContents | undefined) {
    this.#contents = contents
  }

  get status(): TorrentStatus {
    return this.#status
  }

  get contents(): TorrentContents | undefined {
    return this.#contents
  }

  get failure(): ClientError | undefined {
    return this.#failure
  }

  /** Undefined while the torrent can still get on. */
  get ended(): ClientError | undefined {
    return this.#ended
  }

  get isComplete(): boolean {
    return this.#bits?.isComplete ?? false
  }

  /** True from the moment the storage said what it holds. */
  get isOpened(): boolean {
    return this.#bits !== undefined
  }

  /** Takes the contents, and what the storage says it holds, as the truth from now on. */
  open(contents: TorrentContents, bits: Uint8Array): void {
    this.#contents = contents
    this.#bits = new PieceBits(pieceCount(contents.layout), bits)
    this.#waiters.settle('metadata')
    for (let piece = 0; piece < this.#bits.total; piece++)
      if (this.#bits.has(piece)) this.#waiters.settle(piece)
    if (this.#bits.isComplete) this.#waiters.settle('finished')
    this.#refresh()
  }

  /** False when the piece was completed already. */
  complete(piece: number): boolean {
    if (!this.#bits?.set(piece)) return false
    this.#refresh()
    this.#waiters.settle(piece)
    if (this.#bits.isComplete) this.#waiters.settle('finished')
    return true
  }

  clear(piece: number): void {
    if (this.#bits?.clear(piece)) this.#refresh()
  }

  /** What native says now; undefined while the session does not have the torrent. */
  observe(native: NativeTorrentStatus | undefined): void {
    if (native === undefined) {
      this.#earlier = {
        downloadedBytes: this.#status.downloadedBytes,
        uploadedBytes: this.#status.uploadedBytes,
      }
    }
    this.#native = native
    if (native?.uploadMode) {
      this.#noSpace ??= new ClientError(
        'STORAGE_NO_SPACE',
        'the storage has no room: the torrent only uploads',
        {
          cause: this.#storageFailure,
        },
      )
    } else {
      this.#noSpace = undefined
    }
    this.#refresh()
  }

  noteStorageFailure(error: unknown): void {
    this.#storageFailure = error
  }

  /** For news at second hand: the bridge saw the original error. */
  noteStorageFailureUnlessKnown(error: unknown): void {
    this.#storageFailure ??= error
  }

  /** The error that libtorrent stopped with, when it did; its cause is the storage's own error where there is one. */
  stoppedBy(): ClientError | undefined {
    const error = this.#native?.error
    if (error === undefined || this.#failure !== undefined) return undefined
    const cause = this.#storageFailure ?? Object.assign(new Error(error.message), { code: error.code })
    return new ClientError('CLIENT_TORRENT_FAILED', `the torrent stopped: ${error.message}`, { cause })
  }

  /** False when it has failed or ended already. */
  fail(error: ClientError): boolean {
    if (this.#failure !== undefined || this.#ended !== undefined) return false
    this.#failure = error
    this.#refresh()
    this.#waiters.fail(error)
    return true
  }

  /** A failed torrent gets another chance. */
  recover(): void {
    this.#failure = undefined
    this.#storageFailure = undefined
    this.#refresh()
  }

  /** Nothing happens from now on; who waits is told why. */
  end(reason: ClientError): void {
    this.#ended ??= reason
    this.#waiters.fail(this.#ended)
  }

  async whenMetadata(options: AbortOptions = {}): Promise<TorrentLayout> {
    options.signal?.throwIfAborted()
    if (this.#contents === undefined) await this.#wait('metadata', options)
    return this.#contents?.layout ?? this.whenMetadata(options)
  }

  async whenPiece(piece: number, options: AbortOptions = {}): Promise<void> {
    const total = pieceCount(await this.whenMetadata(options))
    if (!Number.isInteger(piece) || piece < 0 || piece >= total) {
      throw new RangeError(`piece ${piece} is outside a torrent of ${total} pieces`)
    }
    if (!this.#bits?.has(piece)) await this.#wait(piece, options)
  }

  async whenFinished(options: AbortOptions = {}): Promise<void> {
    await this.whenMetadata(options)
    if (!this.isComplete) await this.#wait('finished', options)
  }

  #wait(waitedFor: WaitedFor, options: AbortOptions): Promise<void> {
    const refusal = this.#ended ?? this.#failure
    return refusal === undefined ? this.#waiters.wait(waitedFor, options.signal) : Promise.reject(refusal)
  }

  #refresh(): void {
    this.#status = nextStatus(this.#status, {
      native: this.#native,
      earlier: this.#earlier,
      bits: this.#bits,
      failure: this.#failure,
      noSpace: this.#noSpace,
    })
  }
}

function pieceCount(layout: TorrentLayout): number {
  return Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes)
}
