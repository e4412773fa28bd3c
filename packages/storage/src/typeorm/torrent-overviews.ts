import type { EntityManager } from 'typeorm'
import type { TorrentOverview } from '../database.js'
import { decodeLayout } from '../layout-codec.js'
import type { TorrentId } from '../torrent-layout.js'
import { plainBytes, rows } from './sql.js'
import { segmentBytes } from './torrent-places.js'

/** So many are in memory as rows at a time. */
const torrentsPerStatement = 500

const readLayouts = {
  name: 'read-layouts',
  text: 'SELECT id, layout, piece_count FROM torrent WHERE id = ANY($1::uuid[])',
}

const readManySegments = {
  name: 'read-many-segments',
  text: 'SELECT torrent_id, segment, bits FROM have_segment WHERE torrent_id = ANY($1::uuid[])',
}

interface LayoutRow {
  readonly id: TorrentId
  readonly layout: Uint8Array
  readonly piece_count: number
}

interface SegmentRow {
  readonly torrent_id: TorrentId
  readonly segment: number
  readonly bits: Uint8Array
}

/** Of those of `ids` that are there, in their order. */
export async function overviews(
  manager: EntityManager,
  ids: readonly TorrentId[],
): Promise<TorrentOverview[]> {
  const all: TorrentOverview[] = []
  for (let first = 0; first < ids.length; first += torrentsPerStatement)
    all.push(...(await readSome(manager, ids.slice(first, first + torrentsPerStatement))))
  return all
}

async function readSome(manager: EntityManager, ids: readonly TorrentId[]): Promise<TorrentOverview[]> {
  const [layouts, segments] = await Promise.all([
    rows<LayoutRow>(manager, readLayouts, [ids]),
    rows<SegmentRow>(manager, readManySegments, [ids]),
  ])
  const byId = new Map<TorrentId, TorrentOverview>()
  for (const { id, layout, piece_count } of layouts) {
    const completedPieces = new Uint8Array(Math.ceil(piece_count / 8))
    byId.set(id, { id, layout: await decodeLayout(layout), completedPieces })
  }
  for (const { torrent_id, segment, bits } of segments) {
    const have = byId.get(torrent_id)?.completedPieces
    const offset = segment * segmentBytes
    have?.set(plainBytes(bits).subarray(0, have.length - offset), offset)
  }
  return ids.flatMap((id) => byId.get(id) ?? [])
}
