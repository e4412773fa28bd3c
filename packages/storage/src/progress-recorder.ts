import type { ChunkSealer } from './chunk-sealer.js'
import type { ChunkKey } from './chunk-store.js'
import { crashPoint } from './crash-point.js'
import type { SealedChunk } from './database.js'
import { deleteUnreferencedChunks } from './delete-chunks.js'
import type { FlushBarrier } from './durability.js'
import { isBaeError } from './errors.js'
import type { KeyedQueue } from './keyed-queue.js'
import { isLoss } from './lost-bytes.js'
import type { PieceSet } from './piece-set.js'
import type { RecordedKeys } from './recorded-keys.js'
import { RestBetween } from './rest-between.js'
import type { TorrentDeps } from './torrent-deps.js'

interface Batch {
  readonly pieces: Set<number>
  readonly recorded: Promise<void>
}

export interface ProgressRecorderParts {
  readonly completed: PieceSet
  readonly keys: RecordedKeys
  readonly sealer: ChunkSealer
  readonly barrier: FlushBarrier
  /** One change of the records runs at a time. */
  readonly steps: KeyedQueue<'step'>
}

/**
 * Keeps the records of one torrent and its chunks in step. Bytes first, then their record, then the name:
 * a chunk is keyed and recorded with the pieces that complete it in one transaction, and renamed after. On
 * the way back the bytes are staged again before the record goes. One such step runs at a time, so a
 * chunk is sealed if and only if all pieces over it are complete.
 */
export class ProgressRecorder {
  readonly #deps: TorrentDeps
  readonly #parts: ProgressRecorderParts
  /** Waits for its turn and takes more pieces until then: while one transaction is under way the next one grows. */
  #waiting: Batch | undefined
  /** A transaction costs as much as some tens of pieces in it: where they come fast, they wait for each other. */
  readonly #rest = new RestBetween()
  #recording = false
  /** Their transaction failed, which does not say that it was not committed: they may be recorded. */
  readonly #doubtful = new Set<number>()
  /** STORAGE_FENCED: the first change that was refused for it is the last one. */
  #fenced: Error | undefined

  constructor(deps: TorrentDeps, parts: ProgressRecorderParts) {
    this.#deps = deps
    this.#parts = parts
  }

  /** Throws STORAGE_FENCED once a newer writer was met: what is stored now would be for nobody. */
  refuseFenced(): void {
    if (this.#fenced !== undefined) throw this.#fenced
  }

  isComplete(piece: number): boolean {
    return this.#parts.completed.has(piece)
  }

  /** True when the records may call the piece complete: before its bytes change, `uncomplete` it. */
  mayBeRecorded(piece: number): boolean {
    return this.isComplete(piece) || this.#doubtful.has(piece)
  }

  isSealed(ordinal: number): boolean {
    return this.#allPieces(ordinal, (piece) => this.isComplete(piece))
  }

  /** Settles when the piece is recorded as complete. All its bytes are staged, and nobody writes them meanwhile. */
  async complete(piece: number): Promise<void> {
    this.#waiting ??= this.#beginBatch()
    this.#waiting.pieces.add(piece)
    if (this.#completesAll(this.#waiting.pieces)) this.#rest.hurry()
    await this.#waiting.recorded
  }

  /**
   * The pieces are no longer complete; their chunks are staged ones again. Answers those pieces, among these
   * and others, that were complete and whose bytes turned out to be gone. `proven`: pieces that were found right
   * by their own hashes, and stay complete where the chunk they share with lost ones is damaged.
   */
  async uncomplete(
    pieces: Iterable<number>,
    proven: ReadonlySet<number> = new Set(),
  ): Promise<ReadonlySet<number>> {
    const asked = [...pieces]
    return await this.#parts.steps.exclusive('step', () => this.#uncomplete(asked, proven))
  }

  /** From now on nothing waits for more pieces. */
  hurry(): void {
    this.#rest.end()
  }

  /** Settles, and never rejects, when everything begun is done, the renames included. */
  async idle(): Promise<void> {
    await this.#parts.steps.exclusive('step', async () => {})
  }

  #beginBatch(): Batch {
    const pieces = new Set<number>()
    const recorded = new Promise<void>((resolve, reject) => {
      this.#recordInTurn(pieces, resolve).then(resolve, reject)
    })
    return { pieces, recorded }
  }

  /** A piece that comes while nothing is being recorded is recorded at once, as those of whoever waits for each are. */
  async #recordInTurn(pieces: ReadonlySet<number>, onRecorded: () => void): Promise<void> {
    if (this.#recording) {
      await this.idle()
      if (!this.#completesAll(pieces)) await this.#rest.rest()
    }
    await this.#parts.steps.exclusive('step', async () => {
      this.#waiting = undefined
      this.#recording = true
      const end = (): void => {
        this.#recording = false
        onRecorded()
      }
      await this.#rest
        .work(() => this.#record(pieces, end))
        .finally(() => {
          this.#recording = false
        })
    })
  }

