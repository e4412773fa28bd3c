import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Columns that are null take no room: a library without a remote store pays for none of them. */
const up = [
  // Counting the bytes of a large library takes longer than a statement may.
  'SET LOCAL statement_timeout = 0',
  `ALTER TABLE chunk ADD COLUMN last_used integer, ADD COLUMN pins integer, ADD COLUMN place smallint,
    ADD CONSTRAINT chunk_pins_check CHECK (pins > 0)`,
  'CREATE INDEX chunk_evictable ON chunk (last_used) WHERE place = 1 AND pins IS NULL',
  'CREATE INDEX chunk_not_remote ON chunk (place) WHERE place IS NULL',
  'ALTER TABLE torrent ADD COLUMN pin_count integer NOT NULL DEFAULT 0',
  `CREATE TABLE pin (
    target bytea NOT NULL,
    reason text NOT NULL,
    count integer NOT NULL CONSTRAINT pin_count_check CHECK (count > 0),
    CONSTRAINT pin_pkey PRIMARY KEY (target, reason)
  )`,
  `CREATE TABLE cache_usage (
    id smallint NOT NULL CONSTRAINT cache_usage_pkey PRIMARY KEY,
    local_bytes bigint NOT NULL CONSTRAINT cache_usage_local_check CHECK (local_bytes >= 0),
    away_bytes bigint NOT NULL CONSTRAINT cache_usage_away_check CHECK (away_bytes >= 0)
  )`,
  'INSERT INTO cache_usage SELECT 1, coalesce(sum(length_bytes), 0), 0 FROM chunk',
]

const down = [
  'DROP TABLE cache_usage',
  'DROP TABLE pin',
  'ALTER TABLE torrent DROP COLUMN pin_count',
  'DROP INDEX chunk_not_remote',
  'DROP INDEX chunk_evictable',
  'ALTER TABLE chunk DROP COLUMN last_used, DROP COLUMN pins, DROP COLUMN place',
]

export class CacheRecords1795611600000 implements MigrationInterface {
  readonly name = 'CacheRecords1795611600000'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of up) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement)
  }
}
