import type { AbortOptions } from '../abort-options.js'
import { StorageError } from '../errors.js'
import { blockBytes } from '../piece-mapper.js'
import { PieceSet } from '../piece-set.js'
import type { Storage } from '../storage.js'
import { pieceCount, pieceLengthBytes, type TorrentLayout } from '../torrent-layout.js'

/** What outlives a MapStorage: give it to the next one, and it is a restart. */
export interface MapStorageContents {
  readonly completed: Map<number, Uint8Array>
}

/** The Storage contract at its plainest, in a Map: what a suite is tried out on, and a model for fakes. */
export class MapStorage implements Storage {
  readonly layout: TorrentLayout
  readonly contents: MapStorageContents
  /** Blocks of pieces by number; a piece that is complete is in `contents` too. */
  readonly #written = new Map<number, Map<number, Uint8Array>>()
  #closed = false

  constructor(layout: TorrentLayout, contents: MapStorageContents = { completed: new Map() }) {
    this.layout = layout
    this.contents = contents
    for (const [piece, bytes] of contents.completed) this.#keep(piece, 0, bytes)
  }

  async writePiece(piece: number, offset: number, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    this.#begin(piece, options)
    const end = offset + bytes.length
    const length = pieceLengthBytes(this.layout, piece)
    const wholeBlocks = offset % blockBytes === 0 && (end % blockBytes === 0 || end === length)
    if (!(offset >= 0) || bytes.length === 0 || end > length || !wholeBlocks) {
      throw new StorageError(
        'STORAGE_PIECE_LENGTH',
        `bytes ${offset} to ${end} are not whole blocks of piece ${piece}`,
      )
    }
    this.contents.completed.delete(piece)
    this.#keep(piece, offset, bytes)
  }

  async readPiece(
    piece: number,
    offset: number,
    length: number,
    options?: AbortOptions,
  ): Promise<Uint8Array> {
    this.#begin(piece, options)
    return this.#read(piece, offset, length)
  }

  async completePiece(piece: number): Promise<void> {
    this.#begin(piece)
    this.contents.completed.set(piece, this.#read(piece, 0, pieceLengthBytes(this.layout, piece)))
  }

  async clearPiece(piece: number): Promise<void> {
    this.#begin(piece)
    this.contents.completed.delete(piece)
  }

  async completedPieces(): Promise<Uint8Array> {
    this.#refuseWhenClosed()
    const pieces = new PieceSet(pieceCount(this.layout))
    for (const piece of this.contents.completed.keys()) pieces.add(piece)
    return pieces.bits()
  }

  /** Nothing is ever lost here. */
  onPiecesLost(): () => void {
    return () => undefined
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async destroy(): Promise<void> {
    await this.close()
    this.contents.completed.clear()
    this.#written.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #keep(piece: number, offset: number, bytes: Uint8Array): void {
    const blocks = this.#written.get(piece) ?? new Map<number, Uint8Array>()
    for (let at = 0; at < bytes.length; at += blockBytes) {
      blocks.set((offset + at) / blockBytes, new Uint8Array(bytes.subarray(at, at + blockBytes)))
    }
    this.#written.set(piece, blocks)
  }

  #read(piece: number, offset: number, length: number): Uint8Array {
    const end = offset + length
    if (!(offset >= 0 && length >= 0 && end <= pieceLengthBytes(this.layout, piece))) {
      throw new RangeError(`bytes ${offset} to ${end} are outside piece ${piece}`)
    }
    const bytes = new Uint8Array(length)
    for (let at = offset; at < end; ) {
      const block = Math.floor(at / blockBytes)
      const stop = Math.min(end, (block + 1) * blockBytes)
      const from = at - block * blockBytes
      bytes.set(this.#block(piece, block, { from, to: stop - block * blockBytes }), at - offset)
      at = stop
    }
    return bytes
  }

  #block(piece: number, block: number, part: { from: number; to: number }): Uint8Array {
    const bytes = this.#written.get(piece)?.get(block)
    if (bytes !== undefined) return bytes.subarray(part.from, part.to)
    const start = piece * this.layout.pieceLengthBytes + block * blockBytes
    if (this.#isPadding(start + part.from, start + part.to)) return new Uint8Array(part.to - part.from)
    throw new StorageError('STORAGE_PIECE_NOT_FOUND', `block ${block} of piece ${piece} was never written`)
  }

  #isPadding(from: number, to: number): boolean {
    return this.layout.files.every(
      ({ kind, offsetBytes, lengthBytes }) =>
        kind === 'padding' || offsetBytes >= to || offsetBytes + lengthBytes <= from,
    )
  }

  #begin(piece: number, options?: AbortOptions): void {
    this.#refuseWhenClosed()
    options?.signal?.throwIfAborted()
    pieceLengthBytes(this.layout, piece)
  }

  #refuseWhenClosed(): void {
    if (this.#closed)
      throw new StorageError('STORAGE_CLOSED', `the storage of "${this.layout.name}" is closed`)
  }
}
