import type { EntityManager } from 'typeorm'
import type { TorrentRecord } from '../database.js'
import { StorageError } from '../errors.js'
import { decodeLayout, encodeLayout } from '../layout-codec.js'
import { pieceCount, type TorrentId } from '../torrent-layout.js'
import { type TorrentRow, torrentEntity } from './entities.js'
import { plainBytes, rows } from './sql.js'

const sameTorrents = {
  name: 'same-torrents',
  text: `SELECT id, (id = $1 AND info_hash_v1 IS NOT DISTINCT FROM $2 AND info_hash_v2 IS NOT DISTINCT FROM $3) AS same
    FROM torrent WHERE id = $1 OR info_hash_v1 = $2 OR info_hash_v2 = $3`,
}

const readTorrents = {
  name: 'read-torrents',
  text: `SELECT id, layout, info_section AS "infoSection", piece_hashes_v1 AS "pieceHashesV1",
    piece_hashes_v2 AS "pieceHashesV2", chunk_size_bytes AS "chunkSizeBytes", added_at_ms AS "addedAtMs"
    FROM torrent WHERE id = ANY($1::uuid[])`,
}

type RecordRow = Pick<
  TorrentRow,
  'id' | 'layout' | 'infoSection' | 'pieceHashesV1' | 'pieceHashesV2' | 'chunkSizeBytes' | 'addedAtMs'
>

/** Of those that are there. */
export async function torrentRecords(
  manager: EntityManager,
  ids: readonly TorrentId[],
): Promise<ReadonlyMap<TorrentId, TorrentRecord>> {
  const records = new Map<TorrentId, TorrentRecord>()
  for (const row of await rows<RecordRow>(manager, readTorrents, [ids]))
    records.set(row.id as TorrentId, await torrentRecord(row))
  return records
}

/** One statement decides who is first, so of many at once exactly one is. */
export async function insertTorrent(manager: EntityManager, row: TorrentRow): Promise<void> {
  const inserted = await manager
    .createQueryBuilder()
    .insert()
    .into(torrentEntity)
    .values(row)
    .orIgnore()
    .updateEntity(false)
    .returning('id')
    .execute()
  if ((inserted.raw as unknown[]).length === 0) await refuseOther(manager, row)
}

export async function torrentRow(record: TorrentRecord): Promise<TorrentRow> {
  const { layout, metadata } = record
  return {
    id: record.id,
    infoHashV1: hashBytes(layout.infoHashV1),
    infoHashV2: hashBytes(layout.infoHashV2),
    // Copies: the caller may have its bytes back before they are sent.
    infoSection: Buffer.from(metadata.infoSection),
    pieceHashesV1: metadata.pieceHashesV1 === undefined ? null : Buffer.from(metadata.pieceHashesV1),
    pieceHashesV2: metadata.pieceHashesV2 === undefined ? null : Buffer.from(metadata.pieceHashesV2),
    layout: await encodeLayout(layout),
    pieceCount: pieceCount(layout),
    chunkSizeBytes: record.chunkSizeBytes,
    addedAtMs: record.addedAtMs.toString(),
    bootId: null,
    pinCount: 0,
    fence: null,
  }
}

export async function torrentRecord(row: RecordRow): Promise<TorrentRecord> {
  return {
    id: row.id as TorrentId,
    layout: await decodeLayout(row.layout),
    metadata: {
      infoSection: plainBytes(row.infoSection),
      ...(row.pieceHashesV1 === null ? {} : { pieceHashesV1: plainBytes(row.pieceHashesV1) }),
      ...(row.pieceHashesV2 === null ? {} : { pieceHashesV2: plainBytes(row.pieceHashesV2) }),
    },
    chunkSizeBytes: row.chunkSizeBytes,
    addedAtMs: Number(row.addedAtMs),
  }
}

function hashBytes(infoHash: string | undefined): Buffer | null {
  return infoHash === undefined ? null : Buffer.from(infoHash, 'hex')
}

/** The torrent with this v1 or v2 info hash. */
export async function findByInfoHash(
  manager: EntityManager,
  infoHash: string,
): Promise<TorrentRecord | undefined> {
  const hash = Buffer.from(infoHash, 'hex')
  const row = await manager.findOneBy(torrentEntity, [{ infoHashV1: hash }, { infoHashV2: hash }])
  return row === null ? undefined : await torrentRecord(row)
}

async function refuseOther(manager: EntityManager, row: TorrentRow): Promise<void> {
  const others = await rows<{ id: string; same: boolean }>(manager, sameTorrents, [
    row.id,
    row.infoHashV1,
    row.infoHashV2,
  ])
  // Deleted since it was in the way.
  if (others.length === 0) return await insertTorrent(manager, row)
  const other = others.find(({ same }) => !same)
  if (other !== undefined) {
    throw new StorageError(
      'STORAGE_DUPLICATE_TORRENT',
      `torrent ${other.id} of this library already has the id or an info hash of torrent ${row.id}`,
    )
  }
}
