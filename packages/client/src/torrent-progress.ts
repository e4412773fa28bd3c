import type { NativeTorrentStatus } from '@bae/native'
import type { AbortOptions, TorrentLayout } from '@bae/storage'
import { ClientError } from './errors.js'
import { PieceTally } from './piece-tally.js'
import { PieceWaiters, type WaitedFor } from './piece-waiters.js'
import type { TorrentContents } from './torrent-source.js'
import {
  INITIAL_STATUS,
  type MovedBytes,
  NOTHING_MOVED,
  nextStatus,
  type TorrentStatus,
} from './torrent-status.js'

/** libtorrent's code for an info section that has the right hash, and that it does not take. It does not say why. */
const metadataRefused = 'libtorrent:14'
const whyRefused =
  'what peers say of the torrent has the right hash, but libtorrent takes no such torrent: it is malformed or beyond a limit'

/** How far a torrent is, what is wrong with it, and who waits for it. */
export class TorrentProgress {
  /** The client itself holds the torrent back: then nothing is wrong with the storage. */
  uploadModeIsWished = false
  readonly #waiters = new PieceWaiters()
  #contents: TorrentContents | undefined
  #tally: PieceTally | undefined
  #native: NativeTorrentStatus | undefined
  /** Moved before the session lost the torrent last, as native counts from zero each time. */
  #earlier: MovedBytes = NOTHING_MOVED
  readonly #before: MovedBytes
  /** The last error of the storage: the cause of what libtorrent makes of it. */
  #storageFailure: unknown
  #failure: ClientError | undefined
  #noSpace: ClientError | undefined
  /** Why nothing will ever happen again: removed, or the client is closed. */
  #ended: ClientError | undefined
  /** Of what was known when somebody asked last. */
  #status: TorrentStatus = INITIAL_STATUS
  #isStatusOld = true

  readonly #changed: () => void

  /** `before`: what earlier runs of the client moved. `changed`: the status may be another one from now on. */
  constructor(
    contents: TorrentContents | undefined,
    before: MovedBytes = NOTHING_MOVED,
    changed: () => void = () => {},
  ) {
    this.#contents = contents
    this.#before = before
    this.#changed = changed
  }

