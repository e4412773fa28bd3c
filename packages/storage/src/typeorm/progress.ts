import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import type { Progress, SealedChunk } from '../database.js'
import { StorageError } from '../errors.js'
import { dropReferences } from './chunk-references.js'
import { changeFlushed } from './flushed-pieces.js'
import { keyBytes, packKey } from './packed-key.js'
import { rows } from './sql.js'
import { keyAt, keysPerPart, partBytes, segmentBytes, TorrentPlaces } from './torrent-places.js'

/** Until the transaction ends nobody else changes this torrent's progress. Readers do not wait. */
const lockTorrent = {
  name: 'lock-torrent',
  text: 'SELECT piece_count FROM torrent WHERE id = $1 FOR NO KEY UPDATE',
}

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
    )
    INSERT INTO chunk (key, length_bytes, reference_count)
    SELECT ${nth(6, keyBytes)}, length_bytes, count
    FROM unnest($7::integer[], $8::integer[]) WITH ORDINALITY AS c (length_bytes, count, n)
    ON CONFLICT (key) DO UPDATE SET reference_count = chunk.reference_count + excluded.reference_count`,
}

const allParts = { name: 'all-parts', text: 'SELECT keys FROM packed_keys WHERE torrent_id = $1' }

const deleteTorrentRow = { name: 'delete-torrent', text: 'DELETE FROM torrent WHERE id = $1' }

/** Sets bits and keys and counts references: what it costs depends on the batch, not on the torrent. */
export async function recordBatch(
  manager: EntityManager,
  torrentId: string,
  { completedPieces, sealedChunks, flushed }: Progress,
): Promise<void> {
  const pieceCount = await lock(manager, torrentId)
  if (pieceCount === undefined) {
    throw new StorageError('STORAGE_DATABASE', `torrent ${torrentId} is not in the library`)
  }
  refusePieces(pieceCount, completedPieces)
  const ordinals = sealedChunks.map(({ ordinal }) => ordinal)
  refuseOrdinals(ordinals)
  const places = await TorrentPlaces.read(manager, torrentId, { pieces: completedPieces, ordinals })
  for (const piece of completedPieces) places.have(piece, true)
  const fresh: SealedChunk[] = []
  for (const chunk of sealedChunks) {
    const known = places.keyOf(chunk.ordinal)
    if (known === chunk.key) continue
    if (known !== undefined) throw otherKey(torrentId, chunk, known)
    places.setKey(chunk.ordinal, chunk.key)
    fresh.push(chunk)
  }
  await write(manager, torrentId, places, fresh)
  if (flushed) await changeFlushed(manager, torrentId, completedPieces, true)
}

/** Takes bits and keys away. Returns the keys that nothing refers to any more. */
export async function clearPlaces(
  manager: EntityManager,
  torrentId: string,
  lost: { readonly pieces: readonly number[]; readonly ordinals: readonly number[] },
): Promise<ChunkKey[]> {
  const pieceCount = await lock(manager, torrentId)
  if (pieceCount === undefined) return []
  refusePieces(pieceCount, lost.pieces)
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
  await write(manager, torrentId, places, [])
  return await dropReferences(manager, keys)
}

/** Marks those of the pieces that are complete as flushed. */
export async function markFlushed(
  manager: EntityManager,
  torrentId: string,
  pieces: readonly number[],
): Promise<void> {
  const pieceCount = await lock(manager, torrentId)
  if (pieceCount === undefined) return
  refusePieces(pieceCount, pieces)
  await changeFlushed(manager, torrentId, pieces, true)
}

/** Deletes the torrent with all its rows. Returns the keys that nothing refers to any more. */
export async function deleteRows(manager: EntityManager, torrentId: string): Promise<ChunkKey[]> {
  if ((await lock(manager, torrentId)) === undefined) return []
  const parts = await rows<{ keys: Uint8Array }>(manager, allParts, [torrentId])
  const keys: ChunkKey[] = []
  for (const part of parts) {
    for (let place = 0; place < keysPerPart; place++) {
      const key = keyAt(part.keys, place)
      if (key !== undefined) keys.push(key)
    }
  }
  await rows(manager, deleteTorrentRow, [torrentId])
  return await dropReferences(manager, keys)
}

async function lock(manager: EntityManager, torrentId: string): Promise<number | undefined> {
  const [locked] = await rows<{ piece_count: number }>(manager, lockTorrent, [torrentId])
  return locked?.piece_count
}

async function write(
  manager: EntityManager,
  torrentId: string,
  places: TorrentPlaces,
  chunks: readonly SealedChunk[],
): Promise<void> {
  const changes = places.changes()
  if (changes.every((list) => list.length === 0)) return
  const references = countReferences(chunks)
  await rows(manager, writePlaces, [
    torrentId,
    ...places.changes(),
    Buffer.concat(references.map(({ key }) => packKey(key))),
    references.map(({ lengthBytes }) => lengthBytes),
    references.map(({ count }) => count),
  ])
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
