import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import type { Progress, SealedChunk } from '../database.js'
import { StorageError } from '../errors.js'
import { dropReferences } from './chunk-references.js'
import { changeHaveBits } from './have-segments.js'
import { knownKeys } from './known-keys.js'
import { changePackedKeys, keyBytes, keysPerRow, packKey, unpackKey } from './packed-keys.js'
import { rows } from './sql.js'

/** Batches are folded when reading them all would cost as much as reading a row of packed keys. */
const maxBatchBytes = keysPerRow * keyBytes
const maxBatches = 256

interface Locked {
  readonly piece_count: number
  readonly chunk_count: number
  readonly sealed_chunks: number
  readonly batches: number
  readonly batch_bytes: number
}

/** From here to the end of the transaction nobody else changes the progress of this torrent. */
async function lockProgress(manager: EntityManager, torrentId: string): Promise<Locked | undefined> {
  const [locked] = await rows<Locked>(
    manager,
    `SELECT piece_count, chunk_count, sealed_chunks, batches, batch_bytes
     FROM torrent_progress WHERE torrent_id = $1 FOR UPDATE`,
    [torrentId],
  )
  return locked
}

/** Adds one small row, and references. What one call costs does not depend on the size of the torrent. */
export async function recordBatch(
  manager: EntityManager,
  torrentId: string,
  progress: Progress,
): Promise<void> {
  const locked = await lockProgress(manager, torrentId)
  if (locked === undefined)
    throw new StorageError('STORAGE_DATABASE', `torrent ${torrentId} is not in the library`)
  refusePieces(locked.piece_count, progress.completedPieces)
  const fresh = await unknownChunks(manager, torrentId, progress.sealedChunks)
  if (fresh.length === 0 && progress.completedPieces.length === 0) return
  await insertBatch(manager, torrentId, progress.completedPieces, fresh)

  const batchBytes = locked.batch_bytes + 4 * progress.completedPieces.length + (4 + keyBytes) * fresh.length
  const complete = fresh.length > 0 && locked.sealed_chunks + fresh.length === locked.chunk_count
  if (complete || batchBytes >= maxBatchBytes || locked.batches + 1 >= maxBatches) {
    await foldBatches(manager, torrentId, locked.piece_count)
  }
}

async function insertBatch(
  manager: EntityManager,
  torrentId: string,
  pieces: readonly number[],
  chunks: readonly SealedChunk[],
): Promise<void> {
  const packed = new Map(chunks.map(({ key }) => [key, packKey(key)]))
  const references = countReferences(chunks)
  await rows(
    manager,
    `WITH referenced AS (
       INSERT INTO chunk (key, length_bytes, reference_count)
       SELECT key, length_bytes, count FROM unnest($4::bytea[], $5::integer[], $6::integer[]) AS c (key, length_bytes, count)
       ON CONFLICT (key) DO UPDATE SET reference_count = chunk.reference_count + excluded.reference_count
     ), counted AS (
       UPDATE torrent_progress SET next_batch = next_batch + 1, batches = batches + 1,
         sealed_chunks = sealed_chunks + cardinality($3::integer[]),
         batch_bytes = batch_bytes + 4 * cardinality($2::integer[]) + 4 * cardinality($3::integer[]) + length($7::bytea)
       WHERE torrent_id = $1 RETURNING next_batch
     )
     INSERT INTO progress_batch (torrent_id, number, pieces, ordinals, keys)
     SELECT $1, next_batch, $2, $3, $7 FROM counted`,
    [
      torrentId,
      [...new Set(pieces)],
      chunks.map(({ ordinal }) => ordinal),
      references.map(({ key }) => packed.get(key)),
      references.map(({ lengthBytes }) => lengthBytes),
      references.map(({ count }) => count),
      Buffer.concat(chunks.map(({ key }) => packKey(key))),
    ],
  )
}

