import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import { packKey } from './packed-keys.js'
import { rows } from './sql.js'

/**
 * Rows of chunks are always locked in the order of their keys, whoever does it, so that transactions
 * with the same chunks wait for each other and never in a circle.
 */
const keysPerStatement = 4_096

interface KeyRow {
  readonly key: Uint8Array
}

/** Takes references away: for each key as many as it is named. Returns the keys that have none left. */
export async function dropReferences(manager: EntityManager, keys: Iterable<ChunkKey>): Promise<ChunkKey[]> {
  const counts = new Map<ChunkKey, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  const unreferenced: ChunkKey[] = []
  for (const slice of sortedSlices(counts.keys())) {
    const packed = slice.map(packKey)
    await rows(manager, 'SELECT 1 FROM chunk WHERE key = ANY($1::bytea[]) ORDER BY key FOR UPDATE', [packed])
    const changed = await rows<KeyRow & { reference_count: number }>(
      manager,
      `UPDATE chunk SET reference_count = reference_count - dropped.count
       FROM unnest($1::bytea[], $2::integer[]) AS dropped (key, count)
       WHERE chunk.key = dropped.key RETURNING chunk.key, reference_count`,
      [packed, slice.map((key) => counts.get(key))],
    )
    for (const row of changed) if (row.reference_count === 0) unreferenced.push(hex(row))
  }
  return unreferenced
}

/** Of `keys` those without a reference, locked: they stay so until the transaction ends. */
export async function lockUnreferenced(
  manager: EntityManager,
  keys: readonly ChunkKey[],
): Promise<ChunkKey[]> {
  const found = await rows<KeyRow>(
    manager,
    'SELECT key FROM chunk WHERE key = ANY($1::bytea[]) AND reference_count = 0 ORDER BY key FOR UPDATE',
    [keys.map(packKey)],
  )
  return found.map(hex)
}

export async function deleteChunkRows(manager: EntityManager, keys: readonly ChunkKey[]): Promise<void> {
  await rows(manager, 'DELETE FROM chunk WHERE key = ANY($1::bytea[])', [keys.map(packKey)])
}

/** Each key once, in order, in slices of what one statement should take. */
export function* sortedSlices(keys: Iterable<ChunkKey>, size = keysPerStatement): Generator<ChunkKey[]> {
  const sorted = [...new Set(keys)].sort()
  for (let start = 0; start < sorted.length; start += size) yield sorted.slice(start, start + size)
}

function hex({ key }: KeyRow): ChunkKey {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex') as ChunkKey
}
