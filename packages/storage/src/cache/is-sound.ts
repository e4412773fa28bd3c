import { chunkKeyOf } from '../chunk-key.js'
import type { ChunkKey } from '../chunk-store.js'

/** Whether these are the bytes that the key names. */
export function isSound(key: ChunkKey, bytes: Uint8Array, chunkSizeBytes: number): boolean {
  return bytes.length <= chunkSizeBytes && chunkKeyOf(bytes, chunkSizeBytes) === key
}
