import type { EntityManager } from 'typeorm'
import type { CacheUsage, Eviction, WaitingChunk } from '../cache-records.js'
import { recencyMs } from '../cache-records.js'
import type { ChunkKey } from '../chunk-store.js'
import { packKey, unpackKey } from './packed-key.js'
import { rows } from './sql.js'

/*
 * Column `place` of a chunk: null while only the local store has it, which then costs no byte. One that is
 * `going` counts as local and is left alone by all but going-chunks. Rows of
 * chunks are locked in the order of their keys or without waiting, and `cache_usage` after all of them, so
 * that nobody waits in a circle.
 */
export type Place = null | typeof both | typeof away | typeof going
export const both = 1
export const away = 2
export const going = 3

/** Times of use are whole seconds since then: four bytes last until 2088. */
const epochMs = Date.UTC(2020, 0, 1)

/** The server's time as a time of use. */
export const secondsNow = `(extract(epoch FROM clock_timestamp())::integer - ${epochMs / 1000})`

/** Rows that one eviction looks at: so many are locked while objects are deleted. */
const maxEvicted = 64

export interface PlacedRow {
  readonly key: Uint8Array
  readonly length_bytes: number
  readonly place: Place
}

const lockPlaces = {
  name: 'lock-places',
  text: `SELECT key, length_bytes, place FROM chunk
    WHERE key = ANY($1::bytea[]) AND place IS DISTINCT FROM ${going} ORDER BY key FOR UPDATE`,
}

/** `xmin` is the transaction that wrote this version of the row: another one after each change. */
const lockVersions = {
  name: 'lock-versions',
  text: `SELECT key, length_bytes, place FROM chunk WHERE (key, xmin::text) IN (
      SELECT * FROM unnest($1::bytea[], $2::text[])) ORDER BY key FOR UPDATE`,
}

const setPlaces = {
  name: 'set-places',
  text: `UPDATE chunk SET place = $2::smallint, last_used = coalesce($3::integer, last_used)
    WHERE key = ANY($1::bytea[])`,
}

const writeUsage = {
  name: 'write-usage',
  text: 'UPDATE cache_usage SET local_bytes = local_bytes + $1, away_bytes = away_bytes + $2',
}

const readUsage = { name: 'read-usage', text: 'SELECT local_bytes, away_bytes FROM cache_usage' }

const insertLocal = {
  name: 'insert-local',
  text: `INSERT INTO chunk (key, length_bytes, reference_count) VALUES ($1, $2, 0)
    ON CONFLICT (key) DO NOTHING RETURNING length_bytes`,
}

const findNotRemote = {
  name: 'find-not-remote',
  text: `SELECT key, xmin::text AS version FROM chunk WHERE place IS NULL AND reference_count > 0 AND key <> ALL($2::bytea[])
    LIMIT $1`,
}

const lockEvictable = {
  name: 'lock-evictable',
  text: `SELECT key, length_bytes, place FROM chunk WHERE place = ${both} AND pins IS NULL
    ORDER BY last_used LIMIT ${maxEvicted} FOR UPDATE SKIP LOCKED`,
}

const touchChunks = {
  name: 'touch-chunks',
  text: `UPDATE chunk SET last_used = $2 WHERE key IN (
    SELECT key FROM chunk WHERE key = ANY($1::bytea[]) AND last_used <= $2::integer - ${recencyMs / 1000}
      AND place <> ${going} ORDER BY key FOR UPDATE)`,
}

export async function usage(manager: EntityManager): Promise<CacheUsage> {
  const [row] = await rows<{ local_bytes: string; away_bytes: string }>(manager, readUsage, [])
  return { localBytes: Number(row?.local_bytes ?? 0), awayBytes: Number(row?.away_bytes ?? 0) }
}

/** False where the chunk is going. */
export async function addLocal(manager: EntityManager, key: ChunkKey, lengthBytes: number): Promise<boolean> {
  const inserted = await rows(manager, insertLocal, [packKey(key), lengthBytes])
  if (inserted.length > 0) {
    await changeUsage(manager, lengthBytes, 0)
    return true
  }
  return (await moveAnew(manager, [key], (place) => (place === away ? both : place))).length > 0
}

