import type { Storage, StorageFactory, TorrentId, TorrentLayout } from '@bae/storage'
import { FakeError } from './fake-error.js'

interface StoredPiece {
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

  writePiece(piece: number, offset: number, bytes: Uint8Array): Promise<void> {
    return this.#call({ name: 'writePiece', piece }, () => {
      const length = this.#lengthOf(piece)
      if (length === undefined || offset < 0 || offset + bytes.length > length) {
        const message = `piece ${piece} has no bytes [${offset}, ${offset + bytes.length})`
        throw new FakeError('STORAGE_PIECE_LENGTH', message)
      }
      const stored = this.#pieces.get(piece) ?? this.#emptyPiece(piece, length)
      stored.bytes.set(bytes, offset)
      stored.written.fill(1, offset, offset + bytes.length)
      this.#zeroPadding(piece, stored)
      stored.completed = false
      this.#pieces.set(piece, stored)
    })
  }

  readPiece(piece: number, offset: number, length: number): Promise<Uint8Array> {
    return this.#call({ name: 'readPiece', piece }, () => {
      const stored = this.#pieces.get(piece)
      const written = stored?.written.subarray(offset, offset + length)
      if (stored === undefined || written?.length !== length || written.includes(0)) throw notFound(piece)
      return stored.bytes.slice(offset, offset + length)
    })
  }

  completePiece(piece: number): Promise<void> {
    return this.#call({ name: 'completePiece', piece }, () => {
      const stored = this.#pieces.get(piece)
      if (stored === undefined || stored.written.includes(0)) throw notFound(piece)
      stored.completed = true
    })
  }

  clearPiece(piece: number): Promise<void> {
    return this.#call({ name: 'clearPiece', piece }, () => {
      const stored = this.#pieces.get(piece)
      if (stored !== undefined) stored.completed = false
    })
  }

  completedPieces(): Promise<Uint8Array> {
    return this.#call({ name: 'completedPieces' }, () => {
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

  #call<T>(call: MapStorageCall, effect: () => T): Promise<T> {
    if (this.#closing !== undefined)
      return Promise.reject(new FakeError('STORAGE_CLOSED', `${call.name} after close`))
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

  #lengthOf(piece: number): number | undefined {
    if (!Number.isInteger(piece) || piece < 0 || piece >= this.#pieceCount()) return undefined
    const start = piece * this.layout.pieceLengthBytes
    return Math.min(this.layout.pieceLengthBytes, this.layout.totalLengthBytes - start)
  }
}

/** The storages of a client, by torrent: what is completed outlives a close, as it would on a disk. */
export class MapLibrary {
  /** Every storage that was opened, in that order. */
  readonly storages: MapStorage[] = []
  /** Runs before each opening: throwing or rejecting fails it, waiting holds it. */
  beforeOpen: (torrentId: TorrentId) => Promise<void> | void = () => {}
  /** Given to each storage that is opened from now on. */
  before: MapStorage['before'] | undefined
  readonly #pieces = new Map<TorrentId, Pieces>()
  readonly #latest = new Map<TorrentId, MapStorage>()

  readonly createStorage: StorageFactory = async (torrentId, layout) => {
    await this.beforeOpen(torrentId)
    const pieces = this.#pieces.get(torrentId) ?? new Map<number, StoredPiece>()
    this.#pieces.set(torrentId, pieces)
    const storage = new MapStorage(layout, pieces)
    if (this.before !== undefined) storage.before = this.before
    this.storages.push(storage)
    this.#latest.set(torrentId, storage)
    return storage
  }

  /** The storage of this torrent that was opened last. */
  storageOf(torrentId: TorrentId): MapStorage {
    const storage = this.#latest.get(torrentId)
    if (storage === undefined) throw new Error(`no storage was opened for torrent ${torrentId}`)
    return storage
  }

  get openStorages(): readonly MapStorage[] {
    return this.storages.filter((storage) => !storage.isClosed)
  }

  /** Pieces that are completed for this torrent, by whichever storage. */
  completedPieces(torrentId: TorrentId): readonly number[] {
    const pieces = [...(this.#pieces.get(torrentId) ?? [])]
    return pieces
      .filter(([, { completed }]) => completed)
      .map(([piece]) => piece)
      .sort((a, b) => a - b)
  }
}

function notFound(piece: number): FakeError {
  return new FakeError('STORAGE_PIECE_NOT_FOUND', `piece ${piece} was not written`)
}
