import type { AbortOptions } from './abort-options.js'
import type { ByteRange } from './byte-range.js'
import type { Storage } from './storage.js'
import type { TorrentLayout } from './torrent-layout.js'
import { untilAborted } from './until-aborted.js'

/** A Storage, or a TorrentReader where there is none open. */
export type PieceSource = Pick<Storage, 'readPiece'>

export interface ReadFileOptions extends AbortOptions {
  /** All of the file when left out. RangeError where it leaves the file. */
  readonly range?: ByteRange
}

/** What is in memory of a file at a time, however long its pieces are. */
const maxReadBytes = 1 << 20

/**
 * The bytes of one file in order, in parts of at most 1 MiB, read as the loop asks for them: nothing is read
 * ahead. A failure throws in the loop: an end is always the end of the range.
 */
export async function* readFile(
  source: PieceSource,
  layout: TorrentLayout,
  fileIndex: number,
  options: ReadFileOptions = {},
): AsyncIterable<Uint8Array> {
  const file = layout.files[fileIndex]
  if (file === undefined) throw new RangeError(`"${layout.name}" has no file ${fileIndex}`)
  const { offset, length } = options.range ?? { offset: 0, length: file.lengthBytes }
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length)
  if (!whole || offset < 0 || length < 0 || offset + length > file.lengthBytes) {
    throw new RangeError(
      `bytes ${offset} to ${offset + length} are outside file ${fileIndex} of ${file.lengthBytes} bytes`,
    )
  }
  const end = file.offsetBytes + offset + length
  const abort = options.signal === undefined ? {} : { signal: options.signal }
  for (let at = file.offsetBytes + offset; at < end; ) {
    options.signal?.throwIfAborted()
    const piece = Math.floor(at / layout.pieceLengthBytes)
    const inPiece = at - piece * layout.pieceLengthBytes
    const part = Math.min(maxReadBytes, end - at, layout.pieceLengthBytes - inPiece)
    // A disk that hangs does not answer to the signal.
    yield await untilAborted(source.readPiece(piece, inPiece, part, abort), options.signal)
    at += part
  }
}
