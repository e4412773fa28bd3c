import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import { setBit } from '../have-bits.js'
import { segmentBytes } from './have-segments.js'
import { keyBytes, keysPerRow, unpackKey } from './packed-keys.js'
import { plainBytes, rows } from './sql.js'

/*
 * Reads of progress look at the folded rows and at the batches in one statement: one that folds meanwhile
 * moves rows from one table to the other, and two statements could see them in neither.
 */

/** Keys of these ordinals, where one is recorded. */
export async function knownKeys(
  manager: EntityManager,
  torrentId: string,
  ordinals: readonly number[],
): Promise<Map<number, ChunkKey>> {
  const found = await rows<{ ordinal: number; key: Uint8Array }>(
    manager,
    `SELECT o.ordinal, substring(p.keys FROM (o.ordinal % ${keysPerRow}) * ${keyBytes} + 1 FOR ${keyBytes}) AS key
     FROM unnest($2::integer[]) AS o (ordinal)
     JOIN packed_keys p ON p.torrent_id = $1 AND p.part = o.ordinal / ${keysPerRow}
     UNION ALL
     SELECT o.ordinal, substring(b.keys FROM (o.place::integer - 1) * ${keyBytes} + 1 FOR ${keyBytes})
     FROM progress_batch b CROSS JOIN LATERAL unnest(b.ordinals) WITH ORDINALITY AS o (ordinal, place)
     WHERE b.torrent_id = $1 AND b.ordinals && $2 AND o.ordinal = ANY($2)`,
    [torrentId, ordinals],
  )
  const known = new Map<number, ChunkKey>()
  for (const { ordinal, key } of found) {
    const unpacked = unpackKey(key, 0)
    if (unpacked !== undefined) known.set(ordinal, unpacked)
  }
  return known
}

/** Keys of the ordinals [first, first + count), `undefined` where none is recorded. */
export async function keyRange(
  manager: EntityManager,
  torrentId: string,
  first: number,
  count: number,
): Promise<(ChunkKey | undefined)[]> {
  const keys = new Array<ChunkKey | undefined>(count).fill(undefined)
  if (count === 0) return keys
  const found = await rows<{ start: number | null; keys: Uint8Array; ordinals: number[] | null }>(
    manager,
    `SELECT greatest($2::integer - part * ${keysPerRow}, 0) + part * ${keysPerRow} AS start, NULL AS ordinals,
       substring(keys FROM greatest($2::integer - part * ${keysPerRow}, 0) * ${keyBytes} + 1
         FOR least($3::integer, ${keysPerRow}) * ${keyBytes}) AS keys
     FROM packed_keys
     WHERE torrent_id = $1 AND part BETWEEN $2::integer / ${keysPerRow} AND ($2::integer + $3::integer - 1) / ${keysPerRow}
     UNION ALL
     SELECT NULL, ordinals, keys FROM progress_batch b
     WHERE torrent_id = $1
       AND EXISTS (SELECT FROM unnest(b.ordinals) o WHERE o >= $2::integer AND o < $2::integer + $3::integer)`,
    [torrentId, first, count],
  )
  for (const row of found) {
    const places =
      row.ordinals ??
      Array.from({ length: row.keys.length / keyBytes }, (_, place) => (row.start ?? 0) + place)
    for (const [place, ordinal] of places.entries()) {
      const key = unpackKey(row.keys, place)
      if (key !== undefined && ordinal >= first && ordinal < first + count) keys[ordinal - first] = key
    }
  }
  return keys
}

/** All have bits of a torrent; none where it is not there. */
export async function haveBits(manager: EntityManager, torrentId: string): Promise<Uint8Array> {
  const found = await rows<{
    piece_count: number | null
    segment: number | null
    bits: Uint8Array | null
    pieces: number[] | null
  }>(
    manager,
    `SELECT p.piece_count, s.segment, s.bits, NULL AS pieces
     FROM torrent_progress p LEFT JOIN have_segment s ON s.torrent_id = p.torrent_id WHERE p.torrent_id = $1
     UNION ALL
     SELECT NULL, NULL, NULL, pieces FROM progress_batch WHERE torrent_id = $1`,
    [torrentId],
  )
  const pieceCount = found.find((row) => row.piece_count !== null)?.piece_count ?? 0
  const have = new Uint8Array(Math.ceil(pieceCount / 8))
  for (const { segment, bits } of found) {
    if (segment !== null && bits !== null) have.set(plainBytes(bits), segment * segmentBytes)
  }
  // After the segments: a batch adds to what they say.
  for (const { pieces } of found) for (const piece of pieces ?? []) setBit(have, piece)
  return have
}
