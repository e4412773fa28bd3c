import type { ChunkKey } from './chunk-store.js'
import type { Database } from './database.js'
import type { TorrentId } from './torrent-layout.js'

export const keyBytes = 32

/** Asked for at once. */
const keysPerRead = 4_096

/** The keys of a torrent as 32 bytes a chunk, in the order of their ordinals, zeroes where none is recorded. */
export async function readPackedKeys(
  database: Database,
  torrentId: TorrentId,
  chunkCount: number,
): Promise<Uint8Array> {
  const packed = Buffer.alloc(chunkCount * keyBytes)
  for (let first = 0; first < chunkCount; first += keysPerRead) {
    const keys = await database.chunkKeys(torrentId, first, Math.min(keysPerRead, chunkCount - first))
    for (const [index, key] of keys.entries()) {
      if (key !== undefined) packed.write(key, (first + index) * keyBytes, 'hex')
    }
  }
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.length)
}

/** The key at one place; `undefined` where there is none. */
export function packedKeyAt(packed: Uint8Array, ordinal: number): ChunkKey | undefined {
  const key = packed.subarray(ordinal * keyBytes, (ordinal + 1) * keyBytes)
  if (key.every((byte) => byte === 0)) return undefined
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('hex') as ChunkKey
}
