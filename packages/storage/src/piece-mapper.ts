import type { ByteRange } from './byte-range.js'
import { pieceCount, pieceLengthBytes, type TorrentLayout } from './torrent-layout.js'

export const blockBytes = 16_384

/** Bytes of a piece that lie in one chunk. Padding lies in none: it gives no span and reads as zeroes. */
export interface ChunkSpan {
  /** Counts all chunks of the torrent in file order. */
  readonly ordinal: number
  readonly fileIndex: number
  /** Counts the chunks of its file. */
  readonly chunk: number
  readonly chunkOffset: number
  readonly pieceOffset: number
  readonly length: number
}

/** Bytes of one piece: `range` counts from the piece's start. */
export interface PieceSpan {
  readonly piece: number
  readonly range: ByteRange
}

/**
 * Which bytes of which chunks make a piece, and the other way round. Chunks are cut at file starts: chunk k
 * of a file holds its bytes [k * chunkSize, (k + 1) * chunkSize) or what there is of them, so a chunk never
 * crosses a file, and padding and empty files have none. Piece length and chunk size are independent.
 *
 * Pure arithmetic on prefix sums: nothing is kept per piece or per chunk. Doubles hold every offset below
 * 2^53 exactly.
 */
export class PieceMapper {
  readonly chunkSizeBytes: number
  readonly pieceCount: number
  readonly chunkCount: number
  readonly #layout: TorrentLayout
  /** Of the files that have chunks, in order: position in the torrent's file list, first byte, length, first ordinal. */
  readonly #fileIndexes: Float64Array
  readonly #starts: Float64Array
  readonly #lengths: Float64Array
  readonly #firstOrdinals: Float64Array

  constructor(layout: TorrentLayout, options: { readonly chunkSizeBytes: number }) {
    assertChunkSize(options.chunkSizeBytes)
    assertContiguous(layout)
    const files = layout.files.filter((file) => file.kind !== 'padding' && file.lengthBytes > 0)
    this.chunkSizeBytes = options.chunkSizeBytes
    this.pieceCount = pieceCount(layout)
    this.#layout = layout
    this.#fileIndexes = Float64Array.from(files, (file) => file.index)
    this.#starts = Float64Array.from(files, (file) => file.offsetBytes)
    this.#lengths = Float64Array.from(files, (file) => file.lengthBytes)
    this.#firstOrdinals = new Float64Array(files.length)
    let ordinal = 0
    for (const [position, file] of files.entries()) {
      this.#firstOrdinals[position] = ordinal
      ordinal += Math.ceil(file.lengthBytes / this.chunkSizeBytes)
    }
    this.chunkCount = ordinal
  }

