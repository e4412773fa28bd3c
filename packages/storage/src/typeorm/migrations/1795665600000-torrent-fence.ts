import type { MigrationInterface, QueryRunner } from 'typeorm'

export class TorrentFence1795665600000 implements MigrationInterface {
  readonly name = 'TorrentFence1795665600000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE torrent ADD COLUMN fence bigint')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE torrent DROP COLUMN fence')
  }
}
