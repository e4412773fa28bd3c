import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import type { Progress, SealedChunk } from '../database.js'
import { StorageError } from '../errors.js'
import type { FenceOptions } from '../fence.js'
import type { TorrentId } from '../torrent-layout.js'
import { going, move } from './chunk-places.js'
import { dropReferences } from './chunk-references.js'
import { type LockedTorrent, lockTorrentRow } from './fenced-rows.js'
import { changeFlushed } from './flushed-pieces.js'
import { ChunksGoing } from './going-chunks.js'
import { keyBytes, packKey, unpackKey } from './packed-key.js'
import { deletePinsOf } from './pins.js'
import { rows } from './sql.js'
import { partBytes, segmentBytes, TorrentPlaces } from './torrent-places.js'
import { keysOfTorrent } from './torrent-progress.js'

/** The n-th of the equally long values that are packed in parameter `$parameter`. */
const nth = (parameter: number, bytes: number) =>
  `substring($${parameter}::bytea FROM (n::integer - 1) * ${bytes} + 1 FOR ${bytes})`

const writePlaces = {
  name: 'write-places',
  text: `WITH bits AS (
      INSERT INTO have_segment (torrent_id, segment, bits)
      SELECT $1, segment, ${nth(3, segmentBytes)} FROM unnest($2::integer[]) WITH ORDINALITY AS s (segment, n)
      ON CONFLICT (torrent_id, segment) DO UPDATE SET bits = excluded.bits
    ), keys AS (
      INSERT INTO packed_keys (torrent_id, part, keys)
      SELECT $1, part, ${nth(5, partBytes)} FROM unnest($4::integer[]) WITH ORDINALITY AS p (part, n)
      ON CONFLICT (torrent_id, part) DO UPDATE SET keys = excluded.keys
    ), chunks AS (
      INSERT INTO chunk (key, length_bytes, reference_count, pins)
      SELECT ${nth(6, keyBytes)}, length_bytes, count, CASE WHEN $9::boolean THEN count END
      FROM unnest($7::integer[], $8::integer[]) WITH ORDINALITY AS c (length_bytes, count, n)
      ON CONFLICT (key) DO UPDATE SET reference_count = chunk.reference_count + excluded.reference_count,
        pins = CASE WHEN $9 THEN coalesce(chunk.pins, 0) + excluded.pins ELSE chunk.pins END
      RETURNING key, length_bytes, place, xmax = 0 AS is_new
    ), usage AS (
      UPDATE cache_usage SET local_bytes = local_bytes + (SELECT sum(length_bytes) FROM chunks WHERE is_new)
      WHERE EXISTS (SELECT FROM chunks WHERE is_new)
    )
    SELECT key, place FROM chunks WHERE place IS NOT NULL`,
}

const deleteTorrentRow = { name: 'delete-torrent', text: 'DELETE FROM torrent WHERE id = $1' }

/**
 * Sets bits and keys and counts references: what it costs depends on the batch, not on the torrent. Rejects
 * ChunksGoing where objects of these chunks are being deleted.
 */
export async function recordBatch(
  manager: EntityManager,
  torrentId: string,
  { completedPieces, sealedChunks, flushed }: Progress,
  options: FenceOptions,
): Promise<void> {
  const ordinals = sealedChunks.map(({ ordinal }) => ordinal)
  refuseOrdinals(ordinals)
  // Sent together. The server reads once the torrent is locked, and so what the last one wrote.
  const [torrent, places] = await Promise.all([
    lockTorrentRow(manager, torrentId, options),
    TorrentPlaces.read(manager, torrentId, { pieces: completedPieces, ordinals }),
  ])
  if (torrent === undefined) {
    throw new StorageError('STORAGE_DATABASE', `torrent ${torrentId} is not in the library`)
  }
  refusePieces(torrent.piece_count, completedPieces)
  for (const piece of completedPieces) places.have(piece, true)
  const fresh: SealedChunk[] = []
  for (const chunk of sealedChunks) {
    const known = places.keyOf(chunk.ordinal)
    if (known === chunk.key) continue
    if (known !== undefined) throw otherKey(torrentId, chunk, known)
    places.setKey(chunk.ordinal, chunk.key)
    fresh.push(chunk)
  }
  await write(manager, torrent, places, fresh)
  if (flushed) await changeFlushed(manager, torrentId, completedPieces, true)
}