/** In the order of the keys: see chunk-references. */
function countReferences(chunks: readonly SealedChunk[]) {
  const counted = new Map<ChunkKey, { key: ChunkKey; lengthBytes: number; count: number }>()
  for (const { key, lengthBytes } of chunks) {
    const known = counted.get(key)
    if (known === undefined) counted.set(key, { key, lengthBytes, count: 1 })
    else known.count += 1
  }
  return Array.from(counted.values()).sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** Those of `chunks` that have no key yet, each ordinal once. The bytes of a place are fixed: another key is refused. */
async function unknownChunks(
  manager: EntityManager,
  torrentId: string,
  chunks: readonly SealedChunk[],
): Promise<SealedChunk[]> {
  for (const { ordinal } of chunks) {
    if (!Number.isInteger(ordinal) || ordinal < 0) throw new RangeError(`${ordinal} is no ordinal of a chunk`)
  }
  const ordinals = chunks.map(({ ordinal }) => ordinal)
  const known = chunks.length === 0 ? new Map() : await knownKeys(manager, torrentId, ordinals)
  const fresh: SealedChunk[] = []
  for (const chunk of chunks) {
    const key = known.get(chunk.ordinal)
    if (key === undefined) {
      known.set(chunk.ordinal, chunk.key)
      fresh.push(chunk)
    } else if (key !== chunk.key) {
      const place = `chunk ${chunk.ordinal} of torrent ${torrentId}`
      throw new StorageError('STORAGE_DATABASE', `${place} is ${key}, not ${chunk.key}`)
    }
  }
  return fresh
}

/** Moves what the batches say into the segments and packed keys, where it takes the least room. */
async function foldBatches(manager: EntityManager, torrentId: string, pieceCount: number): Promise<void> {
  const batches = await rows<{ pieces: number[]; ordinals: number[]; keys: Uint8Array }>(
    manager,
    'DELETE FROM progress_batch WHERE torrent_id = $1 RETURNING pieces, ordinals, keys',
    [torrentId],
  )
  const pieces = batches.flatMap((batch) => batch.pieces)
  const keys = new Map<number, ChunkKey | undefined>()
  for (const batch of batches) {
    for (const [index, ordinal] of batch.ordinals.entries()) keys.set(ordinal, unpackKey(batch.keys, index))
  }
  await changeHaveBits(manager, torrentId, pieceCount, { pieces, to: true })
  await changePackedKeys(manager, torrentId, keys)
  await rows(manager, 'UPDATE torrent_progress SET batches = 0, batch_bytes = 0 WHERE torrent_id = $1', [
    torrentId,
  ])
}

/** Takes bits and keys away. Returns the keys that nothing refers to any more. */
export async function clearPlaces(
  manager: EntityManager,
  torrentId: string,
  lost: { readonly pieces: readonly number[]; readonly ordinals: readonly number[] },
): Promise<ChunkKey[]> {
  const locked = await lockProgress(manager, torrentId)
  if (locked === undefined) return []
  refusePieces(locked.piece_count, lost.pieces)
  await foldBatches(manager, torrentId, locked.piece_count)
  await changeHaveBits(manager, torrentId, locked.piece_count, { pieces: lost.pieces, to: false })
  const none = new Map(lost.ordinals.map((ordinal) => [ordinal, undefined]))
  const before = await changePackedKeys(manager, torrentId, none)
  await rows(
    manager,
    'UPDATE torrent_progress SET sealed_chunks = sealed_chunks - $2 WHERE torrent_id = $1',
    [torrentId, before.size],
  )
  return await dropReferences(manager, before.values())
}

/** Deletes the torrent with all its rows. Returns the keys that nothing refers to any more. */
export async function deleteRows(manager: EntityManager, torrentId: string): Promise<ChunkKey[]> {
  const locked = await lockProgress(manager, torrentId)
  if (locked === undefined) return []
  await foldBatches(manager, torrentId, locked.piece_count)
  const parts = await rows<{ keys: Uint8Array }>(
    manager,
    'SELECT keys FROM packed_keys WHERE torrent_id = $1',
    [torrentId],
  )
  const keys: ChunkKey[] = []
  for (const part of parts) {
    for (let place = 0; place < part.keys.length / keyBytes; place++) {
      const key = unpackKey(part.keys, place)
      if (key !== undefined) keys.push(key)
    }
  }
  await rows(manager, 'DELETE FROM torrent WHERE id = $1', [torrentId])
  return await dropReferences(manager, keys)
}

function refusePieces(count: number, pieces: readonly number[]): void {
  for (const piece of pieces) {
    if (Number.isInteger(piece) && piece >= 0 && piece < count) continue
    throw new RangeError(`piece ${piece} is outside a torrent of ${count} pieces`)
  }
}
