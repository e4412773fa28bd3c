import { randomBytes } from 'node:crypto'
import type { ImportService } from '@bae/import-service'
import type { ChunkKey } from '@bae/storage'
import { openTypeOrmDatabase } from '@bae/storage/typeorm'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import pg from 'pg'
import { forEachAtOnce } from './at-once.js'
import { manyTorrents } from './many-torrents.js'

export interface SeedsLibrary {
  /** Not started. */
  readonly service: ImportService
  readonly url: string
  readonly schema: string
}

const atOnce = 16

/** Complete torrents that are given to others, as if each had been imported: records only. Answers how many. */
export async function fillSeeds({ service, url, schema }: SeedsLibrary, count: number): Promise<number> {
  await using database = await openTypeOrmDatabase({ url, schema })
  await forEachAtOnce([...manyTorrents(count)], atOnce, async (test) => {
    const { torrentFile, infoHashV1, layout, metadata, pieceCount } = test
    const source = { torrent: { torrentFile }, infoHashV1, name: layout.name, layout }
    const { id } = await service.submit(source, { seed: true })
    await database.saveTorrent({ id, layout, metadata, chunkSizeBytes: mebibyte, addedAtMs: Date.now() })
    const key = randomBytes(32).toString('hex') as ChunkKey
    await database.recordProgress(id, {
      completedPieces: Array.from({ length: pieceCount }, (_, piece) => piece),
      sealedChunks: [{ ordinal: 0, key, lengthBytes: layout.totalLengthBytes }],
      flushed: true,
    })
  })
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` })
  await client.connect()
  await client.query(
    `UPDATE import SET state = 'seeding', completed_at_ms = added_at_ms, transfer_seconds = 1`,
  )
  await client.query('ANALYZE')
  await client.end()
  return count
}
