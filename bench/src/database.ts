// What does it cost to record a chunk, in bytes of the database and CPU of client and server together?
// node dist/database.js [--rounds 5] [--chunks 20480]
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import type { ChunkKey, Database, SealedChunk, TorrentId } from '@bae/storage'
import { type EmbeddedPostgres, openEmbeddedPostgres } from '@bae/storage/embedded-postgres'
import { openTypeOrmDatabase } from '@bae/storage/typeorm'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { makeTemporaryFolder, removeFolder } from 'bae-e2e/harness/temporary-folder.js'
import pg from 'pg'
import { makeRecord } from './made-record.js'
import { type Figures, formatSpread } from './result-table.js'
import { proportionalBytes, serverCpuSeconds } from './server-usage.js'
import { spreadOf } from './statistics.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, chunks: { type: 'string', default: '20480' } },
})
const batches = [1, 16, 64] as const

/** In random order, as peers send them: all keys differ. */
function shuffledChunks(count: number): SealedChunk[] {
  const chunks = Array.from({ length: count }, (_, ordinal) => ({
    ordinal,
    key: randomBytes(32).toString('hex') as ChunkKey,
    lengthBytes: mebibyte,
  }))
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1))
    const [a, b] = [chunks[last], chunks[other]]
    if (a !== undefined && b !== undefined) [chunks[last], chunks[other]] = [b, a]
  }
  return chunks
}

async function addTorrent(database: Database, pieces: number): Promise<TorrentId> {
  const torrent = makeRecord(pieces)
  await database.saveTorrent(torrent)
  return torrent.id
}

async function record(
  database: Database,
  id: TorrentId,
  chunks: readonly SealedChunk[],
  batch: number,
): Promise<void> {
  for (let first = 0; first < chunks.length; first += batch) {
    const sealedChunks = chunks.slice(first, first + batch)
    const completedPieces = sealedChunks.map(({ ordinal }) => ordinal)
    await database.recordProgress(id, { completedPieces, sealedChunks })
  }
}

async function schemaBytes(url: string, schema: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ bytes: string }>(
      `SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`,
      [schema],
    )
    return Number(rows[0]?.bytes)
  } finally {
    await client.end()
  }
}

async function measure(server: EmbeddedPostgres, schema: string, batch: number): Promise<Figures> {
  // Each transaction waits for the disk: fewer of them say as much.
  const chunks = shuffledChunks(Math.min(Number(values.chunks), batch * 2048))
  await using database = await openTypeOrmDatabase({ url: server.url, schema })
  // Statements are prepared, and the tables are not empty.
  for (let torrent = 0; torrent < 20; torrent++)
    await record(database, await addTorrent(database, 64), shuffledChunks(64), 64)
  const id = await addTorrent(database, chunks.length)
  const bytesBefore = await schemaBytes(server.url, schema)
  const serverBefore = await serverCpuSeconds(server)
  const clientBefore = process.cpuUsage()
  const startedAtMs = performance.now()
  await record(database, id, chunks, batch)
  const seconds = (performance.now() - startedAtMs) / 1000
  const { user, system } = process.cpuUsage(clientBefore)
  const serverMicroseconds = ((await serverCpuSeconds(server)) - serverBefore) * 1e6
  const perChunk = (total: number): number => total / chunks.length
  return {
    'bytes a chunk': perChunk((await schemaBytes(server.url, schema)) - bytesBefore),
    'CPU a chunk, µs': perChunk(user + system + serverMicroseconds),
    'of that the client, µs': perChunk(user + system),
    'wall a chunk, µs': perChunk(seconds * 1e6),
    'server, PSS, MiB': (await proportionalBytes(server)) / mebibyte,
  }
}

const folder = await makeTemporaryFolder()
const server = await openEmbeddedPostgres({ directory: folder })
const rounds: Record<number, Figures[]> = { 1: [], 16: [], 64: [] }
try {
  for (let round = 0; round < Number(values.rounds); round++)
    for (const batch of batches) rounds[batch]?.push(await measure(server, `bench_${round}_${batch}`, batch))
} finally {
  await server.close()
  await removeFolder(folder)
}
const quantities = Object.keys(rounds[64]?.[0] ?? {})
const lines = quantities.map((quantity) => {
  const cells = batches.map((batch) =>
    formatSpread(spreadOf((rounds[batch] ?? []).map((figures) => figures[quantity] ?? Number.NaN))),
  )
  return `| ${[quantity, ...cells].join(' | ')} |`
})
const head = ['| batches of | 1 | 16 | 64 |', '|---|---|---|---|']
process.stdout.write(`\n${[...head, ...lines].join('\n')}\n`)
await writeResult('database', { rounds })
