import type { MigrationInterface, QueryRunner } from 'typeorm'

export class ClaimOwners1795608000000 implements MigrationInterface {
  readonly name = 'ClaimOwners1795608000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE claim_owner (
      key text NOT NULL CONSTRAINT claim_owner_pkey PRIMARY KEY,
      owner uuid NOT NULL
    )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE claim_owner')
  }
}
