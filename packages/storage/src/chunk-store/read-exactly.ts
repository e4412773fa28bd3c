import type { ByteRange } from '../byte-range.js'
import type { FileCalls } from '../file-calls.js'

/**
 * Exactly `range.length` bytes of a file, or `undefined` when it ends before that. Without `into`, which is as long, the
 * result shares memory with nothing. RangeError for more than there is memory for.
 */
export async function readExactly(
  files: FileCalls,
  path: string,
  { offset, length }: ByteRange,
  into?: Uint8Array,
): Promise<Uint8Array | undefined> {
  // Not zeroed first: every byte is read into or the whole is thrown away.
  const bytes = into ?? new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  return (await files.read(path, offset, bytes)) === length ? bytes : undefined
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
