import type { EntityManager } from 'typeorm'
import { clearBit, setBit } from '../have-bits.js'
import { rows } from './sql.js'

/** Bits of one row: 4 KiB, so that a change near one piece rewrites no more than that. */
const segmentBits = 32_768
export const segmentBytes = segmentBits / 8

/** Sets or clears many bits: one statement reads the segments, one writes them. The caller holds the torrent's lock. */
export async function changeHaveBits(
  manager: EntityManager,
  torrentId: string,
  pieceCount: number,
  change: { readonly pieces: readonly number[]; readonly to: boolean },
): Promise<void> {
  const segments = [...new Set(change.pieces.map((piece) => Math.floor(piece / segmentBits)))].sort(
    (a, b) => a - b,
  )
  if (segments.length === 0) return
  const found = await rows<{ segment: number; bits: Uint8Array }>(
    manager,
    'SELECT segment, bits FROM have_segment WHERE torrent_id = $1 AND segment = ANY($2::integer[])',
    [torrentId, segments],
  )
  const known = new Map(found.map(({ segment, bits }) => [segment, bits]))
  const changed = new Map(
    segments.map((segment) => [
      segment,
      known.get(segment) ?? new Uint8Array(segmentLength(segment, pieceCount)),
    ]),
  )
  for (const piece of change.pieces) {
    const bits = changed.get(Math.floor(piece / segmentBits))
    if (bits !== undefined) (change.to ? setBit : clearBit)(bits, piece % segmentBits)
  }
  await rows(
    manager,
    `INSERT INTO have_segment (torrent_id, segment, bits)
     SELECT $1, segment, bits FROM unnest($2::integer[], $3::bytea[]) AS changed (segment, bits)
     ON CONFLICT (torrent_id, segment) DO UPDATE SET bits = excluded.bits`,
    [torrentId, segments, Array.from(changed.values(), (bits) => Buffer.from(bits))],
  )
}

function segmentLength(segment: number, pieceCount: number): number {
  return Math.min(segmentBytes, Math.ceil((pieceCount - segment * segmentBits) / 8))
}
