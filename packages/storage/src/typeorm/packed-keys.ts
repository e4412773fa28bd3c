import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import { rows } from './sql.js'

/** Keys of one row, by the ordinal of their chunk in the whole torrent. */
export const keysPerRow = 4_096
export const keyBytes = 32

/** Where a key would be but none is: no hash is all zeroes. */
const noKey = Buffer.alloc(keyBytes)

export function packKey(key: ChunkKey): Buffer {
  const packed = Buffer.from(key, 'hex')
  if (packed.length !== keyBytes || key.length !== 2 * keyBytes)
    throw new TypeError(`"${key}" is no chunk key`)
  return packed
}

/** The key at `position` of a packed sequence, which may end before it. */
export function unpackKey(packed: Uint8Array, position: number): ChunkKey | undefined {
  const key = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength).subarray(
    position * keyBytes,
    (position + 1) * keyBytes,
  )
  return key.length < keyBytes || key.equals(noKey) ? undefined : (key.toString('hex') as ChunkKey)
}

/** Writes keys, or takes them away. The caller holds the torrent's lock. Returns what the places had before. */
export async function changePackedKeys(
  manager: EntityManager,
  torrentId: string,
  changes: ReadonlyMap<number, ChunkKey | undefined>,
): Promise<ReadonlyMap<number, ChunkKey>> {
  const before = new Map<number, ChunkKey>()
  for (const [part, ordinals] of ordinalsByPart(changes.keys())) {
    const [found] = await rows<{ keys: Uint8Array }>(
      manager,
      'SELECT keys FROM packed_keys WHERE torrent_id = $1 AND part = $2',
      [torrentId, part],
    )
    const old = found?.keys ?? new Uint8Array(0)
    const end = Math.max(...ordinals.map((ordinal) => (ordinal % keysPerRow) + 1)) * keyBytes
    const keys = Buffer.alloc(Math.max(old.length, end))
    keys.set(old)
    for (const ordinal of ordinals) {
      const place = ordinal % keysPerRow
      const known = unpackKey(keys, place)
      if (known !== undefined) before.set(ordinal, known)
      const key = changes.get(ordinal)
      keys.set(key === undefined ? noKey : packKey(key), place * keyBytes)
    }
    await rows(
      manager,
      `INSERT INTO packed_keys (torrent_id, part, keys) VALUES ($1, $2, $3)
       ON CONFLICT (torrent_id, part) DO UPDATE SET keys = excluded.keys`,
      [torrentId, part, keys],
    )
  }
  return before
}

function ordinalsByPart(ordinals: Iterable<number>): Map<number, number[]> {
  const parts = new Map<number, number[]>()
  for (const ordinal of ordinals) {
    const part = Math.floor(ordinal / keysPerRow)
    const known = parts.get(part)
    if (known === undefined) parts.set(part, [ordinal])
    else known.push(ordinal)
  }
  return parts
}