  #completesAll(pieces: ReadonlySet<number>): boolean {
    return this.#parts.completed.count() + pieces.size >= this.#deps.mapper.pieceCount
  }

  async #record(pieces: ReadonlySet<number>, onRecorded: () => void): Promise<void> {
    const { completed, keys, sealer, barrier } = this.#parts
    const { chunkStore, database, durability, fence, torrentId } = this.#deps
    const sealedChunks = await this.#keysOf(this.#chunksCompletedBy(pieces))
    const flushed = durability === 'power'
    crashPoint('keys of a batch are known')
    if (flushed) {
      await chunkStore.flush()
      crashPoint('batch is flushed before it is recorded')
    }
    for (const piece of pieces) this.#doubtful.add(piece)
    const progress = { completedPieces: [...pieces], sealedChunks, flushed }
    await this.#unlessFenced(() => database.recordProgress(torrentId, progress, { fence }))
    crashPoint('batch is recorded')
    if (!flushed) barrier.recorded(pieces)
    for (const { ordinal } of sealedChunks) keys.forget(ordinal)
    for (const piece of pieces) {
      completed.add(piece)
      this.#doubtful.delete(piece)
    }
    onRecorded()
    await sealer.seal(sealedChunks)
  }

  /** Chunks under these pieces that have every byte once these pieces are complete, and had not before. */
  #chunksCompletedBy(pieces: ReadonlySet<number>): Set<number> {
    const ordinals = new Set<number>()
    for (const piece of pieces) {
      if (this.isComplete(piece)) continue
      for (const { ordinal } of this.#deps.mapper.chunksOfPiece(piece)) {
        if (this.#allPieces(ordinal, (one) => pieces.has(one) || this.isComplete(one))) ordinals.add(ordinal)
      }
    }
    return ordinals
  }

  async #uncomplete(asked: readonly number[], proven: ReadonlySet<number>): Promise<ReadonlySet<number>> {
    const { completed, keys } = this.#parts
    const pieces = new Set(asked.filter((piece) => this.mayBeRecorded(piece)))
    const gone = new Set<number>()
    if (pieces.size === 0) return gone
    const ordinals = await this.#unsealBelow(pieces, gone, proven)
    this.#parts.barrier.forget(pieces)
    const lost = { pieces: [...pieces], ordinals: [...ordinals] }
    crashPoint('chunks of lost pieces are staged again')
    const { database, fence, torrentId } = this.#deps
    const unreferenced = await this.#unlessFenced(() => database.clearProgress(torrentId, lost, { fence }))
    crashPoint('lost pieces are not recorded any more')
    for (const ordinal of ordinals) keys.forget(ordinal)
    for (const piece of pieces) {
      completed.delete(piece)
      this.#doubtful.delete(piece)
    }
    await this.#forgetObjects(unreferenced)
    return gone
  }

  /** Staged chunks are gone when a newer writer has taken them over: then that is the answer. */
  async #keysOf(ordinals: Iterable<number>): Promise<readonly SealedChunk[]> {
    const { database, fence, torrentId } = this.#deps
    try {
      return await this.#parts.sealer.keysOf(ordinals)
    } catch (error) {
      if (fence !== undefined && isLoss(error))
        await this.#unlessFenced(() => database.raiseFence(torrentId, fence))
      throw error
    }
  }

  async #unlessFenced<T>(change: () => Promise<T>): Promise<T> {
    this.refuseFenced()
    try {
      return await change()
    } catch (error) {
      if (isBaeError(error, 'STORAGE_FENCED')) this.#noteFenced(error)
      throw error
    }
  }

  #noteFenced(error: Error): void {
    const { logger, torrentId } = this.#deps
    if (this.#fenced === undefined)
      logger.warn(
        { torrentId, err: error },
        'a newer owner has the torrent: nothing of it is stored here any more',
      )
    this.#fenced = error
  }

  /** Where a chunk is gone all pieces over it go too: `pieces` grows while it is walked. */
  async #unsealBelow(
    pieces: Set<number>,
    gone: Set<number>,
    proven: ReadonlySet<number>,
  ): Promise<Set<number>> {
    const { mapper } = this.#deps
    const ordinals = new Set<number>()
    for (const piece of pieces) {
      for (const { ordinal } of mapper.chunksOfPiece(piece)) {
        const sealed = this.isSealed(ordinal)
        if (ordinals.has(ordinal) || !(sealed || this.#doubtful.has(piece))) continue
        ordinals.add(ordinal)
        if (!sealed) continue
        const key = await this.#parts.keys.find(ordinal)
        const othersAreProven = this.#allPieces(ordinal, (one) => pieces.has(one) || proven.has(one))
        if (key === undefined || (await this.#parts.sealer.unseal(ordinal, key, othersAreProven))) continue
        const { first, end } = mapper.pieceRangeOfChunk(ordinal)
        for (let one = first; one < end; one++) {
          pieces.add(one)
          gone.add(one)
        }
      }
    }
    return ordinals
  }

  /** What cannot be deleted now is an orphan without a record: it costs space and tells no lie. */
  async #forgetObjects(unreferenced: readonly ChunkKey[]): Promise<void> {
    const { logger, torrentId } = this.#deps
    try {
      await deleteUnreferencedChunks(this.#deps, unreferenced)
    } catch (error) {
      logger.warn({ torrentId, err: error }, 'chunks that nothing refers to could not be deleted')
    }
  }

  #allPieces(ordinal: number, test: (piece: number) => boolean): boolean {
    const { first, end } = this.#deps.mapper.pieceRangeOfChunk(ordinal)
    for (let piece = first; piece < end; piece++) {
      if (!test(piece)) return false
    }
    return true
  }
}
