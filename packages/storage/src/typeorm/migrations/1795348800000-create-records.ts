import type { MigrationInterface, QueryRunner } from 'typeorm'

const tables = [
  `CREATE TABLE torrent (
    id uuid NOT NULL CONSTRAINT torrent_pkey PRIMARY KEY,
    info_hash_v1 bytea CONSTRAINT torrent_info_hash_v1_key UNIQUE,
    info_hash_v2 bytea CONSTRAINT torrent_info_hash_v2_key UNIQUE,
    layout bytea NOT NULL,
    info_section bytea NOT NULL,
    piece_hashes_v1 bytea,
    piece_count integer NOT NULL,
    chunk_size_bytes integer NOT NULL,
    added_at_ms bigint NOT NULL
  )`,
  `CREATE TABLE have_segment (
    torrent_id uuid NOT NULL
      CONSTRAINT have_segment_torrent_fkey REFERENCES torrent (id) ON DELETE CASCADE,
    segment integer NOT NULL,
    bits bytea NOT NULL,
    CONSTRAINT have_segment_pkey PRIMARY KEY (torrent_id, segment)
  ) WITH (fillfactor = 60)`,
  `CREATE TABLE packed_keys (
    torrent_id uuid NOT NULL
      CONSTRAINT packed_keys_torrent_fkey REFERENCES torrent (id) ON DELETE CASCADE,
    part integer NOT NULL,
    keys bytea NOT NULL,
    CONSTRAINT packed_keys_pkey PRIMARY KEY (torrent_id, part)
  ) WITH (fillfactor = 85)`,
  `CREATE TABLE chunk (
    key bytea NOT NULL CONSTRAINT chunk_pkey PRIMARY KEY,
    length_bytes integer NOT NULL,
    reference_count integer NOT NULL
      CONSTRAINT chunk_reference_count_check CHECK (reference_count >= 0)
  )`,
]

export class CreateRecords1795348800000 implements MigrationInterface {
  readonly name = 'CreateRecords1795348800000'

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await runner.query(table)
    // Compressed before it is sent.
    await runner.query('ALTER TABLE torrent ALTER COLUMN layout SET STORAGE EXTERNAL')
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['chunk', 'packed_keys', 'have_segment', 'torrent']) {
      await runner.query(`DROP TABLE ${table}`)
    }
  }
}
