import type { AbortOptions } from './abort-options.js'
import type { StagingChunkStore } from './chunk-store.js'
import type { Database, TorrentRecord } from './database.js'
import { StorageError } from './errors.js'
import type { CreateHashLane } from './hash-lane.js'
import { PieceMapper } from './piece-mapper.js'
import { PieceReader } from './piece-reader.js'
import { PieceSet } from './piece-set.js'
import { RecordedKeys } from './recorded-keys.js'

export interface TorrentReaderDeps {
  readonly record: TorrentRecord
  readonly chunkStore: StagingChunkStore
  readonly database: Database
  /** Of whose staged chunks are read; left out: of the newest writer. */
  readonly fence?: number | undefined
  /** For scrubs: hashes faster than Node. */
  readonly createHashLane?: CreateHashLane | undefined
}

/**
 * Reads the recorded pieces of a torrent, also while another process fills it: it writes nothing, repairs
 * nothing and holds nothing open, so it needs no closing.
 */
export class TorrentReader {
  readonly #deps: TorrentReaderDeps
  readonly #mapper: PieceMapper
  readonly #reader: PieceReader
  #completed: PieceSet

  constructor(deps: TorrentReaderDeps) {
    const { record, chunkStore, database } = deps
    this.#deps = deps
    this.#mapper = new PieceMapper(record.layout, record)
    this.#completed = new PieceSet(this.#mapper.pieceCount)
    const keys = new RecordedKeys(database, record.id, this.#mapper.chunkCount)
    this.#reader = new PieceReader({
      torrentId: record.id,
      mapper: this.#mapper,
      chunkStore,
      fence: deps.fence,
      keyOf: async (ordinal, again) => {
        if (again) keys.forget(ordinal)
        return await keys.find(ordinal)
      },
    })
  }

  /**
   * Exactly `length` bytes; padding reads as zeroes. Rejects STORAGE_PIECE_NOT_FOUND for a piece that is not
   * recorded as complete, STORAGE_CHUNK_MISSING or STORAGE_CORRUPT for one whose bytes are gone.
   */
  async readPiece(
    piece: number,
    offset: number,
    length: number,
    options?: AbortOptions,
  ): Promise<Uint8Array> {
    options?.signal?.throwIfAborted()
    this.#mapper.pieceLengthBytes(piece)
    if (!this.#completed.has(piece)) await this.#refresh()
    if (this.#completed.has(piece)) return await this.#reader.read(piece, offset, length, options)
    throw new StorageError(
      'STORAGE_PIECE_NOT_FOUND',
      `piece ${piece} of torrent ${this.#deps.record.id} is not complete`,
    )
  }

  /** As recorded now: one bit a piece in BEP 3 order. */
  async completedPieces(): Promise<Uint8Array> {
    await this.#refresh()
    return this.#completed.bits()
  }

  async #refresh(): Promise<void> {
    const { database, record } = this.#deps
    this.#completed = new PieceSet(this.#mapper.pieceCount, await database.completedPieces(record.id))
  }
}
