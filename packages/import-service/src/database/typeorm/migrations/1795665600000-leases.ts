import type { MigrationInterface, QueryRunner } from 'typeorm'

export class Leases1795665600000 implements MigrationInterface {
  readonly name = 'Leases1795665600000'

  async up(runner: QueryRunner): Promise<void> {
    // Before, only a user could say when a failed import is tried again.
    await runner.query(`ALTER TABLE import
      ADD COLUMN due_at_ms bigint,
      ADD COLUMN owner uuid,
      ADD COLUMN token bigint NOT NULL DEFAULT 0,
      ADD COLUMN wish text`)
    await runner.query(`UPDATE import SET due_at_ms = 0 WHERE state <> 'failed'`)
    await runner.query('CREATE INDEX import_due ON import (state, due_at_ms, added_at_ms)')
    await runner.query('CREATE SEQUENCE import_token')
    await runner.query(`CREATE TABLE import_owner (
      id uuid NOT NULL CONSTRAINT import_owner_pkey PRIMARY KEY,
      expires_at timestamptz NOT NULL
    )`)
    await runner.query(`CREATE TABLE import_event (
      seq bigint NOT NULL CONSTRAINT import_event_pkey PRIMARY KEY,
      key uuid NOT NULL CONSTRAINT import_event_key_key UNIQUE,
      at_ms bigint NOT NULL,
      import_id uuid NOT NULL,
      from_state text,
      to_state text NOT NULL,
      reason json NOT NULL
    )`)
    // The number of the newest event; who has the row locked is the one who adds the next.
    await runner.query('CREATE TABLE import_event_head (seq bigint NOT NULL)')
    await runner.query('INSERT INTO import_event_head VALUES (0)')
    await runner.query('DROP TABLE claim_owner')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE claim_owner (
      key text NOT NULL CONSTRAINT claim_owner_pkey PRIMARY KEY,
      owner uuid NOT NULL
    )`)
    await runner.query('DROP TABLE import_event_head, import_event, import_owner')
    await runner.query('DROP SEQUENCE import_token')
    await runner.query('DROP INDEX import_due')
    await runner.query(`ALTER TABLE import
      DROP COLUMN due_at_ms, DROP COLUMN owner, DROP COLUMN token, DROP COLUMN wish`)
  }
}
