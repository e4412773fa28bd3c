import type { AbortOptions, Storage, TorrentLayout } from '@bae/storage'
import { FakeError } from './fake-error.js'

const BLOCK_BYTES = 16 * 1024

/** One piece of a MapStorage. */
export interface StoredPiece {
  readonly bytes: Uint8Array
  /** One byte for each of the piece: 1 where it was written. */
  readonly written: Uint8Array
  completed: boolean
}

type Pieces = Map<number, StoredPiece>

export interface MapStorageCall {
  readonly name:
    | 'writePiece'
    | 'readPiece'
    | 'completePiece'
    | 'clearPiece'
    | 'completedPieces'
    | 'close'
    | 'destroy'
  readonly piece?: number
}

/** A Storage whose bytes are in a Map. It copies what it is lent, and keeps completed pieces for the next one to open. */
export class MapStorage implements Storage {
  readonly layout: TorrentLayout
  /** Runs inside each call before it takes effect: throwing or rejecting fails the call, waiting holds it. */
  before: (call: MapStorageCall) => Promise<void> | void = () => {}
  readonly #pieces: Pieces
  readonly #listeners = new Set<(pieces: readonly number[]) => void>()
  readonly #inFlight = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(layout: TorrentLayout, pieces: Pieces = new Map()) {
    this.layout = layout
    this.#pieces = pieces
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  writePiece(piece: number, offset: number, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    return this.#call({ name: 'writePiece', piece }, options, () => {
      const length = this.#lengthOf(piece)
      const end = offset + bytes.length
      const isAligned = offset % BLOCK_BYTES === 0 && (end % BLOCK_BYTES === 0 || end === length)
      if (!isAligned || offset < 0 || bytes.length === 0 || end > length) {
        throw new FakeError('STORAGE_PIECE_LENGTH', `[${offset}, ${end}) are no blocks of piece ${piece}`)
      }
      const stored = this.#pieces.get(piece) ?? this.#emptyPiece(piece, length)
      stored.bytes.set(bytes, offset)
      stored.written.fill(1, offset, end)
      this.#zeroPadding(piece, stored)
      stored.completed = false
      this.#pieces.set(piece, stored)
    })
  }

  readPiece(piece: number, offset: number, length: number, options?: AbortOptions): Promise<Uint8Array> {
    return this.#call({ name: 'readPiece', piece }, options, () => {
      if (offset < 0 || length < 0 || offset + length > this.#lengthOf(piece)) {
        throw new RangeError(`piece ${piece} has no bytes [${offset}, ${offset + length})`)
      }
      const stored = this.#pieces.get(piece) ?? this.#emptyPiece(piece, this.#lengthOf(piece))
      if (stored.written.subarray(offset, offset + length).includes(0)) throw notFound(piece)
      return stored.bytes.slice(offset, offset + length)
    })
  }

  completePiece(piece: number): Promise<void> {
    return this.#call({ name: 'completePiece', piece }, undefined, () => {
      const stored = this.#pieces.get(piece) ?? this.#emptyPiece(piece, this.#lengthOf(piece))
      if (stored.written.includes(0)) throw notFound(piece)
      stored.completed = true
      this.#pieces.set(piece, stored)
    })
  }

  clearPiece(piece: number): Promise<void> {
    return this.#call({ name: 'clearPiece', piece }, undefined, () => {
      this.#lengthOf(piece)
      const stored = this.#pieces.get(piece)
      if (stored !== undefined) stored.completed = false
    })
  }

  completedPieces(): Promise<Uint8Array> {
    return this.#call({ name: 'completedPieces' }, undefined, () => {
      const bits = new Uint8Array(Math.ceil(this.#pieceCount() / 8))
      for (const [piece, { completed }] of this.#pieces) {
        if (completed) bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
      }
      return bits
    })
  }

  onPiecesLost(listener: (pieces: readonly number[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** As if a scrub had found them damaged. */
  losePieces(pieces: readonly number[]): void {
    for (const piece of pieces) this.#pieces.delete(piece)
    for (const listener of [...this.#listeners]) listener(pieces)
  }

  close(): Promise<void> {
    this.#closing ??= this.#end({ name: 'close' }, (pieces) => {
      for (const [piece, { completed }] of pieces) if (!completed) pieces.delete(piece)
    })
    return this.#closing
  }

  destroy(): Promise<void> {
    this.#closing ??= this.#end({ name: 'destroy' }, (pieces) => pieces.clear())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #call<T>(call: MapStorageCall, options: AbortOptions | undefined, effect: () => T): Promise<T> {
    if (this.#closing !== undefined)
      return Promise.reject(new FakeError('STORAGE_CLOSED', `${call.name} after close`))
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    const result = this.#held(call, effect)
    const settled: Promise<unknown> = Promise.allSettled([result]).then(() => this.#inFlight.delete(settled))
    this.#inFlight.add(settled)
    return result
  }

  async #held<T>(call: MapStorageCall, effect: () => T): Promise<T> {
    const before = this.before(call)
    if (before !== undefined) await before
    return effect()
  }

  async #end(call: MapStorageCall, effect: (pieces: Pieces) => void): Promise<void> {
    await Promise.all(this.#inFlight)
    await this.before(call)
    this.#listeners.clear()
    effect(this.#pieces)
  }

  #emptyPiece(piece: number, length: number): StoredPiece {
    const stored = { bytes: new Uint8Array(length), written: new Uint8Array(length), completed: false }
    this.#zeroPadding(piece, stored)
    return stored
  }

  #zeroPadding(piece: number, { bytes, written }: StoredPiece): void {
    const start = piece * this.layout.pieceLengthBytes
    for (const file of this.layout.files) {
      if (file.kind !== 'padding') continue
      const from = Math.max(0, file.offsetBytes - start)
      const to = Math.max(from, file.offsetBytes + file.lengthBytes - start)
      bytes.fill(0, from, to)
      written.fill(1, from, to)
    }
  }

  #pieceCount(): number {
    return Math.ceil(this.layout.totalLengthBytes / this.layout.pieceLengthBytes)
  }

  #lengthOf(piece: number): number {
    if (!Number.isInteger(piece) || piece < 0 || piece >= this.#pieceCount()) {
      throw new RangeError(`piece ${piece} is outside a torrent of ${this.#pieceCount()} pieces`)
    }
    const start = piece * this.layout.pieceLengthBytes
    return Math.min(this.layout.pieceLengthBytes, this.layout.totalLengthBytes - start)
  }
}

function notFound(piece: number): FakeError {
  return new FakeError('STORAGE_PIECE_NOT_FOUND', `piece ${piece} was not written`)
}
