import fs from 'node:fs'
import type { ByteRange } from '../byte-range.js'
import type { Done } from './with-file.js'

/**
 * Exactly `range.length` bytes, or `undefined` when the file ends before that. Without `into`, which is as long, the
 * result shares memory with nothing.
 */
export function readExactly(
  descriptor: number,
  range: ByteRange,
  into: Uint8Array | undefined,
  done: Done<Uint8Array | undefined>,
): void {
  let bytes: Uint8Array
  try {
    // Not zeroed first: every byte is read into or the whole is thrown away.
    bytes = into ?? new Uint8Array(Buffer.allocUnsafeSlow(range.length).buffer)
  } catch (error) {
    // More than there is memory for. Who waits is told; a callback has nobody to throw it to.
    done(error as Error, undefined)
    return
  }
  const readFrom = (at: number): void => {
    fs.read(descriptor, bytes, at, bytes.length - at, range.offset + at, (error, bytesRead) => {
      if (error !== null || bytesRead === 0) done(error, undefined)
      else if (at + bytesRead === bytes.length) done(null, bytes)
      else readFrom(at + bytesRead)
    })
  }
  if (bytes.length === 0) done(null, bytes)
  else readFrom(0)
}

/** RangeError for what is no range at all. */
export function assertByteRange({ offset, length }: ByteRange): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0) return
  throw new RangeError(`no range of bytes: offset ${offset}, length ${length}`)
}

/** RangeError for memory that is not exactly as long as the range. */
export function assertInto({ length }: ByteRange, into: Uint8Array | undefined): void {
  if (into === undefined || into.length === length) return
  throw new RangeError(`memory of ${into.length} bytes was lent for ${length} bytes`)
}
