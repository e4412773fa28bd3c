import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateImports1795348800000 implements MigrationInterface {
  readonly name = 'CreateImports1795348800000'

  async up(runner: QueryRunner): Promise<void> {
    // `details` is json and not jsonb or text, which cannot hold every name: a torrent's may have a NUL.
    await runner.query(`CREATE TABLE import (
      id uuid NOT NULL CONSTRAINT import_pkey PRIMARY KEY,
      info_hash_v1 bytea CONSTRAINT import_info_hash_v1_key UNIQUE,
      info_hash_v2 bytea CONSTRAINT import_info_hash_v2_key UNIQUE,
      state text NOT NULL,
      added_at_ms bigint NOT NULL,
      completed_at_ms bigint,
      transfer_seconds double precision,
      details json NOT NULL,
      torrent_file bytea
    )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE import')
  }
}
