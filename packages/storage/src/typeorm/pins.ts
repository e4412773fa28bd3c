import type { EntityManager } from 'typeorm'
import type { PinReason, PinTarget } from '../cache-records.js'
import type { ChunkKey } from '../chunk-store.js'
import { changePins } from './chunk-references.js'
import { packKey } from './packed-key.js'
import { rows } from './sql.js'
import { keysOfTorrent } from './torrent-progress.js'

/*
 * A row a target and reason says how often it was pinned. What eviction looks at is `chunk.pins`: the places
 * of the chunk in pinned torrents, and one for each reason that pins the chunk itself.
 */

const addPin = {
  name: 'add-pin',
  text: `INSERT INTO pin (target, reason, count) VALUES ($1, $2, 1)
    ON CONFLICT (target, reason) DO UPDATE SET count = pin.count + 1 RETURNING count`,
}

const lastPin = {
  name: 'last-pin',
  text: 'DELETE FROM pin WHERE target = $1 AND reason = $2 AND count = 1 RETURNING count',
}

const takePin = {
  name: 'take-pin',
  text: 'UPDATE pin SET count = count - 1 WHERE target = $1 AND reason = $2 RETURNING count',
}

const findPin = { name: 'find-pin', text: 'SELECT count FROM pin WHERE target = $1 AND reason = $2' }

const deletePins = { name: 'delete-pins', text: 'DELETE FROM pin WHERE target = ANY($1::bytea[])' }

const lockTorrent = {
  name: 'lock-torrent-of-pin',
  text: 'SELECT pin_count AS pins FROM torrent WHERE id = $1 FOR NO KEY UPDATE',
}

const lockChunk = { name: 'lock-chunk-of-pin', text: 'SELECT pins FROM chunk WHERE key = $1 FOR UPDATE' }

const countReasons = {
  name: 'count-pins-of-torrent',
  text: 'UPDATE torrent SET pin_count = pin_count + $2 WHERE id = $1 RETURNING pin_count AS pins',
}

interface Pins {
  readonly pins: number | null
}

export async function pin(manager: EntityManager, target: PinTarget, reason: PinReason): Promise<boolean> {
  if (!(await lock(manager, target))) return false
  const [added] = await rows<{ count: number }>(manager, addPin, [packTarget(target), reason])
  if (added?.count === 1) await changeReasons(manager, target, 1)
  return true
}

export async function unpin(manager: EntityManager, target: PinTarget, reason: PinReason): Promise<boolean> {
  if (!(await lock(manager, target))) return false
  const row = [packTarget(target), reason]
  if ((await rows(manager, lastPin, row)).length > 0) {
    await changeReasons(manager, target, -1)
    return true
  }
  return (await rows(manager, takePin, row)).length > 0
}

export async function pinCount(
  manager: EntityManager,
  target: PinTarget,
  reason: PinReason,
): Promise<number> {
  const [row] = await rows<{ count: number }>(manager, findPin, [packTarget(target), reason])
  return row?.count ?? 0
}

/** Of torrents or chunks whose rows are going. */
export async function deletePinsOf(manager: EntityManager, targets: readonly PinTarget[]): Promise<void> {
  await rows(manager, deletePins, [targets.map(packTarget)])
}

/** Until the transaction ends nobody else pins this target, or seals a chunk of this torrent. */
async function lock(manager: EntityManager, target: PinTarget): Promise<boolean> {
  const found =
    'key' in target
      ? await rows(manager, lockChunk, [packKey(target.key)])
      : await rows(manager, lockTorrent, [target.torrentId])
  return found.length > 0
}

/** The target has one reason more or less. A torrent's chunks are pinned once, however many reasons it has. */
async function changeReasons(manager: EntityManager, target: PinTarget, change: 1 | -1): Promise<void> {
  if ('key' in target) return await changePins(manager, [target.key], change)
  const [row] = await rows<Pins>(manager, countReasons, [target.torrentId, change])
  if (row?.pins !== (change === 1 ? 1 : 0)) return
  const keys: ChunkKey[] = await keysOfTorrent(manager, target.torrentId)
  await changePins(manager, keys, change)
}

/** Keys have 32 bytes and torrent ids 16: one column holds both. */
function packTarget(target: PinTarget): Buffer {
  return 'key' in target ? packKey(target.key) : Buffer.from(target.torrentId.replaceAll('-', ''), 'hex')
}
