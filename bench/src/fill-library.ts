import type { TorrentId } from '@bae/storage'
import { openTypeOrmDatabase } from '@bae/storage/typeorm'
import pg from 'pg'
import { makeRecord } from './made-record.js'

export interface LibrarySize {
  readonly torrents: number
  /** Of each torrent, which has as many pieces. */
  readonly chunks: number
}

const keysPerPart = 16
const segmentBytes = 1_024

/** Complete torrents, as if each had been recorded: rows only, made in a few statements. Answers their ids. */
export async function fillLibrary(
  url: string,
  schema: string,
  { torrents, chunks }: LibrarySize,
): Promise<{ readonly ids: readonly TorrentId[]; readonly bytes: number }> {
  await using database = await openTypeOrmDatabase({ url, schema })
  const model = makeRecord(chunks)
  await database.saveTorrent(model)
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` })
  await client.connect()
  try {
    const bits = Buffer.alloc(segmentBytes)
    for (let piece = 0; piece < chunks; piece++) bits[piece >> 3]! |= 0x80 >> (piece & 7)
    await client.query("SET work_mem = '64MB'; SET maintenance_work_mem = '256MB'")
    for (const statement of statements(torrents, chunks, bits)) await client.query(statement)
    const { rows } = await client.query<{ id: TorrentId }>('SELECT id FROM torrent ORDER BY added_at_ms, id')
    const total = `SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind = 'r'`
    const [row] = (await client.query<{ bytes: string }>(total)).rows
    return { ids: rows.map(({ id }) => id), bytes: Number(row?.bytes) }
  } finally {
    await client.end()
  }
}

/** A key of its own for each chunk. */
const key = (torrent: string, ordinal: string): string =>
  `sha256(int8send(${torrent}::bigint * 1000000 + ${ordinal}))`

function statements(torrents: number, chunks: number, bits: Buffer): string[] {
  const parts = Math.ceil(chunks / keysPerPart)
  return [
    `CREATE TEMPORARY TABLE made AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, ${torrents - 1}) n
     UNION ALL SELECT 0, id FROM torrent`,
    `INSERT INTO torrent (id, info_hash_v1, layout, info_section, piece_hashes_v1, piece_count, chunk_size_bytes, added_at_ms)
     SELECT made.id, substring(sha256(int8send(n)) FOR 20), layout, info_section, piece_hashes_v1, piece_count,
       chunk_size_bytes, added_at_ms + n
     FROM made, torrent WHERE n > 0`,
    `INSERT INTO have_segment SELECT id, 0, '\\x${bits.toString('hex')}' FROM made`,
    'INSERT INTO flushed_segment SELECT * FROM have_segment',
    `INSERT INTO packed_keys SELECT made.id, part, (SELECT string_agg(
       CASE WHEN o < ${chunks} THEN ${key('n', 'o')} ELSE decode(repeat('00', 32), 'hex') END, '' ORDER BY o)
       FROM generate_series(part * ${keysPerPart}, part * ${keysPerPart} + ${keysPerPart - 1}) o)
     FROM made, generate_series(0, ${parts - 1}) part`,
    `INSERT INTO chunk (key, length_bytes, reference_count)
     SELECT ${key('n', 'o')} AS key, 1048576, 1 FROM made, generate_series(0, ${chunks - 1}) o ORDER BY key`,
    `UPDATE cache_usage SET local_bytes = ${torrents * chunks} * 1048576::bigint`,
    `INSERT INTO import (id, info_hash_v1, state, added_at_ms, completed_at_ms, transfer_seconds, details, torrent_file)
     SELECT id, info_hash_v1, 'completed', added_at_ms, added_at_ms, 1, '{"name":"an album with a long name"}', info_section
     FROM torrent`,
    'ANALYZE',
    'CHECKPOINT',
  ]
}
