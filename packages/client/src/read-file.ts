import type { AbortOptions, ByteRange, FileLayout, TorrentLayout } from '@bae/storage'
import type { PieceReader } from './folder-reader.js'

/** One read of the storage is never longer, so that a torrent of 64 MiB pieces does not ask for that much memory. */
const MAX_READ_BYTES = 1024 * 1024

/** What reading needs of a torrent. */
export interface FileSource {
  whenMetadata(options?: AbortOptions): Promise<TorrentLayout>
  whenPiece(piece: number, options?: AbortOptions): Promise<void>
  /** The storage, which is open once a piece is completed. Throws when it is not. */
  openedStorage(): PieceReader
}

/** Bytes of one file in order, waiting for pieces. RangeError for a file or a range that the torrent does not have. */
export async function* readFile(
  source: FileSource,
  fileIndex: number,
  options: AbortOptions & { readonly range?: ByteRange } = {},
): AsyncGenerator<Uint8Array> {
  const abortOptions = options.signal === undefined ? {} : { signal: options.signal }
  const layout = await source.whenMetadata(abortOptions)
  yield* readRange(source, layout, rangeInTorrent(layout, fileIndex, options.range), abortOptions)
}

/** Bytes of the torrent's byte space. `follow` is told where the reader is, before it waits there. */
export async function* readRange(
  source: FileSource,
  layout: TorrentLayout,
  range: ByteRange,
  { follow, ...abortOptions }: AbortOptions & { readonly follow?: (offset: number) => void },
): AsyncGenerator<Uint8Array> {
  const end = range.offset + range.length
  for (let offset = range.offset; offset < end; ) {
    const piece = Math.floor(offset / layout.pieceLengthBytes)
    const pieceEnd = (piece + 1) * layout.pieceLengthBytes
    const length = Math.min(end, pieceEnd, offset + MAX_READ_BYTES) - offset
    follow?.(offset)
    await source.whenPiece(piece, abortOptions)
    const offsetInPiece = offset - piece * layout.pieceLengthBytes
    yield await source.openedStorage().readPiece(piece, offsetInPiece, length, abortOptions)
    offset += length
  }
}

/** Where a range of a file is in the torrent. */
export function rangeInTorrent(
  layout: TorrentLayout,
  fileIndex: number,
  range: ByteRange | undefined,
): ByteRange {
  const file: FileLayout | undefined = layout.files[fileIndex]
  if (file === undefined) {
    throw new RangeError(`file ${fileIndex} is outside a torrent of ${layout.files.length} files`)
  }
  const { offset, length } = range ?? { offset: 0, length: file.lengthBytes }
  const isRange = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
  if (!isRange || offset + length > file.lengthBytes) {
    throw new RangeError(
      `bytes [${offset}, ${offset + length}) are outside a file of ${file.lengthBytes} bytes`,
    )
  }
  return { offset: file.offsetBytes + offset, length }
}
