import type { EntityManager } from 'typeorm'
import type { FlushState } from '../database.js'
import { clearBit, hasBit, setBit, withoutBits } from '../have-bits.js'
import type { TorrentId } from '../torrent-layout.js'
import { plainBytes, rows } from './sql.js'
import { segmentBits, segmentBytes } from './torrent-places.js'

/*
 * Kept in rows of their own, beside the have bits and of the same shape: a barrier comes once in many
 * batches, and the rows of a batch stay small enough for their page.
 */

const readSegments = {
  name: 'read-flushed-segments',
  text: `SELECT h.segment, h.bits AS have, f.bits AS flushed
    FROM have_segment h LEFT JOIN flushed_segment f ON f.torrent_id = h.torrent_id AND f.segment = h.segment
    WHERE h.torrent_id = $1 AND h.segment = ANY($2::integer[])`,
}

const writeSegments = {
  name: 'write-flushed-segments',
  text: `INSERT INTO flushed_segment (torrent_id, segment, bits)
    SELECT $1, segment, substring($3::bytea FROM (n::integer - 1) * ${segmentBytes} + 1 FOR ${segmentBytes})
    FROM unnest($2::integer[]) WITH ORDINALITY AS s (segment, n)
    ON CONFLICT (torrent_id, segment) DO UPDATE SET bits = excluded.bits`,
}

const readState = {
  name: 'read-flush-state',
  text: `SELECT t.id, t.piece_count, t.boot_id, h.segment, h.bits AS have, f.bits AS flushed
    FROM torrent t LEFT JOIN have_segment h ON h.torrent_id = t.id
    LEFT JOIN flushed_segment f ON f.torrent_id = t.id AND f.segment = h.segment WHERE t.id = ANY($1::uuid[])`,
}

interface SegmentRow {
  readonly segment: number
  readonly have: Uint8Array
  readonly flushed: Uint8Array | null
}

/** Marks those of the pieces that are complete, or takes the mark away. The caller has locked the torrent. */
export async function changeFlushed(
  manager: EntityManager,
  torrentId: string,
  pieces: readonly number[],
  flushed: boolean,
): Promise<void> {
  const segments = new Set(pieces.map((piece) => Math.floor(piece / segmentBits)))
  const found = await rows<SegmentRow>(manager, readSegments, [torrentId, [...segments]])
  const bySegment = new Map(
    found.map((row) => [
      row.segment,
      { have: row.have, flushed: row.flushed ?? new Uint8Array(segmentBytes) },
    ]),
  )
  const changed = new Set<number>()
  for (const piece of pieces) {
    const segment = Math.floor(piece / segmentBits)
    const bits = bySegment.get(segment)
    if (bits === undefined) continue
    const place = piece % segmentBits
    const mark = flushed && hasBit(bits.have, place)
    if (hasBit(bits.flushed, place) === mark) continue
    ;(mark ? setBit : clearBit)(bits.flushed, place)
    changed.add(segment)
  }
  if (changed.size === 0) return
  const numbers = [...changed]
  const bytes = Buffer.concat(numbers.flatMap((segment) => bySegment.get(segment)?.flushed ?? []))
  await rows(manager, writeSegments, [torrentId, numbers, bytes])
}

interface StateRow {
  readonly id: TorrentId
  readonly piece_count: number
  readonly boot_id: string | null
  readonly segment: number | null
  readonly have: Uint8Array | null
  readonly flushed: Uint8Array | null
}

/** Of those torrents that are there. */
export async function flushStates(
  manager: EntityManager,
  ids: readonly TorrentId[],
): Promise<ReadonlyMap<TorrentId, FlushState>> {
  const states = new Map<TorrentId, FlushState>()
  for (const row of await rows<StateRow>(manager, readState, [ids])) {
    const { id, piece_count, boot_id, segment, have, flushed } = row
    const unflushedPieces = states.get(id)?.unflushedPieces ?? new Uint8Array(Math.ceil(piece_count / 8))
    states.set(id, { unflushedPieces, bootId: boot_id ?? undefined })
    if (segment === null || have === null) continue
    const offset = segment * segmentBytes
    const bits = withoutBits(plainBytes(have), flushed ?? new Uint8Array(0))
    unflushedPieces.set(bits.subarray(0, unflushedPieces.length - offset), offset)
  }
  return states
}