  get status(): TorrentStatus {
    if (this.#isStatusOld) this.#status = this.#nextStatus()
    this.#isStatusOld = false
    return this.#status
  }

  get contents(): TorrentContents | undefined {
    return this.#contents
  }

  /** Undefined until the storage said what it holds. */
  get tally(): PieceTally | undefined {
    return this.#tally
  }

  get failure(): ClientError | undefined {
    return this.#failure
  }

  get noSpace(): ClientError | undefined {
    return this.#noSpace
  }

  /** Undefined while the torrent can still get on. */
  get ended(): ClientError | undefined {
    return this.#ended
  }

  get isFinished(): boolean {
    return this.#tally?.isFinished ?? false
  }

  /** True from the moment the storage said what it holds. */
  get isOpened(): boolean {
    return this.#tally !== undefined
  }

  /** Takes the contents, and what the storage says it holds, as the truth from now on. */
  open(contents: TorrentContents, bits: Uint8Array, filePriorities?: readonly number[]): void {
    const { layout } = contents
    this.#contents = contents
    this.#tally = new PieceTally(layout, bits, filePriorities)
    this.#waiters.settle('metadata')
    for (const waitedFor of this.#waiters.waitedFor)
      if (this.#isThere(waitedFor)) this.#waiters.settle(waitedFor)
    this.#refresh()
  }

  /** The files that it completed; undefined when the piece was completed already. */
  complete(piece: number): readonly number[] | undefined {
    const files = this.#tally?.set(piece)
    if (files === undefined) return undefined
    this.#refresh()
    this.#waiters.settle(piece)
    for (const file of files) this.#waiters.settle(`file ${file}`)
    if (this.isFinished) this.#waiters.settle('finished')
    return files
  }

  clear(piece: number): void {
    if (this.#tally?.clear(piece)) this.#refresh()
  }

  /** True when it is finished by this: what it waited for is no longer wanted. */
  want(filePriorities: readonly number[] | undefined): boolean {
    const wasFinished = this.isFinished
    this.#tally?.want(filePriorities)
    this.#refresh()
    if (this.isFinished) this.#waiters.settle('finished')
    return this.isFinished && !wasFinished
  }

  /** What native says now; undefined while the session does not have the torrent. */
  observe(native: NativeTorrentStatus | undefined): void {
    if (native === undefined) {
      const { downloadedBytes, uploadedBytes } = this.status
      this.#earlier = { downloadedBytes, uploadedBytes }
    }
    this.#native = native
    const isFull = native?.uploadMode === true && !this.uploadModeIsWished
    this.#noSpace = isFull ? (this.#noSpace ?? this.#noRoom()) : undefined
    this.#refresh()
  }

  noteStorageFailure(error: unknown): void {
    this.#storageFailure = error
  }

  /** For news at second hand: the bridge saw the original error. */
  noteStorageFailureUnlessKnown(error: unknown): void {
    this.#storageFailure ??= error
  }

  noteChecked(): void {
    this.#waiters.settle('checked')
  }

  /** The error that libtorrent stopped with, when it did; its cause is the storage's own error where there is one. */
  stoppedBy(): ClientError | undefined {
    const error = this.#native?.error
    if (error === undefined || this.#failure !== undefined) return undefined
    const cause = this.#storageFailure ?? Object.assign(new Error(error.message), { code: error.code })
    if (error.code === metadataRefused)
      return new ClientError('CLIENT_METADATA_REFUSED', whyRefused, { cause })
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
    const layout = await this.whenMetadata(options)
    const total = Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes)
    if (!Number.isInteger(piece) || piece < 0 || piece >= total) {
      throw new RangeError(`piece ${piece} is outside a torrent of ${total} pieces`)
    }
    if (!this.#isThere(piece)) await this.#wait(piece, options)
  }

  async whenFile(fileIndex: number, options: AbortOptions = {}): Promise<void> {
    const { files } = await this.whenMetadata(options)
    if (files[fileIndex] === undefined) {
      throw new RangeError(`file ${fileIndex} is outside a torrent of ${files.length} files`)
    }
    if (!this.#isThere(`file ${fileIndex}`)) await this.#wait(`file ${fileIndex}`, options)
  }

  async whenFinished(options: AbortOptions = {}): Promise<void> {
    await this.whenMetadata(options)
    if (!this.isFinished) await this.#wait('finished', options)
  }

  /** The check that is asked for now. */
  whenChecked(options: AbortOptions = {}): Promise<void> {
    return this.#wait('checked', options)
  }

  #isThere(waitedFor: WaitedFor): boolean {
    if (typeof waitedFor === 'number') return this.#tally?.has(waitedFor) ?? false
    if (waitedFor === 'finished') return this.isFinished
    return waitedFor.startsWith('file ') && (this.#tally?.isFileComplete(Number(waitedFor.slice(5))) ?? false)
  }

  #wait(waitedFor: WaitedFor, options: AbortOptions): Promise<void> {
    const refusal = this.#ended ?? this.#failure
    return refusal === undefined ? this.#waiters.wait(waitedFor, options.signal) : Promise.reject(refusal)
  }

  #noRoom(): ClientError {
    const message = 'the storage has no room: the torrent only uploads'
    return new ClientError('STORAGE_NO_SPACE', message, { cause: this.#storageFailure })
  }

  #refresh(): void {
    this.#isStatusOld = true
    this.#changed()
  }

  #nextStatus(): TorrentStatus {
    return nextStatus(this.#status, {
      native: this.#native,
      earlier: this.#earlier,
      before: this.#before,
      tally: this.#tally,
      failure: this.#failure,
      noSpace: this.#noSpace,
    })
  }
}
