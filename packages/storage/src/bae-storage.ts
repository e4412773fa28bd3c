import type { AbortOptions, ReadOptions } from './abort-options.js'
import { readBootId } from './boot-id.js'
import type { ByteRange } from './byte-range.js'
import { leafBytes, type MerkleRoot } from './chunk-key.js'
import { type LeafRun, leavesWithin } from './chunk-leaves.js'
import type { StagingChunkStore } from './chunk-store.js'
import { crashPoint } from './crash-point.js'
import type { Database, TorrentRecord } from './database.js'
import { destroyTorrent } from './delete-chunks.js'
import type { Durability } from './durability.js'
import { StorageError } from './errors.js'
import { forEachBounded } from './for-each-bounded.js'
import type { CreateHashLane } from './hash-lane.js'
import { InFlightCalls } from './in-flight-calls.js'
import { KeyedQueue } from './keyed-queue.js'
import { type Logger, silentLogger } from './logger.js'
import { isLoss } from './lost-bytes.js'
import { blockBytes, type ChunkSpan, PieceMapper } from './piece-mapper.js'
import { PieceProofs } from './piece-proofs.js'
import { recoverTorrent } from './recover-torrent.js'
import { type RepairReport, repairTorrent } from './repair-torrent.js'
import type { Damage, ScrubReport } from './scrub-report.js'
import { type ScrubOptions, scrubTorrent } from './scrub-torrent.js'
import type { Storage, WriteOptions } from './storage.js'
import { stagedChunk, type TorrentDeps } from './torrent-deps.js'
import type { TorrentLayout } from './torrent-layout.js'
import { createTorrentParts, type TorrentParts } from './torrent-parts.js'
import type { TorrentReaderDeps } from './torrent-reader.js'

/** The store and the database are lent: closing the storage leaves them open. */
export interface BaeStorageDeps {
  /** Already saved in the database. */
  readonly record: TorrentRecord
  readonly chunkStore: StagingChunkStore
  readonly database: Database
  readonly logger?: Logger
  /** Who opens it: see `FenceOptions`. */
  readonly fence?: number | undefined
  /** `'process'` unless set. */
  readonly durability?: Durability
  /** Which boot of the machine this is; asked of the system unless set. */
  readonly bootId?: string
  /** What the records say is completed, where that was asked just now and nobody else may have the torrent; taken over. */
  readonly completedPieces?: Uint8Array | undefined
  /** Runs when the storage begins to close. */
  readonly onEnd?: () => void
  /** For scrubs: hashes faster than Node. */
  readonly createHashLane?: CreateHashLane | undefined
  /** For the keys of chunks: the same. */
  readonly merkleRoot?: MerkleRoot | undefined
}

export interface RepairedScrubReport extends ScrubReport {
  /** Set where something was wrong and a repair was asked for. */
  readonly repair?: RepairReport
}

/** Spans of one piece that are written at once. */
const maxSpansAtOnce = 4

/**
 * The pieces of one torrent as chunks of a library. Written bytes are staged; once all pieces over a chunk
 * are complete it is sealed under its key. Memory: a bit a piece, and what is in flight.
 */
export class BaeStorage implements Storage {
  readonly layout: TorrentLayout
  readonly wantsBlockHashes = true
  readonly #deps: TorrentDeps
  readonly #parts: TorrentParts
  readonly #calls: InFlightCalls
  readonly #onEnd: (() => void) | undefined
  readonly #createHashLane: CreateHashLane | undefined
  readonly #record: TorrentRecord
  /** Ends what would keep `close` waiting. */
  readonly #ending = new AbortController()
  /** Orders the calls for one piece. Reading and completing change no byte: they run beside each other. */
  readonly #pieces = new KeyedQueue<number>()
  /** Pieces that reads found damaged, and that are being mended. */
  readonly #losing = new Set<number>()
  readonly #lostListeners = new Set<(pieces: readonly number[]) => void>()

  private constructor(
    { record, onEnd, createHashLane }: BaeStorageDeps,
    deps: TorrentDeps,
    parts: TorrentParts,
  ) {
    this.layout = record.layout
    this.#record = record
    this.#onEnd = onEnd
    this.#createHashLane = createHashLane
    this.#deps = deps
    this.#parts = parts
    this.#calls = new InFlightCalls(`the storage of torrent ${deps.torrentId}`)
  }

  /**
   * Brings the torrent's records and bytes in step first: pieces that were stored but not recorded are
   * hashed, not downloaded again; pieces whose staged bytes are gone are not claimed. With a fence: whoever had a
   * lower one changes nothing of the torrent any more, and gets STORAGE_FENCED; so does this where there was a higher one.
   */
  static async open(given: BaeStorageDeps, options: AbortOptions = {}): Promise<BaeStorage> {
    options.signal?.throwIfAborted()
    const { record, chunkStore, database, logger = silentLogger, ...rest } = given
    const mapper = new PieceMapper(record.layout, record)
    const { durability = 'process', bootId = await readBootId(), fence, merkleRoot } = rest
    const deps = { torrentId: record.id, mapper, chunkStore, database, logger, durability, fence, merkleRoot }
    if (fence !== undefined) await database.raiseFence(record.id, fence)
    const completed = rest.completedPieces ?? (await database.completedPieces(record.id))
    const parts = createTorrentParts(deps, record, completed)
    const proofs = new PieceProofs(mapper, record.layout, record.metadata)
    await recoverTorrent(deps, proofs, parts, { ...options, bootId })
    await parts.manifest.opened()
    return new BaeStorage(given, deps, parts)
  }

