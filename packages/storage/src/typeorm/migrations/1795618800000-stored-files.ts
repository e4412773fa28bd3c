import type { MigrationInterface, QueryRunner } from 'typeorm'

const up = [
  `CREATE TABLE stored_file (
    torrent_id uuid NOT NULL
      CONSTRAINT stored_file_torrent_fkey REFERENCES torrent (id) ON DELETE CASCADE,
    first_ordinal integer NOT NULL,
    root bytea NOT NULL,
    CONSTRAINT stored_file_pkey PRIMARY KEY (torrent_id, first_ordinal)
  )`,
  'CREATE INDEX stored_file_root ON stored_file (root)',
  // Holds next to nothing: only what waits to be deleted. Without it who looks for that reads every chunk's row.
  'CREATE INDEX chunk_unreferenced ON chunk (key) WHERE reference_count = 0',
]

const down = ['DROP INDEX chunk_unreferenced', 'DROP TABLE stored_file']

export class StoredFiles1795618800000 implements MigrationInterface {
  readonly name = 'StoredFiles1795618800000'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of up) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement)
  }
}
