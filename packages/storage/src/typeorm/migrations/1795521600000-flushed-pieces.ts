import type { MigrationInterface, QueryRunner } from 'typeorm'

const up = [
  'ALTER TABLE torrent ADD COLUMN boot_id text',
  `CREATE TABLE flushed_segment (
    torrent_id uuid NOT NULL
      CONSTRAINT flushed_segment_torrent_fkey REFERENCES torrent (id) ON DELETE CASCADE,
    segment integer NOT NULL,
    bits bytea NOT NULL,
    CONSTRAINT flushed_segment_pkey PRIMARY KEY (torrent_id, segment)
  ) WITH (fillfactor = 60)`,
]

const down = ['DROP TABLE flushed_segment', 'ALTER TABLE torrent DROP COLUMN boot_id']

export class FlushedPieces1795521600000 implements MigrationInterface {
  readonly name = 'FlushedPieces1795521600000'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of up) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement)
  }
}