  async writePiece(piece: number, offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    await this.#calls.run(async () => {
      this.#assertWholeBlocks(piece, offset, bytes.length)
      await this.#pieces.exclusive(piece, async () => {
        options?.signal?.throwIfAborted()
        this.#parts.recorder.refuseFenced()
        await this.#uncomplete(piece)
        await this.#write(piece, offset, bytes, options)
      })
    })
  }

  async readPiece(piece: number, offset: number, length: number, options?: ReadOptions): Promise<Uint8Array> {
    return await this.#calls.run(() =>
      this.#pieces.shared(piece, async () => {
        options?.signal?.throwIfAborted()
        const complete = this.#parts.recorder.isComplete(piece)
        if (!complete) this.#assertWritten(piece, { offset, length })
        try {
          return await this.#parts.reader.read(piece, offset, length, options)
        } catch (error) {
          if (complete && isLoss(error)) this.#loseSoon(piece)
          throw error
        }
      }),
    )
  }

  async completePiece(piece: number): Promise<void> {
    await this.#calls.run(() =>
      this.#pieces.shared(piece, async () => {
        const length = this.#deps.mapper.pieceLengthBytes(piece)
        if (this.#parts.recorder.isComplete(piece)) return
        this.#assertWritten(piece, { offset: 0, length })
        await this.#parts.recorder.complete(piece)
        this.#parts.written.deleteAll(piece)
        if (this.#parts.completed.isFull()) await this.#allIsComplete()
      }),
    )
  }

  async clearPiece(piece: number): Promise<void> {
    await this.#calls.run(() =>
      this.#pieces.exclusive(piece, async () => {
        this.#deps.mapper.pieceLengthBytes(piece)
        await this.#uncomplete(piece)
      }),
    )
  }

  async completedPieces(): Promise<Uint8Array> {
    this.#calls.refuseWhenClosed()
    return this.#parts.completed.bits()
  }

  onPiecesLost(listener: (pieces: readonly number[]) => void): () => void {
    this.#lostListeners.add(listener)
    return () => this.#lostListeners.delete(listener)
  }

  /**
   * Checks every complete piece: see scrubTorrent. With `repair` what is wrong is mended from another copy, or taken
   * from the records, and told to those who listen for lost pieces. Closing the storage ends it with STORAGE_CLOSED.
   */
  async scrub(options: ScrubOptions & { readonly repair?: boolean } = {}): Promise<RepairedScrubReport> {
    const signals = [this.#ending.signal, ...(options.signal ? [options.signal] : [])]
    const scrubOptions = { ...options, signal: AbortSignal.any(signals) }
    return await this.#calls.run(async () => {
      const report = await scrubTorrent(this.#readerDeps(), scrubOptions)
      if (!options.repair || report.damage.length === 0) return report
      return { ...report, repair: await this.#repair(report.damage, scrubOptions) }
    })
  }

  async close(): Promise<void> {
    await this.#end()
    await this.#parts.barrier.run()
    this.#parts.barrier.end()
    await this.#parts.manifest.closing()
  }

  async destroy(): Promise<void> {
    await this.#end()
    this.#parts.barrier.end()
    await destroyTorrent(this.#deps, this.#deps.torrentId, this.#deps)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #end(): Promise<void> {
    this.#onEnd?.()
    this.#parts.recorder.hurry()
    const closed = this.#calls.close()
    this.#ending.abort(new StorageError('STORAGE_CLOSED', `torrent ${this.#deps.torrentId} was closed`))
    await closed
    await this.#parts.recorder.idle()
  }

  async #allIsComplete(): Promise<void> {
    await this.#parts.barrier.run()
    await this.#parts.manifest.complete()
  }

  async #write(
    piece: number,
    offset: number,
    bytes: Uint8Array,
    options: WriteOptions | undefined,
  ): Promise<void> {
    const range = { offset, length: bytes.length }
    const spans = this.#deps.mapper.chunksOfPiece(piece, range)
    const leaves = this.#leavesOf(spans, options?.blockHashes)
    // Not yet written again when something fails half way: then nobody knows what is there.
    this.#parts.written.delete(piece, range)
    await forEachBounded(spans, maxSpansAtOnce, async (span) => {
      const start = span.pieceOffset - offset
      await this.#writeSpan(span, bytes.subarray(start, start + span.length), leaves?.get(span), options)
    })
    this.#parts.written.add(piece, range)
    crashPoint('piece is staged')
  }

  /** Which of the digests that came with the bytes are whose. */
  #leavesOf(
    spans: readonly ChunkSpan[],
    blockHashes: Uint8Array | undefined,
  ): ReadonlyMap<ChunkSpan, LeafRun> | undefined {
    if (blockHashes === undefined) return undefined
    const leaves = new Map<ChunkSpan, LeafRun>()
    let at = 0
    for (const span of spans) {
      const wholeBytes = this.#deps.mapper.chunkLengthBytes(span.ordinal)
      const { first, end } = leavesWithin(span.chunkOffset, span.length, wholeBytes)
      const start = at
      at += (end - first) * leafBytes
      leaves.set(span, { first, digests: blockHashes.subarray(start, at) })
    }
    if (at === blockHashes.length) return leaves
    throw new RangeError(`the bytes have ${at} bytes of block hashes, not ${blockHashes.length}`)
  }

  /** `leaves`: the digests of the bytes, where the caller made them. */
  async #writeSpan(
    span: ChunkSpan,
    bytes: Uint8Array,
    leaves: LeafRun | undefined,
    options: AbortOptions | undefined,
  ): Promise<void> {
    const { chunkStore, mapper } = this.#deps
    const { ordinal, chunkOffset } = span
    this.#parts.leaves.forget(ordinal, chunkOffset, span.length)
    const wholeBytes = mapper.chunkLengthBytes(ordinal)
    const place = stagedChunk(this.#deps, span)
    const writing = chunkStore.staging.write(place, chunkOffset, bytes, { ...options, wholeBytes })
    // Hashed, where its caller did not, while other threads write it.
    const digests = leaves ?? this.#parts.leaves.hash(chunkOffset, bytes, wholeBytes)
    await writing
    crashPoint('part of a piece is staged')
    this.#parts.leaves.add(ordinal, digests)
  }

  /** Before the bytes of a piece change, or because they turned out wrong. */
  async #uncomplete(piece: number): Promise<void> {
    const { recorder, written } = this.#parts
    if (!recorder.mayBeRecorded(piece)) return
    const wasComplete = recorder.isComplete(piece)
    const gone = await recorder.uncomplete([piece])
    if (wasComplete) written.addAll(piece)
    this.#tellLost(gone, piece)
  }

  /** A read found that a complete piece is not there: unless it can be mended the records must not claim it any longer. */
  #loseSoon(piece: number): void {
    if (this.#calls.closed || this.#losing.has(piece)) return
    this.#losing.add(piece)
    const { logger, torrentId } = this.#deps
    const losing = this.scrub({ pieces: [piece], repair: true })
    const end = (): boolean => this.#losing.delete(piece)
    losing.then(end, (error: unknown) => {
      end()
      if (this.#calls.closed) return
      logger.error({ torrentId, piece, err: error }, 'a lost piece could not be taken from the records')
    })
  }

  async #repair(damage: readonly Damage[], options: AbortOptions): Promise<RepairReport> {
    const { mapper, logger, torrentId } = this.#deps
    const report = await repairTorrent(this.#readerDeps(), mapper, this.#parts, damage, options)
    const { healedChunks, lostPieces } = report
    logger.warn({ torrentId, healedChunks, lostPieces: lostPieces.length }, 'damaged chunks were found')
    this.#tellLost(new Set(lostPieces))
    return report
  }

  #readerDeps(): TorrentReaderDeps {
    const { chunkStore, database, fence } = this.#deps
    return { record: this.#record, chunkStore, database, fence, createHashLane: this.#createHashLane }
  }

  /** `known`: a piece whose caller takes it for incomplete already. */
  #tellLost(gone: ReadonlySet<number>, known?: number): void {
    for (const piece of gone) this.#parts.written.deleteAll(piece)
    const pieces = [...gone].filter((piece) => piece !== known).sort((a, b) => a - b)
    if (pieces.length === 0) return
    for (const listener of this.#lostListeners) listener(pieces)
  }

  #assertWritten(piece: number, range: ByteRange): void {
    if (this.#parts.written.covers(piece, range)) return
    const where = `bytes ${range.offset} to ${range.offset + range.length} of piece ${piece}`
    throw new StorageError(
      'STORAGE_PIECE_NOT_FOUND',
      `${where} of torrent ${this.#deps.torrentId} were never written`,
    )
  }

  #assertWholeBlocks(piece: number, offset: number, length: number): void {
    const pieceLength = this.#deps.mapper.pieceLengthBytes(piece)
    const end = offset + length
    const inside = Number.isInteger(offset) && offset >= 0 && length > 0 && end <= pieceLength
    if (inside && offset % blockBytes === 0 && (end % blockBytes === 0 || end === pieceLength)) return
    const where = `bytes ${offset} to ${end} are not whole blocks of piece ${piece}`
    throw new StorageError('STORAGE_PIECE_LENGTH', `${where}, which has ${pieceLength} bytes`)
  }
}
