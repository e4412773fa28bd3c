import type { AbortOptions, ByteRange, TorrentLayout } from '@bae/storage'
import type { DeadlineReader } from './piece-deadlines.js'
import { type FileSource, rangeInTorrent, readRange } from './read-file.js'

export interface StreamOptions extends AbortOptions {
  /** Of the file; all of it when left out. */
  readonly range?: ByteRange
  /** How far ahead of the reader pieces are fetched before all others. */
  readonly readAheadBytes?: number
}

export const DEFAULT_STREAM_OPTIONS = Object.freeze({ readAheadBytes: 16 * 1024 * 1024 })

export interface StreamSource extends FileSource {
  openReader(fileIndex: number): DeadlineReader
}

/**
 * Bytes of one file in order, whose pieces are fetched as the reader comes to them. Nothing is read before it is asked
 * for. Leaving the loop, or a failure, ends the hurry.
 */
export async function* streamFile(
  source: StreamSource,
  fileIndex: number,
  options: StreamOptions = {},
): AsyncGenerator<Uint8Array> {
  const { signal, readAheadBytes = DEFAULT_STREAM_OPTIONS.readAheadBytes } = options
  const abortOptions = signal === undefined ? {} : { signal }
  const layout = await source.whenMetadata(abortOptions)
  const range = rangeInTorrent(layout, fileIndex, options.range)
  const reader = source.openReader(fileIndex)
  try {
    const follow = (offset: number) => {
      const ahead = Math.min(range.offset + range.length, offset + Math.max(1, readAheadBytes))
      reader.follow(...piecesBetween(layout, offset, ahead))
    }
    yield* readRange(source, layout, range, { ...abortOptions, follow })
  } finally {
    reader.close()
  }
}

/** [first, end) of the pieces that [offset, ahead) touches. */
function piecesBetween(layout: TorrentLayout, offset: number, ahead: number): [number, number] {
  return [Math.floor(offset / layout.pieceLengthBytes), Math.ceil(ahead / layout.pieceLengthBytes)]
}
