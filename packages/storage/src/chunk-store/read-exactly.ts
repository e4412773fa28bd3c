import type { FileHandle } from 'node:fs/promises'
import type { ByteRange } from '../byte-range.js'

/** Exactly `range.length` bytes, or `undefined` when the file ends before that. The result shares memory with nothing. */
export async function readExactly(file: FileHandle, range: ByteRange): Promise<Uint8Array | undefined> {
  // Not zeroed first: every byte is read into or the whole is thrown away.
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(range.length).buffer)
  let done = 0
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, range.offset + done)
    if (bytesRead === 0) return undefined
    done += bytesRead
  }
  return bytes
}

/** RangeError for what is no range at all. */
export function assertByteRange({ offset, length }: ByteRange): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0) return
  throw new RangeError(`no range of bytes: offset ${offset}, length ${length}`)
}