/** Gives the chunks the place that `to` says, and counts. Answers those that have a row and are not going. */
export async function move(
  manager: EntityManager,
  keys: readonly ChunkKey[],
  to: (place: Place) => Place,
): Promise<ChunkKey[]> {
  const found = await rows<PlacedRow>(manager, lockPlaces, [keys.map(packKey)])
  await write(
    manager,
    found.filter(({ place }) => to(place) !== place),
    to,
  )
  return found.map(({ key }) => unpackKey(key))
}

/** The same; rows that keep their place get a new version all the same, and a time of use if there is one. */
export async function moveAnew(
  manager: EntityManager,
  keys: readonly ChunkKey[],
  to: (place: Place) => Place,
  atMs?: number,
): Promise<ChunkKey[]> {
  const found = await rows<PlacedRow>(manager, lockPlaces, [keys.map(packKey)])
  await write(manager, found, to, atMs)
  return found.map(({ key }) => unpackKey(key))
}

/** Gives this place to those chunks whose rows are as they were, and counts. Answers them. */
export async function moveWaiting(
  manager: EntityManager,
  chunks: readonly WaitingChunk[],
  place: Place,
  atMs?: number,
): Promise<ChunkKey[]> {
  const versions = [chunks.map(({ key }) => packKey(key)), chunks.map(({ version }) => version)]
  const found = await rows<PlacedRow>(manager, lockVersions, versions)
  const changed = found.filter((row) => row.place !== place)
  await write(manager, changed, () => place, atMs)
  return found.map(({ key }) => unpackKey(key))
}

/** Takes what is going out of the count. */
export async function uncount(manager: EntityManager, gone: readonly PlacedRow[]): Promise<void> {
  const awayBytes = sum(gone.filter(({ place }) => place === away))
  await changeUsage(manager, awayBytes - sum(gone), -awayBytes)
}

export async function notRemote(
  manager: EntityManager,
  limit: number,
  except: readonly ChunkKey[],
): Promise<WaitingChunk[]> {
  const values = [limit, except.map(packKey)]
  const found = await rows<PlacedRow & { version: string }>(manager, findNotRemote, values)
  return found.map(({ key, version }) => ({ key: unpackKey(key), version }))
}

export async function evict(
  manager: EntityManager,
  wantedBytes: number,
  deleteObjects: (keys: readonly ChunkKey[]) => Promise<void>,
): Promise<Eviction> {
  const evictable = await rows<PlacedRow>(manager, lockEvictable, [])
  const chosen: PlacedRow[] = []
  let bytes = 0
  for (const row of evictable) {
    if (bytes >= wantedBytes) break
    chosen.push(row)
    bytes += row.length_bytes
  }
  const keys = chosen.map(({ key }) => unpackKey(key))
  if (keys.length === 0) return { keys, bytes }
  await deleteObjects(keys)
  await write(manager, chosen, () => away)
  return { keys, bytes }
}

export async function touch(manager: EntityManager, keys: readonly ChunkKey[], atMs: number): Promise<void> {
  await rows(manager, touchChunks, [keys.map(packKey), secondsOf(atMs)])
}

/** Of rows that are locked. */
async function write(
  manager: EntityManager,
  locked: readonly PlacedRow[],
  to: (place: Place) => Place,
  atMs?: number,
): Promise<void> {
  for (const place of [null, both, away] as const) {
    const some = locked.filter((row) => to(row.place) === place).map(({ key }) => key)
    if (some.length > 0)
      await rows(manager, setPlaces, [some, place, atMs === undefined ? null : secondsOf(atMs)])
  }
  const gone = sum(locked.filter((row) => to(row.place) === away))
  const back = sum(locked.filter((row) => row.place === away))
  await changeUsage(manager, back - gone, gone - back)
}

export async function changeUsage(
  manager: EntityManager,
  localBytes: number,
  awayBytes: number,
): Promise<void> {
  if (localBytes !== 0 || awayBytes !== 0) await rows(manager, writeUsage, [localBytes, awayBytes])
}

export function sum(chunks: readonly PlacedRow[]): number {
  return chunks.reduce((bytes, { length_bytes }) => bytes + length_bytes, 0)
}

function secondsOf(atMs: number): number {
  return Math.floor((atMs - epochMs) / 1000)
}
