import type { EntityManager } from 'typeorm'
import type { ChunkKey } from '../chunk-store.js'
import type { TorrentId } from '../torrent-layout.js'
import { plainBytes, rows } from './sql.js'
import { keyAt, keysPerPart, segmentBytes } from './torrent-places.js'

const readSegments = {
  name: 'read-segments',
  text: `SELECT t.id, t.piece_count, s.segment, s.bits
    FROM torrent t LEFT JOIN have_segment s ON s.torrent_id = t.id WHERE t.id = ANY($1::uuid[])`,
}

const readParts = {
  name: 'read-parts',
  text: 'SELECT part, keys FROM packed_keys WHERE torrent_id = $1 AND part BETWEEN $2 AND $3',
}

const allParts = { name: 'all-parts', text: 'SELECT keys FROM packed_keys WHERE torrent_id = $1' }

/** The key of each chunk that has one, as often as it is in the torrent. */
export async function keysOfTorrent(manager: EntityManager, torrentId: string): Promise<ChunkKey[]> {
  const parts = await rows<{ keys: Uint8Array }>(manager, allParts, [torrentId])
  const keys: ChunkKey[] = []
  for (const part of parts) {
    for (let place = 0; place < keysPerPart; place++) {
      const key = keyAt(part.keys, place)
      if (key !== undefined) keys.push(key)
    }
  }
  return keys
}

interface SegmentRow {
  readonly id: TorrentId
  readonly piece_count: number
  readonly segment: number | null
  readonly bits: Uint8Array | null
}

/** All have bits of those torrents that are there. */
export async function haveBits(
  manager: EntityManager,
  ids: readonly TorrentId[],
): Promise<ReadonlyMap<TorrentId, Uint8Array>> {
  const all = new Map<TorrentId, Uint8Array>()
  for (const { id, piece_count, segment, bits } of await rows<SegmentRow>(manager, readSegments, [ids])) {
    const have = all.get(id) ?? new Uint8Array(Math.ceil(piece_count / 8))
    all.set(id, have)
    if (segment === null || bits === null) continue
    const offset = segment * segmentBytes
    have.set(plainBytes(bits).subarray(0, have.length - offset), offset)
  }
  return all
}

/** Keys of the ordinals [first, first + count), `undefined` where none is recorded. */
export async function keyRange(
  manager: EntityManager,
  torrentId: string,
  first: number,
  count: number,
): Promise<(ChunkKey | undefined)[]> {
  const keys = new Array<ChunkKey | undefined>(count).fill(undefined)
  const found = await rows<{ part: number; keys: Uint8Array }>(manager, readParts, [
    torrentId,
    Math.floor(first / keysPerPart),
    Math.floor((first + count - 1) / keysPerPart),
  ])
  for (const row of found) {
    const start = row.part * keysPerPart
    for (
      let ordinal = Math.max(first, start);
      ordinal < Math.min(first + count, start + keysPerPart);
      ordinal++
    ) {
      keys[ordinal - first] = keyAt(row.keys, ordinal - start)
    }
  }
  return keys
}
