import { NativeError } from './errors.js'

/**
 * A call that bytes are lent to. Rejects with NATIVE_BYTES_TRANSFERRED where they are somewhere else when it has settled:
 * nobody can take them back then, and whoever has them may go on writing.
 */
export async function lending<T>(lent: Uint8Array | undefined, call: () => Promise<T>): Promise<T> {
  const lengthBytes = lent?.byteLength
  const answer = await call()
  if (lent?.byteLength === lengthBytes) return answer
  throw new NativeError(
    'NATIVE_BYTES_TRANSFERRED',
    'a storage call transferred the bytes that it was lent (ArrayBuffer.transfer): they are to be copied',
  )
}
