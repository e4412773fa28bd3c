import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import { packKey, unpackKey } from './packed-key.js'
import { rows } from './sql.js'

/*
 * Rows of chunks are always locked in the order of their keys, whoever does it, so that transactions
 * with the same chunks wait for each other and never in a circle.
 */

/** What one statement takes, when a large torrent goes. */
const keysPerStatement = 4_096

interface KeyRow {
  readonly key: Uint8Array
}

const lockChunks = {
  name: 'lock-chunks',
  text: 'SELECT 1 FROM chunk WHERE key = ANY($1::bytea[]) ORDER BY key FOR UPDATE',
}

const dropCounted = {
  name: 'drop-references',
  text: `UPDATE chunk SET reference_count = reference_count - dropped.count
    FROM unnest($1::bytea[], $2::integer[]) AS dropped (key, count)
    WHERE chunk.key = dropped.key RETURNING chunk.key, reference_count`,
}

const lockUnreferencedChunks = {
  name: 'lock-unreferenced-chunks',
  text: 'SELECT key FROM chunk WHERE key = ANY($1::bytea[]) AND reference_count = 0 ORDER BY key FOR UPDATE',
}

const deleteChunks = {
  name: 'delete-chunks',
  text: 'DELETE FROM chunk WHERE key = ANY($1::bytea[])',
}

/** Takes references away: for each key as many as it is named. Returns the keys that have none left. */
export async function dropReferences(manager: EntityManager, keys: Iterable<ChunkKey>): Promise<ChunkKey[]> {
  const counts = new Map<ChunkKey, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  const sorted = [...counts.keys()].sort()
  const unreferenced: ChunkKey[] = []
  for (let start = 0; start < sorted.length; start += keysPerStatement) {
    const slice = sorted.slice(start, start + keysPerStatement)
    const packed = slice.map(packKey)
    await rows(manager, lockChunks, [packed])
    const counted = [packed, slice.map((key) => counts.get(key))]
    const changed = await rows<KeyRow & { reference_count: number }>(manager, dropCounted, counted)
    for (const row of changed) if (row.reference_count === 0) unreferenced.push(unpackKey(row.key))
  }
  return unreferenced
}

/** Of `keys` those without a reference, locked: they stay so until the transaction ends. */
export async function lockUnreferenced(
  manager: EntityManager,
  keys: readonly ChunkKey[],
): Promise<ChunkKey[]> {
  const found = await rows<KeyRow>(manager, lockUnreferencedChunks, [keys.map(packKey)])
  return found.map(({ key }) => unpackKey(key))
}

export async function deleteChunkRows(manager: EntityManager, keys: readonly ChunkKey[]): Promise<void> {
  await rows(manager, deleteChunks, [keys.map(packKey)])
}
