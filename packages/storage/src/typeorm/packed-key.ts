import type { ChunkKey } from '../chunk-store.js'

export const keyBytes = 32

export function packKey(key: ChunkKey): Buffer {
  const packed = Buffer.from(key, 'hex')
  if (packed.length !== keyBytes || key.length !== 2 * keyBytes)
    throw new TypeError(`"${key}" is no chunk key`)
  return packed
}

export function unpackKey(packed: Uint8Array): ChunkKey {
  return Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength).toString('hex') as ChunkKey
}
