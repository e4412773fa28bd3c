import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import type { DeleteObjects } from '../delete-objects.js'
import { StorageError } from '../errors.js'
import { away, changeUsage, going, type PlacedRow, secondsNow, sum } from './chunk-places.js'
import { deleteChunkRows } from './chunk-references.js'
import { packKey, unpackKey } from './packed-key.js'
import { deletePinsOf } from './pins.js'
import { rows } from './sql.js'

/*
 * A lock is gone as soon as its connection breaks, while the deletion of objects that it protected runs on. So
 * chunks that go are marked first, in a transaction of its own: `place` is `going`, and `last_used` the second
 * of the mark. Who wants to record one of them waits until its row is gone. A mark whose maker died counts for
 * `abandonedSeconds`; whoever made it begins no deletion after `deletionMs`, which leaves the rest of that time
 * to those that have begun. Where the server's clock was set back, marks are of the future: those that are met for
 * `abandonedSeconds` by a clock that nobody sets are abandoned, too.
 */
const deletionMs = 5_000
const abandonedSeconds = 15

const pollMs = 25

/** `$2`: it was waited for as long as a mark counts. */
const isAbandoned = `(last_used <= ${secondsNow} - ${abandonedSeconds} OR $2 AND last_used > ${secondsNow})`

const lockUnreferenced = {
  name: 'lock-unreferenced-chunks',
  text: `SELECT key, length_bytes, place, NOT ${isAbandoned} AS is_fresh FROM chunk
    WHERE key = ANY($1::bytea[]) AND reference_count = 0 ORDER BY key FOR UPDATE`,
}

const markLocked = {
  name: 'mark-going-chunks',
  text: `UPDATE chunk SET place = ${going}, last_used = marked.at FROM (SELECT ${secondsNow} AS at) AS marked
    WHERE key = ANY($1::bytea[]) RETURNING last_used AS at`,
}

const insertMarked = {
  name: 'insert-going-chunks',
  text: `INSERT INTO chunk (key, length_bytes, reference_count, place, last_used)
    SELECT key, 0, 0, ${going}, marked.at FROM (SELECT ${secondsNow} AS at) AS marked,
      unnest($1::bytea[]) AS unknown (key) ORDER BY key
    ON CONFLICT (key) DO NOTHING RETURNING key, last_used AS at`,
}

const unmark = {
  name: 'unmark-going-chunks',
  text: `UPDATE chunk SET place = NULL, last_used = NULL
    WHERE key = ANY($1::bytea[]) AND place = ${going} AND last_used = $2`,
}

const lockMarked = {
  name: 'lock-going-chunks',
  text: `SELECT key FROM chunk WHERE key = ANY($1::bytea[]) AND place = ${going} AND last_used = $2
    ORDER BY key FOR UPDATE`,
}

const lockAbandoned = {
  name: 'lock-abandoned-chunks',
  text: `SELECT key FROM chunk WHERE key = ANY($1::bytea[]) AND place = ${going}
    AND ${isAbandoned} ORDER BY key FOR UPDATE`,
}

/** Ends a transaction that meets chunks whose objects are being deleted: it is tried again later. */
export class ChunksGoing extends TypeError {
  readonly keys: readonly ChunkKey[]

  constructor(keys: readonly ChunkKey[]) {
    super(`${keys.length} chunks are being deleted`)
    this.keys = keys
  }
}

/** Chunks that were marked together. */
export interface MarkedChunks {
  readonly keys: readonly ChunkKey[]
  /** Which tells this mark from a later one: seconds. */
  readonly at: number
}

type Work<T> = (manager: EntityManager) => Promise<T>

export interface Transactions {
  readonly write: <T>(work: Work<T>) => Promise<T>
  /** For what is not the same when it is done twice. */
  readonly writeOnce: <T>(work: Work<T>) => Promise<T>
}

/** How chunks are marked, and what becomes of them where their objects cannot be deleted. */
export interface Marking {
  /** `waited`: marks that others have made were waited for as long as they count. */
  readonly mark: (manager: EntityManager, waited: boolean) => Promise<MarkedChunks>
  readonly takeBack: (manager: EntityManager, marked: MarkedChunks) => Promise<void>
}

/** Of those of `keys` that nothing refers to. */
export function markingUnreferenced(keys: readonly ChunkKey[]): Marking {
  return {
    mark: (manager, waited) => markUnreferenced(manager, keys, waited),
    takeBack: async (manager, marked) => void (await rows(manager, unmark, valuesOf(marked))),
  }
}

