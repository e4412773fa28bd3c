import type { ReadOptions } from './abort-options.js'
import { assertInto } from './chunk-store/read-exactly.js'
import type { ChunkKey } from './chunk-store.js'
import { isBaeError, StorageError } from './errors.js'
import { forEachBounded } from './for-each-bounded.js'
import type { ChunkSpan } from './piece-mapper.js'
import { stagedChunk, type TorrentDeps } from './torrent-deps.js'

export interface PieceReaderDeps extends Pick<TorrentDeps, 'torrentId' | 'mapper' | 'chunkStore' | 'fence'> {
  /** The recorded key of a chunk. `again`: what was answered before led nowhere. */
  readonly keyOf: (ordinal: number, again: boolean) => Promise<ChunkKey | undefined>
}

/** Spans of one piece that are read at once. */
const maxSpansAtOnce = 4

/** The store hears of so many chunks before they are read. */
const chunksAhead = 4

/** A chunk may be sealed or unsealed between two looks, by another process too: so often is looked. */
const looks = 3

/** Puts pieces together from stored and staged chunks. Whether a piece may be read at all is for its caller to know. */
export class PieceReader {
  readonly #deps: PieceReaderDeps
  /** The chunk that was read last. */
  #last = -1

  constructor(deps: PieceReaderDeps) {
    this.#deps = deps
  }

  /** Exactly `length` bytes. Rejects STORAGE_CHUNK_MISSING or STORAGE_CORRUPT. */
  async read(piece: number, offset: number, length: number, options?: ReadOptions): Promise<Uint8Array> {
    const spans = this.#deps.mapper.chunksOfPiece(piece, { offset, length })
    assertInto({ offset, length }, options?.into)
    const [first] = spans
    if (first !== undefined && first.length === length) return await this.readSpan(first, options)
    const bytes = options?.into ?? new Uint8Array(length)
    const isPadded = spans.reduce((sum, span) => sum + span.length, 0) < length
    if (isPadded) bytes.fill(0)
    await forEachBounded(spans, maxSpansAtOnce, async (span) => {
      const start = span.pieceOffset - offset
      const into = bytes.subarray(start, start + span.length)
      const read = await this.readSpan(span, { ...options, into })
      if (read !== into) into.set(read)
    })
    return bytes
  }

  /** Where a chunk has a recorded key its object is read, else, or while it has not got there yet, the staged one. */
  async readSpan(span: ChunkSpan, options?: ReadOptions): Promise<Uint8Array> {
    const { torrentId, chunkStore, keyOf } = this.#deps
    this.#tellAhead(span.ordinal)
    const range = { offset: span.chunkOffset, length: span.length }
    const staged = stagedChunk(this.#deps, span)
    let key: ChunkKey | undefined
    for (let look = 0; look < looks; look++) {
      key = await keyOf(span.ordinal, look > 0)
      const sealed = key === undefined ? undefined : await this.#readSealed(key, span, options)
      if (sealed instanceof Uint8Array) return sealed
      const bytes = await chunkStore.staging.read(staged, range, options)
      if (bytes !== undefined) return bytes
      if (sealed !== undefined) throw sealed
    }
    const name = `chunk ${span.chunk} of file ${span.fileIndex} of torrent ${torrentId}`
    throw new StorageError(
      'STORAGE_CHUNK_MISSING',
      `${name} is not there${key === undefined ? '' : `: ${key}`}`,
    )
  }

  /** Who reads chunk after chunk will want the next ones, too. */
  #tellAhead(ordinal: number): void {
    const inSequence = ordinal === this.#last + 1
    this.#last = ordinal
    if (!inSequence || this.#deps.chunkStore.willRead === undefined) return
    // Only a hint: whoever reads the chunk hears of the failure.
    this.#tellNext(ordinal + 1).catch(() => undefined)
  }

  async #tellNext(first: number): Promise<void> {
    const { chunkStore, keyOf, mapper } = this.#deps
    const keys: ChunkKey[] = []
    for (let ordinal = first; ordinal < Math.min(first + chunksAhead, mapper.chunkCount); ordinal++) {
      const key = await keyOf(ordinal, false)
      if (key !== undefined) keys.push(key)
    }
    chunkStore.willRead?.(keys)
  }

  /** Answers STORAGE_UNAVAILABLE instead of throwing it: the chunk may be staged yet. */
  async #readSealed(
    key: ChunkKey,
    span: ChunkSpan,
    options: ReadOptions | undefined,
  ): Promise<Uint8Array | Error | undefined> {
    const range = { offset: span.chunkOffset, length: span.length }
    try {
      return await this.#deps.chunkStore.get(key, { ...options, range })
    } catch (error) {
      if (isBaeError(error, 'STORAGE_UNAVAILABLE')) return error
      if (!(error instanceof RangeError)) throw error
      throw new StorageError('STORAGE_CORRUPT', `chunk ${key} is shorter than it was`, { cause: error })
    }
  }
}
