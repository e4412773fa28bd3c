import type { FileLayout, TorrentLayout } from '@bae/storage'
import { PieceBits } from './piece-bits.js'

/** Counts of a tally, as a status shows them. */
export interface TallyCounts {
  readonly completedPieces: number
  readonly totalPieces: number
  /** Of the torrent's byte space, padding included. */
  readonly totalBytes: number
  /** Of the pieces that are wanted. */
  readonly wantedBytes: number
  readonly completedBytes: number
  readonly wantedPieces: number
  /** Wanted and not completed. */
  readonly missingPieces: number
  readonly isComplete: boolean
  /** Everything wanted is completed. */
  readonly isFinished: boolean
}

/** What is completed and what is wanted of a torrent, kept up by piece, so that no question counts anything. */
export class PieceTally implements TallyCounts {
  readonly totalPieces: number
  readonly totalBytes: number
  readonly #layout: TorrentLayout
  readonly #bits: PieceBits
  /** Files that have bytes, by their place. */
  readonly #spans: readonly FileLayout[]
  readonly #missingOfFile: Int32Array
  readonly #fileBytes: Float64Array
  #priorities: Uint8Array
  #wantedPieces = 0
  #wantedCompleted = 0
  #wantedBytes = 0
  #completedBytes = 0

  /** `bits`: what the storage holds. `filePriorities`: everything is wanted when left out. */
  constructor(layout: TorrentLayout, bits: Uint8Array, filePriorities?: readonly number[]) {
    this.#layout = layout
    this.totalBytes = layout.totalLengthBytes
    this.totalPieces = Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes)
    this.#bits = new PieceBits(this.totalPieces, new Uint8Array(Math.ceil(this.totalPieces / 8)))
    this.#spans = layout.files.filter(({ lengthBytes }) => lengthBytes > 0)
    this.#missingOfFile = new Int32Array(layout.files.length)
    this.#fileBytes = new Float64Array(layout.files.length)
    for (const file of this.#spans)
      this.#missingOfFile[file.index] = last(layout, file) - first(layout, file) + 1
    this.#priorities = new Uint8Array(this.totalPieces)
    const had = new PieceBits(this.totalPieces, bits)
    for (let piece = 0; piece < this.totalPieces; piece++) if (had.has(piece)) this.set(piece)
    this.want(filePriorities)
  }

  get completedPieces(): number {
    return this.#bits.count
  }

  get wantedBytes(): number {
    return this.#wantedBytes
  }

  get completedBytes(): number {
    return this.#completedBytes
  }

  get wantedPieces(): number {
    return this.#wantedPieces
  }

  get missingPieces(): number {
    return this.#wantedPieces - this.#wantedCompleted
  }

  get isComplete(): boolean {
    return this.#bits.isComplete
  }

  get isFinished(): boolean {
    return this.#wantedCompleted === this.#wantedPieces
  }

  /** How much each piece is wanted: as much as the most wanted file in it. */
  get piecePriorities(): Uint8Array {
    return this.#priorities
  }

  has(piece: number): boolean {
    return this.#bits.has(piece)
  }

  bits(): Uint8Array {
    return this.#bits.copy()
  }

  /** The files that became complete with it; undefined when the piece was there already. */
  set(piece: number): readonly number[] | undefined {
    if (!this.#bits.set(piece)) return undefined
    this.#countWanted(piece, 1)
    const completed: number[] = []
    for (const file of this.#filesOf(piece)) {
      this.#count(file, piece, 1)
      if (this.isFileComplete(file.index)) completed.push(file.index)
    }
    return completed
  }

  /** False when it was not there. */
  clear(piece: number): boolean {
    if (!this.#bits.clear(piece)) return false
    this.#countWanted(piece, -1)
    for (const file of this.#filesOf(piece)) this.#count(file, piece, -1)
    return true
  }

  want(filePriorities: readonly number[] | undefined): void {
    this.#priorities = new Uint8Array(this.totalPieces)
    for (const file of this.#spans) {
      const priority = filePriorities?.[file.index] ?? (file.kind === 'padding' ? 0 : 4)
      for (let piece = first(this.#layout, file); piece <= last(this.#layout, file); piece++) {
        this.#priorities[piece] = Math.max(this.#priorities[piece] ?? 0, priority)
      }
    }
    this.#recountWanted()
  }

  isFileComplete(fileIndex: number): boolean {
    return this.#missingOfFile[fileIndex] === 0
  }

  /** Completed bytes of a file. */
  fileBytes(fileIndex: number): number {
    return this.#fileBytes[fileIndex] ?? 0
  }

  #count(file: FileLayout, piece: number, change: 1 | -1): void {
    const start = piece * this.#layout.pieceLengthBytes
    const from = Math.max(start, file.offsetBytes)
    const to = Math.min(start + this.#layout.pieceLengthBytes, file.offsetBytes + file.lengthBytes)
    this.#missingOfFile[file.index] = (this.#missingOfFile[file.index] ?? 0) - change
    this.#fileBytes[file.index] = (this.#fileBytes[file.index] ?? 0) + change * (to - from)
  }

  #countWanted(piece: number, change: 1 | -1): void {
    if (this.#priorities[piece] === 0) return
    this.#wantedCompleted += change
    this.#completedBytes += change * this.#lengthOf(piece)
  }

  #recountWanted(): void {
    this.#wantedPieces = this.#wantedCompleted = this.#wantedBytes = this.#completedBytes = 0
    for (let piece = 0; piece < this.totalPieces; piece++) {
      if (this.#priorities[piece] === 0) continue
      this.#wantedPieces++
      this.#wantedBytes += this.#lengthOf(piece)
      if (this.#bits.has(piece)) this.#countWanted(piece, 1)
    }
  }

  #lengthOf(piece: number): number {
    const { pieceLengthBytes } = this.#layout
    return Math.min(pieceLengthBytes, this.totalBytes - piece * pieceLengthBytes)
  }

  *#filesOf(piece: number): Generator<FileLayout> {
    const start = piece * this.#layout.pieceLengthBytes
    const end = start + this.#lengthOf(piece)
    let [low, high] = [0, this.#spans.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const file = this.#spans[middle]
      if (file !== undefined && file.offsetBytes + file.lengthBytes <= start) low = middle + 1
      else high = middle
    }
    for (let at = low; at < this.#spans.length; at++) {
      const file = this.#spans[at]
      if (file === undefined || file.offsetBytes >= end) return
      yield file
    }
  }
}

function first(layout: TorrentLayout, file: FileLayout): number {
  return Math.floor(file.offsetBytes / layout.pieceLengthBytes)
}

function last(layout: TorrentLayout, file: FileLayout): number {
  return Math.floor((file.offsetBytes + file.lengthBytes - 1) / layout.pieceLengthBytes)
}