  /** The last piece may be shorter. RangeError outside the torrent. */
  pieceLengthBytes(piece: number): number {
    return pieceLengthBytes(this.#layout, piece)
  }

  /** The chunks under a piece, or under `range` of it, in the order of their bytes. */
  chunksOfPiece(piece: number, range?: ByteRange): readonly ChunkSpan[] {
    const length = this.pieceLengthBytes(piece)
    const { offset, length: wanted } = range ?? { offset: 0, length }
    assertRange(offset, wanted, length, `piece ${piece}`)
    const pieceStart = piece * this.#layout.pieceLengthBytes
    const end = pieceStart + offset + wanted
    const spans: ChunkSpan[] = []
    let at = pieceStart + offset
    for (
      let file = this.#fileAtOrAfter(at);
      file < this.#starts.length && this.#starts[file]! < end;
      file++
    ) {
      at = Math.max(at, this.#starts[file]!)
      const fileEnd = Math.min(end, this.#starts[file]! + this.#lengths[file]!)
      while (at < fileEnd) {
        const span = this.#spanAt(file, at, fileEnd, pieceStart)
        spans.push(span)
        at += span.length
      }
    }
    return spans
  }

  /** The pieces that fill a chunk, in order. */
  piecesOfChunk(fileIndex: number, chunk: number): readonly PieceSpan[] {
    const ordinal = this.chunkOrdinal(fileIndex, chunk)
    const { pieceLengthBytes: pieceLength } = this.#layout
    const start = this.#chunkStart(ordinal)
    const end = start + this.chunkLengthBytes(ordinal)
    const spans: PieceSpan[] = []
    for (let at = start; at < end; ) {
      const piece = Math.floor(at / pieceLength)
      const length = Math.min(end, (piece + 1) * pieceLength) - at
      spans.push({ piece, range: { offset: at - piece * pieceLength, length } })
      at += length
    }
    return spans
  }

  /** The pieces [first, end) that fill a chunk. */
  pieceRangeOfChunk(ordinal: number): { readonly first: number; readonly end: number } {
    const start = this.#chunkStart(ordinal)
    const lastByte = start + this.chunkLengthBytes(ordinal) - 1
    const { pieceLengthBytes: pieceLength } = this.#layout
    return { first: Math.floor(start / pieceLength), end: Math.floor(lastByte / pieceLength) + 1 }
  }

  chunkOrdinal(fileIndex: number, chunk: number): number {
    const file = lastAtMost(this.#fileIndexes, fileIndex)
    const known = file >= 0 && this.#fileIndexes[file] === fileIndex
    const chunks = known ? Math.ceil(this.#lengths[file]! / this.chunkSizeBytes) : 0
    if (!Number.isInteger(chunk) || chunk < 0 || chunk >= chunks) {
      throw new RangeError(`file ${fileIndex} has ${chunks} chunks, and no chunk ${chunk}`)
    }
    return this.#firstOrdinals[file]! + chunk
  }

  chunkAt(ordinal: number): { readonly fileIndex: number; readonly chunk: number } {
    const file = this.#fileOfChunk(ordinal)
    return { fileIndex: this.#fileIndexes[file]!, chunk: ordinal - this.#firstOrdinals[file]! }
  }

  chunkLengthBytes(ordinal: number): number {
    const file = this.#fileOfChunk(ordinal)
    const offset = (ordinal - this.#firstOrdinals[file]!) * this.chunkSizeBytes
    return Math.min(this.chunkSizeBytes, this.#lengths[file]! - offset)
  }

  #chunkStart(ordinal: number): number {
    const file = this.#fileOfChunk(ordinal)
    return this.#starts[file]! + (ordinal - this.#firstOrdinals[file]!) * this.chunkSizeBytes
  }

  #spanAt(file: number, at: number, end: number, pieceStart: number): ChunkSpan {
    const inFile = at - this.#starts[file]!
    const chunk = Math.floor(inFile / this.chunkSizeBytes)
    const chunkOffset = inFile - chunk * this.chunkSizeBytes
    return {
      ordinal: this.#firstOrdinals[file]! + chunk,
      fileIndex: this.#fileIndexes[file]!,
      chunk,
      chunkOffset,
      pieceOffset: at - pieceStart,
      length: Math.min(this.chunkSizeBytes - chunkOffset, end - at),
    }
  }

  /** The file that holds this byte of the torrent, else the next one. */
  #fileAtOrAfter(byte: number): number {
    const file = lastAtMost(this.#starts, byte)
    return file >= 0 && byte < this.#starts[file]! + this.#lengths[file]! ? file : file + 1
  }

  #fileOfChunk(ordinal: number): number {
    if (!Number.isInteger(ordinal) || ordinal < 0 || ordinal >= this.chunkCount) {
      throw new RangeError(`chunk ${ordinal} is outside a torrent of ${this.chunkCount} chunks`)
    }
    return lastAtMost(this.#firstOrdinals, ordinal)
  }
}

/** Index of the last element that is not above `value`, in ascending numbers; -1 when all are. */
function lastAtMost(ascending: Float64Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}

function assertRange(offset: number, length: number, limit: number, what: string): void {
  const whole = Number.isInteger(offset) && Number.isInteger(length)
  if (whole && offset >= 0 && length >= 0 && offset + length <= limit) return
  throw new RangeError(`bytes ${offset} to ${offset + length} are outside ${what} of ${limit} bytes`)
}

function assertChunkSize(bytes: number): void {
  if (bytes >= blockBytes && Number.isInteger(Math.log2(bytes))) return
  throw new RangeError(`a chunk size is a power of two of at least ${blockBytes}, not ${bytes}`)
}

/** The search above is only right when files follow one another without gaps. */
function assertContiguous(layout: TorrentLayout): void {
  let offset = 0
  for (const [index, file] of layout.files.entries()) {
    if (file.index !== index || file.offsetBytes !== offset || !(file.lengthBytes >= 0)) {
      throw new RangeError(`file ${index} of "${layout.name}" does not begin where the one before it ends`)
    }
    offset += file.lengthBytes
  }
  if (offset !== layout.totalLengthBytes || !Number.isSafeInteger(offset)) {
    throw new RangeError(`the files of "${layout.name}" have ${offset} bytes, not ${layout.totalLengthBytes}`)
  }
}