/** Of those of `keys` that have no row. */
export function markingUnknown(keys: readonly ChunkKey[]): Marking {
  return { mark: (manager) => markUnknown(manager, keys), takeBack: deleteMarked }
}

/** Rejects ChunksGoing where another process is about to forget one. */
async function markUnreferenced(
  manager: EntityManager,
  keys: readonly ChunkKey[],
  waited: boolean,
): Promise<MarkedChunks> {
  type Found = PlacedRow & { is_fresh: boolean }
  const found = await rows<Found>(manager, lockUnreferenced, [keys.map(packKey), waited])
  const fresh = found.filter(({ place, is_fresh }) => place === going && is_fresh)
  if (fresh.length > 0) throw new ChunksGoing(keysOf(fresh))
  if (found.length === 0) return { keys: [], at: 0 }
  const [marked] = await rows<{ at: number }>(manager, markLocked, [found.map(({ key }) => key)])
  const awayBytes = sum(found.filter(({ place }) => place === away))
  await changeUsage(manager, awayBytes, -awayBytes)
  return { keys: keysOf(found), at: marked?.at ?? 0 }
}

async function markUnknown(manager: EntityManager, keys: readonly ChunkKey[]): Promise<MarkedChunks> {
  const made = await rows<KeyRow & { at: number }>(manager, insertMarked, [keys.map(packKey)])
  return { keys: keysOf(made), at: made[0]?.at ?? 0 }
}

/** Marks chunks, deletes their objects, and then forgets them; where that fails they stay. */
export async function forgetMarked(
  { write, writeOnce }: Transactions,
  { mark, takeBack }: Marking,
  deleteObjects: DeleteObjects,
): Promise<void> {
  const hasWaited = waitingForMarks()
  for (;;) {
    const startMs = performance.now()
    try {
      const marked = await writeOnce((manager) => mark(manager, hasWaited()))
      if (marked.keys.length === 0) return
      try {
        await beforeDeadline(startMs + deletionMs, (signal) => deleteObjects(marked.keys, { signal }))
      } catch (error) {
        // Where even that fails the mark ends with its time.
        await write((manager) => takeBack(manager, marked)).catch(() => undefined)
        throw error
      }
      return await write((manager) => deleteMarked(manager, marked))
    } catch (error) {
      if (!(error instanceof ChunksGoing)) throw error
      await delay(pollMs)
    }
  }
}

/** Runs `work` in a transaction, again while it meets chunks that are going. Ends with the time of their marks. */
export async function unlessGoing<T>({ write }: Pick<Transactions, 'write'>, work: Work<T>): Promise<T> {
  const hasWaited = waitingForMarks()
  for (;;) {
    try {
      return await write(work)
    } catch (error) {
      if (!(error instanceof ChunksGoing)) throw error
      const values = [error.keys.map(packKey), hasWaited()]
      await write(async (manager) => deleteRows(manager, await rows(manager, lockAbandoned, values)))
      await delay(pollMs)
    }
  }
}

/** Tells, from now on, whether any mark that was there at the beginning has had its time. */
function waitingForMarks(): () => boolean {
  const startMs = performance.now()
  return () => performance.now() - startMs > abandonedSeconds * 1000
}

interface KeyRow {
  readonly key: Uint8Array
}

function valuesOf({ keys, at }: MarkedChunks): readonly unknown[] {
  return [keys.map(packKey), at]
}

async function deleteMarked(manager: EntityManager, marked: MarkedChunks): Promise<void> {
  await deleteRows(manager, await rows(manager, lockMarked, valuesOf(marked)))
}

/** Of rows that are locked. */
async function deleteRows(manager: EntityManager, locked: readonly KeyRow[]): Promise<void> {
  if (locked.length === 0) return
  const keys = keysOf(locked)
  await deletePinsOf(
    manager,
    keys.map((key) => ({ key })),
  )
  await deleteChunkRows(manager, keys)
}

async function beforeDeadline(endMs: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const late = new AbortController()
  const tooLate = (): void => {
    const what = `chunks could not be deleted within ${deletionMs / 1000} s`
    late.abort(new StorageError('STORAGE_UNAVAILABLE', what))
  }
  const timer = setTimeout(tooLate, endMs - performance.now())
  try {
    if (performance.now() >= endMs) tooLate()
    late.signal.throwIfAborted()
    await work(late.signal)
  } finally {
    clearTimeout(timer)
  }
}

function keysOf(found: readonly KeyRow[]): ChunkKey[] {
  return found.map(({ key }) => unpackKey(key))
}
