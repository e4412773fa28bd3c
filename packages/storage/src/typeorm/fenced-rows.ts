import type { EntityManager } from 'typeorm'
import { assertFence, type FenceOptions, refuseOlder } from '../fence.js'
import { rows } from './sql.js'

/*
 * The row of a torrent has the highest fence that was seen. Whoever changes records of the torrent locks that row
 * anyway, and compares what is in it: a newer writer waits for the change, or is before it.
 */

/** Until the transaction ends nobody else changes this torrent's progress. Readers do not wait. */
const lockTorrent = {
  name: 'lock-torrent',
  text: 'SELECT piece_count, pin_count, fence FROM torrent WHERE id = $1 FOR NO KEY UPDATE',
}

const raise = {
  name: 'raise-fence',
  text: 'UPDATE torrent SET fence = greatest(fence, $2::bigint) WHERE id = $1 RETURNING fence',
}

const writeBootId = {
  name: 'write-boot-id',
  text: `UPDATE torrent SET boot_id = CASE WHEN $3::bigint < fence THEN boot_id ELSE $2 END
    WHERE id = $1 RETURNING fence`,
}

interface FencedRow {
  /** A bigint: pg gives it as decimal digits. */
  readonly fence: string | null
}

export interface LockedTorrent {
  readonly id: string
  readonly piece_count: number
  readonly pin_count: number
}

/** `undefined` where it is not there. Rejects STORAGE_FENCED. */
export async function lockTorrentRow(
  manager: EntityManager,
  torrentId: string,
  { fence }: FenceOptions,
): Promise<LockedTorrent | undefined> {
  type Found = Omit<LockedTorrent, 'id'> & FencedRow
  const [locked] = await rows<Found>(manager, lockTorrent, [torrentId])
  if (locked === undefined) return undefined
  refuseOlder(torrentId, fence, fenceIn(locked))
  return { ...locked, id: torrentId }
}

export async function raiseFence(manager: EntityManager, torrentId: string, fence: number): Promise<void> {
  assertFence(fence)
  const [row] = await rows<FencedRow>(manager, raise, [torrentId, fence])
  refuseOlder(torrentId, fence, fenceIn(row))
}

export async function writeBoot(
  manager: EntityManager,
  torrentId: string,
  bootId: string,
  { fence }: FenceOptions,
): Promise<void> {
  const [row] = await rows<FencedRow>(manager, writeBootId, [torrentId, bootId, fence ?? null])
  refuseOlder(torrentId, fence, fenceIn(row))
}

function fenceIn(row: FencedRow | undefined): number | undefined {
  return row?.fence == null ? undefined : Number(row.fence)
}
