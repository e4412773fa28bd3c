import type { ByteRange } from './byte-range.js'
import { type FileLayout, pieceCount, pieceLengthBytes, type TorrentLayout } from './torrent-layout.js'

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
  /** Of the files that have chunks, in order: position in the torrent's file list, first byte, first ordinal. */
  readonly #fileIndexes: Float64Array
  readonly #starts: Float64Array
  readonly #firstOrdinals: Float64Array
  /** How many bytes of files lie before each of these files, and in the end before all that is beyond them. */
  readonly #bytesBefore: Float64Array

  constructor(layout: TorrentLayout, options: { readonly chunkSizeBytes: number }) {
    assertChunkSize(options.chunkSizeBytes)
    assertContiguous(layout)
    this.chunkSizeBytes = options.chunkSizeBytes
    this.pieceCount = pieceCount(layout)
    this.#layout = layout
    const count = layout.files.reduce((sum, file) => sum + (hasChunks(file) ? 1 : 0), 0)
    this.#fileIndexes = new Float64Array(count)
    this.#starts = new Float64Array(count)
    this.#firstOrdinals = new Float64Array(count)
    this.#bytesBefore = new Float64Array(count + 1)
    this.chunkCount = this.#addFiles(layout.files)
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
      const fileEnd = Math.min(end, this.#starts[file]! + this.#lengthOf(file))
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
    const chunks = known ? Math.ceil(this.#lengthOf(file) / this.chunkSizeBytes) : 0
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
    return Math.min(this.chunkSizeBytes, this.#lengthOf(file) - offset)
  }

  /** The chunk that holds the last byte of a piece and the first one of the next: an ordinal, where there is one. */
  chunkAcrossEnd(piece: number): number | undefined {
    const border = piece * this.#layout.pieceLengthBytes + this.pieceLengthBytes(piece)
    const file = lastAtMost(this.#starts, border)
    if (file < 0) return undefined
    const inFile = border - this.#starts[file]!
    if (inFile >= this.#lengthOf(file) || inFile % this.chunkSizeBytes === 0) return undefined
    return this.#firstOrdinals[file]! + Math.floor(inFile / this.chunkSizeBytes)
  }

  /** The pieces that lie in padding alone, in order: nobody ever writes them. */
  *piecesOfPadding(): Iterable<number> {
    const { pieceLengthBytes: pieceLength } = this.#layout
    let paddingStart = 0
    for (let file = 0; file <= this.#starts.length; file++) {
      const paddingEnd = this.#starts[file]
      const end = paddingEnd === undefined ? this.pieceCount : Math.floor(paddingEnd / pieceLength)
      for (let piece = Math.ceil(paddingStart / pieceLength); piece < end; piece++) yield piece
      if (paddingEnd !== undefined) paddingStart = paddingEnd + this.#lengthOf(file)
    }
  }

  /** How many bytes of files, padding aside, lie in the pieces [first, end). */
  fileBytesOfPieces(first: number, end: number): number {
    const { pieceLengthBytes: pieceLength } = this.#layout
    return this.#fileBytesBefore(end * pieceLength) - this.#fileBytesBefore(first * pieceLength)
  }

  /** Returns how many chunks they have. */
  #addFiles(files: TorrentLayout['files']): number {
    let position = 0
    let ordinal = 0
    for (const file of files) {
      if (!hasChunks(file)) continue
      this.#fileIndexes[position] = file.index
      this.#starts[position] = file.offsetBytes
      this.#firstOrdinals[position] = ordinal
      this.#bytesBefore[position + 1] = this.#bytesBefore[position]! + file.lengthBytes
      ordinal += Math.ceil(file.lengthBytes / this.chunkSizeBytes)
      position++
    }
    return ordinal
  }

  #lengthOf(file: number): number {
    return this.#bytesBefore[file + 1]! - this.#bytesBefore[file]!
  }

  #fileBytesBefore(byte: number): number {
    const file = lastAtMost(this.#starts, byte)
    if (file < 0) return 0
    return this.#bytesBefore[file]! + Math.min(byte - this.#starts[file]!, this.#lengthOf(file))
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
    return file >= 0 && byte < this.#starts[file]! + this.#lengthOf(file) ? file : file + 1
  }

  #fileOfChunk(ordinal: number): number {
    if (!Number.isInteger(ordinal) || ordinal < 0 || ordinal >= this.chunkCount) {
      throw new RangeError(`chunk ${ordinal} is outside a torrent of ${this.chunkCount} chunks`)
    }
    return lastAtMost(this.#firstOrdinals, ordinal)
  }
}

function hasChunks({ kind, lengthBytes }: FileLayout): boolean {
  return kind !== 'padding' && lengthBytes > 0
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
  for (let index = 0; index < layout.files.length; index++) {
    const file = layout.files[index]!
    if (file.index !== index || file.offsetBytes !== offset || !(file.lengthBytes >= 0)) {
      throw new RangeError(`file ${index} of "${layout.name}" does not begin where the one before it ends`)
    }
    offset += file.lengthBytes
  }
  if (offset !== layout.totalLengthBytes || !Number.isSafeInteger(offset)) {
    throw new RangeError(`the files of "${layout.name}" have ${offset} bytes, not ${layout.totalLengthBytes}`)
  }
}
