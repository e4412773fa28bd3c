import { randomUUID } from 'node:crypto'
import type { TorrentId } from '@bae/storage'
import { openTypeOrmDatabase } from '@bae/storage/typeorm'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import pg from 'pg'
import { forEachAtOnce } from './at-once.js'
import { manyTorrents } from './many-torrents.js'

/** Where the records of a library are. */
export interface SeedsLibrary {
  readonly url: string
  readonly schema: string
}

const atOnce = 16
const segmentBytes = 1_024
const keysPerPart = 16
const keyBytes = 32

/**
 * Complete torrents that are given to others, as if each had been imported: records only, all but the torrents
 * themselves made in a few statements. Answers how many.
 */
export async function fillSeeds({ url, schema }: SeedsLibrary, count: number): Promise<number> {
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` })
  await client.connect()
  try {
    // What is made here may be made again.
    await client.query('ALTER SYSTEM SET synchronous_commit = off')
    await client.query('SELECT pg_reload_conf()')
    const pieceCount = await saveTorrents({ url, schema }, client, count)
    for (const statement of completeAll(pieceCount)) await client.query(statement)
    await client.query('ALTER SYSTEM RESET synchronous_commit')
    await client.query('SELECT pg_reload_conf()')
  } finally {
    await client.end()
  }
  return count
}

/** Answers how many pieces each has. */
async function saveTorrents(library: SeedsLibrary, client: pg.Client, count: number): Promise<number> {
  await using database = await openTypeOrmDatabase(library)
  const torrents = Array.from(manyTorrents(count), (test) => ({ ...test, id: randomUUID() }))
  await forEachAtOnce(torrents, atOnce, async ({ id, layout, metadata }) => {
    const addedAtMs = Date.now()
    await database.saveTorrent({
      id: id as string as TorrentId,
      layout,
      metadata,
      chunkSizeBytes: mebibyte,
      addedAtMs,
    })
  })
  await client.query(
    `INSERT INTO import (id, info_hash_v1, state, added_at_ms, completed_at_ms, due_at_ms, transfer_seconds, details, torrent_file)
     SELECT id, hash, 'seeding', 0, 0, 0, 1, json_build_object('name', name, 'goal', 'seed'), file
     FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::bytea[]) AS made (id, hash, name, file)`,
    [
      torrents.map(({ id }) => id),
      torrents.map(({ infoHashV1 }) => Buffer.from(infoHashV1, 'hex')),
      torrents.map(({ layout }) => layout.name),
      torrents.map(({ torrentFile }) => Buffer.from(torrentFile)),
    ],
  )
  return torrents[0]?.pieceCount ?? 0
}

/** One chunk each, with a key of its own. */
function completeAll(pieceCount: number): readonly string[] {
  const bits = Buffer.alloc(segmentBytes)
  for (let piece = 0; piece < pieceCount; piece++) bits[piece >> 3]! |= 0x80 >> (piece & 7)
  const noKeys = '00'.repeat((keysPerPart - 1) * keyBytes)
  const key = 'sha256(uuid_send(id))'
  return [
    `INSERT INTO have_segment SELECT id, 0, '\\x${bits.toString('hex')}' FROM torrent`,
    'INSERT INTO flushed_segment SELECT * FROM have_segment',
    `INSERT INTO packed_keys SELECT id, 0, ${key} || '\\x${noKeys}'::bytea FROM torrent`,
    `INSERT INTO chunk (key, length_bytes, reference_count) SELECT ${key}, ${64 * 1024}, 1 FROM torrent ORDER BY 1`,
    `UPDATE cache_usage SET local_bytes = (SELECT count(*) * ${64 * 1024} FROM chunk)`,
    'ANALYZE',
  ]
}
