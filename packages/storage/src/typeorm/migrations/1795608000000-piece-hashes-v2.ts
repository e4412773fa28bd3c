import type { MigrationInterface, QueryRunner } from 'typeorm'

export class PieceHashesV21795608000000 implements MigrationInterface {
  readonly name = 'PieceHashesV21795608000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE torrent ADD COLUMN piece_hashes_v2 bytea')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE torrent DROP COLUMN piece_hashes_v2')
  }
}
