import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import { type PlacedRow, uncount } from './chunk-places.js'
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
  text: `UPDATE chunk SET reference_count = reference_count - dropped.count,
      pins = CASE WHEN $3::boolean THEN nullif(pins - dropped.count, 0) ELSE pins END
    FROM unnest($1::bytea[], $2::integer[]) AS dropped (key, count)
    WHERE chunk.key = dropped.key RETURNING chunk.key, reference_count`,
}

const changeCounted = {
  name: 'change-pins',
  text: `UPDATE chunk SET pins = nullif(coalesce(pins, 0) + changed.count, 0)
    FROM unnest($1::bytea[], $2::integer[]) AS changed (key, count) WHERE chunk.key = changed.key`,
}

const readLengths = {
  name: 'read-chunk-lengths',
  text: 'SELECT key, length_bytes FROM chunk WHERE key = ANY($1::bytea[])',
}

const deleteChunks = {
  name: 'delete-chunks',
  text: 'DELETE FROM chunk WHERE key = ANY($1::bytea[]) RETURNING key, length_bytes, place',
}

/**
 * Takes references away, and with those of a pinned torrent its pins: for each key as many as it is named.
 * Returns the keys that have no reference left.
 */
export async function dropReferences(
  manager: EntityManager,
  keys: Iterable<ChunkKey>,
  { pinned }: { readonly pinned: boolean },
): Promise<ChunkKey[]> {
  const unreferenced: ChunkKey[] = []
  for (const counted of await lockCounted(manager, keys)) {
    const values = [...counted, pinned]
    const changed = await rows<KeyRow & { reference_count: number }>(manager, dropCounted, values)
    for (const row of changed) if (row.reference_count === 0) unreferenced.push(unpackKey(row.key))
  }
  return unreferenced
}

/** One pin more, or less, for each time that a key is named. */
export async function changePins(
  manager: EntityManager,
  keys: Iterable<ChunkKey>,
  change: 1 | -1,
): Promise<void> {
  for (const [packed, counts] of await lockCounted(manager, keys)) {
    await rows(manager, changeCounted, [packed, counts.map((count) => change * count)])
  }
}

/** Locks the chunks, and gives them with how often they are named, as much at a time as a statement takes. */
async function lockCounted(
  manager: EntityManager,
  keys: Iterable<ChunkKey>,
): Promise<(readonly [packed: Buffer[], counts: number[]])[]> {
  const counts = new Map<ChunkKey, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  const slices: (readonly [Buffer[], number[]])[] = []
  for (let start = 0; start < sorted.length; start += keysPerStatement) {
    const slice = sorted.slice(start, start + keysPerStatement)
    const packed = slice.map(([key]) => packKey(key))
    await rows(manager, lockChunks, [packed])
    slices.push([packed, slice.map(([, count]) => count)])
  }
  return slices
}

export async function deleteChunkRows(manager: EntityManager, keys: readonly ChunkKey[]): Promise<void> {
  const gone = await rows<PlacedRow>(manager, deleteChunks, [keys.map(packKey)])
  await uncount(manager, gone)
}

/** How long those of `keys` are that have a row. */
export async function chunkLengths(
  manager: EntityManager,
  keys: readonly ChunkKey[],
): Promise<Map<ChunkKey, number>> {
  const found = await rows<KeyRow & { length_bytes: number }>(manager, readLengths, [keys.map(packKey)])
  return new Map(found.map((row) => [unpackKey(row.key), row.length_bytes]))
}