/** Takes bits and keys away. Returns the keys that nothing refers to any more. */
export async function clearPlaces(
  manager: EntityManager,
  torrentId: string,
  lost: { readonly pieces: readonly number[]; readonly ordinals: readonly number[] },
  options: FenceOptions,
): Promise<ChunkKey[]> {
  const torrent = await lockTorrentRow(manager, torrentId, options)
  if (torrent === undefined) return []
  refusePieces(torrent.piece_count, lost.pieces)
  refuseOrdinals(lost.ordinals)
  const places = await TorrentPlaces.read(manager, torrentId, lost)
  for (const piece of lost.pieces) places.have(piece, false)
  const keys: ChunkKey[] = []
  for (const ordinal of lost.ordinals) {
    const key = places.keyOf(ordinal)
    if (key === undefined) continue
    places.setKey(ordinal, undefined)
    keys.push(key)
  }
  await changeFlushed(manager, torrentId, lost.pieces, false)
  await write(manager, torrent, places, [])
  return await dropReferences(manager, keys, { pinned: torrent.pin_count > 0 })
}

/** Marks those of the pieces that are complete as flushed. */
export async function markFlushed(
  manager: EntityManager,
  torrentId: string,
  pieces: readonly number[],
  options: FenceOptions,
): Promise<void> {
  const torrent = await lockTorrentRow(manager, torrentId, options)
  if (torrent === undefined) return
  refusePieces(torrent.piece_count, pieces)
  await changeFlushed(manager, torrentId, pieces, true)
}

/** Deletes the torrent with all its rows. Returns the keys that nothing refers to any more. */
export async function deleteRows(
  manager: EntityManager,
  torrentId: string,
  options: FenceOptions,
): Promise<ChunkKey[]> {
  const torrent = await lockTorrentRow(manager, torrentId, options)
  if (torrent === undefined) return []
  const keys = await keysOfTorrent(manager, torrentId)
  await rows(manager, deleteTorrentRow, [torrentId])
  await deletePinsOf(manager, [{ torrentId: torrentId as TorrentId }])
  return await dropReferences(manager, keys, { pinned: torrent.pin_count > 0 })
}

async function write(
  manager: EntityManager,
  torrent: LockedTorrent,
  places: TorrentPlaces,
  chunks: readonly SealedChunk[],
): Promise<void> {
  const changes = places.changes()
  if (changes.every((list) => list.length === 0)) return
  const references = countReferences(chunks)
  const elsewhere = await rows<{ key: Uint8Array; place: number }>(manager, writePlaces, [
    torrent.id,
    ...changes,
    Buffer.concat(references.map(({ key }) => packKey(key))),
    references.map(({ lengthBytes }) => lengthBytes),
    references.map(({ count }) => count),
    torrent.pin_count > 0,
  ])
  const gone = elsewhere.filter(({ place }) => place === going)
  if (gone.length > 0) throw new ChunksGoing(gone.map(({ key }) => unpackKey(key)))
  // They have come once more: what is known of the remote copy is found out anew before this one may go.
  const keys = elsewhere.map(({ key }) => unpackKey(key))
  if (keys.length > 0) await move(manager, keys, () => null)
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

/** The bytes of a place are fixed by the torrent: another key for it means that somebody is wrong. */
function otherKey(torrentId: string, { ordinal, key }: SealedChunk, known: ChunkKey): StorageError {
  return new StorageError(
    'STORAGE_DATABASE',
    `chunk ${ordinal} of torrent ${torrentId} is ${known}, not ${key}`,
  )
}

function refusePieces(count: number, pieces: readonly number[]): void {
  for (const piece of pieces) {
    if (Number.isInteger(piece) && piece >= 0 && piece < count) continue
    throw new RangeError(`piece ${piece} is outside a torrent of ${count} pieces`)
  }
}

function refuseOrdinals(ordinals: readonly number[]): void {
  for (const ordinal of ordinals) {
    if (!Number.isInteger(ordinal) || ordinal < 0) throw new RangeError(`${ordinal} is no ordinal of a chunk`)
  }
}
