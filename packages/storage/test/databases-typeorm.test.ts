import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseCompliance } from '../src/compliance/database.js'
import { sampleRecord, sealed, setPieces } from '../src/compliance/database-samples.js'
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../src/embedded-postgres/index.js'
import { DatabaseServer, openTypeOrmDatabase, type TypeOrmDatabase } from '../src/typeorm/index.js'
import { migrations } from '../src/typeorm/migrations/index.js'
import { openStorageTables } from '../src/typeorm/storage-tables.js'

let directory: string
let server: EmbeddedPostgres

beforeAll(async () => {
  directory = await mkdtemp('/tmp/bae-databases-')
  await chmod(directory, 0o755)
  server = await openEmbeddedPostgres({ directory })
})

// Its last checkpoint flushes the tables of every test.
afterAll(async () => {
  await server.close()
  await rm(directory, { recursive: true })
})

const schemas = new WeakMap<object, string>()

function newSchema(): string {
  return `test_${randomUUID().replaceAll('-', '')}`
}

async function open(schema = newSchema()): Promise<TypeOrmDatabase> {
  const database = await openTypeOrmDatabase({ url: server.url, schema })
  schemas.set(database, schema)
  return database
}

async function query<Row>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    return (await client.query(text)).rows as Row[]
  } finally {
    await client.end()
  }
}

async function firstOf<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
  }
}

describe('TypeOrmDatabase', () => {
  databaseCompliance(
    { describe, it },
    { create: () => open(), reopen: (closed) => open(schemas.get(closed)) },
  )
})

describe('several processes on one library', () => {
  it('may open it for the first time at once', async () => {
    const schema = newSchema()
    const opened = await Promise.all(Array.from({ length: 5 }, () => open(schema)))
    const record = sampleRecord(3)
    await opened[0]!.saveTorrent(record)
    for (const database of opened) expect(await database.listTorrents()).toEqual([record.id])
    await Promise.all(opened.map((database) => database.close()))
  })

  it('record and clear the same chunks in whatever order, and never wait for each other in a circle', async () => {
    const schema = newSchema()
    const opened = await Promise.all([open(schema), open(schema)])
    const records = [sampleRecord(300), sampleRecord(300)]
    for (const record of records) await opened[0]!.saveTorrent(record)
    const chunks = Array.from({ length: 300 }, (_, index) => sealed(index, index))
    await Promise.all(
      opened.map(async (database, process) => {
        const { id } = records[process]!
        const sealedChunks = process === 0 ? chunks : chunks.toReversed()
        const ordinals = sealedChunks.map(({ ordinal }) => ordinal)
        for (let round = 0; round < 8; round++) {
          await database.recordProgress(id, { completedPieces: [], sealedChunks })
          await database.clearProgress(id, { pieces: [], ordinals })
        }
      }),
    )
    await Promise.all(opened.map((database) => database.close()))
    const [row] = await query<{ deadlocks: string }>(
      'SELECT sum(deadlocks) AS deadlocks FROM pg_stat_database',
    )
    expect(row?.deadlocks).toBe('0')
  })

  it('record into one torrent and forget its chunks without losing a reference', async () => {
    const schema = newSchema()
    const opened = await Promise.all(Array.from({ length: 3 }, () => open(schema)))
    const record = sampleRecord(300)
    await opened[0]!.saveTorrent(record)
    const chunks = Array.from({ length: 300 }, (_, index) => sealed(index, index % 40))
    const keys = [...new Set(chunks.map(({ key }) => key))]
    await Promise.all(
      opened.map(async (database, process) => {
        for (let first = 0; first < 300; first += 20) {
          const start = (first + process * 100) % 300
          const batch = chunks.slice(start, start + 20)
          const sealedChunks = process === 1 ? batch.reverse() : batch
          const completedPieces = batch.map(({ ordinal }) => ordinal)
          await database.recordProgress(record.id, { completedPieces, sealedChunks })
          await database.forgetChunks(keys, async (some) => expect(some).toEqual([]))
        }
      }),
    )
    expect(setPieces(await opened[2]!.completedPieces(record.id), 300)).toHaveLength(300)
    expect((await opened[1]!.deleteTorrent(record.id)).length).toBe(keys.length)
    await Promise.all(opened.map((database) => database.close()))
  })
})

describe('the claim on the capacity of a library', () => {
  it('is of one process, and another one may have it when its connection breaks', async () => {
    const schema = newSchema()
    const [a, b] = await Promise.all([open(schema), open(schema)])
    const claim = await a.cache.claimCapacity()
    expect(await b.cache.claimCapacity()).toBeUndefined()
    const lost = new Promise((resolve) => claim?.lost.addEventListener('abort', resolve, { once: true }))
    const sessions = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bae capacity'`
    await query(sessions)
    await lost
    expect(claim?.lost.reason).toMatchObject({ code: 'STORAGE_DATABASE', cause: expect.any(Error) })
    // The server says goodbye before it frees what the session had.
    const next = await firstOf(() => b.cache.claimCapacity())
    expect(next.lost.aborted).toBe(false)
    expect(await a.cache.claimCapacity()).toBeUndefined()
    await next.release()
    await Promise.all([a.close(), b.close()])
  })
})

describe('the tables', () => {
  it('are what the entities say, made by migrations alone', async () => {
    const source = await openStorageTables(new DatabaseServer({ url: server.url }), newSchema())
    const changes = await source.driver.createSchemaBuilder().log()
    expect(changes.upQueries.map(({ query }) => query)).toEqual([])
    expect(source.options.synchronize).not.toBe(true)
    await source.destroy()
  })

  it('can be taken back by the migrations that made them', async () => {
    const schema = newSchema()
    const source = await openStorageTables(new DatabaseServer({ url: server.url }), schema)
    for (const _ of migrations) await source.undoLastMigration()
    await source.destroy()
    const left = await query(`SELECT tablename FROM pg_tables WHERE schemaname = '${schema}'`)
    expect(left).toEqual([{ tablename: 'storage_migration' }])
    await (await open(schema)).close()
  })

  it('that a newer program has changed are refused, not written', async () => {
    const schema = newSchema()
    await (await open(schema)).close()
    await query(
      `INSERT INTO ${schema}.storage_migration (timestamp, name) VALUES (9999999999999, 'Later9999999999999')`,
    )
    await expect(open(schema)).rejects.toMatchObject({
      code: 'STORAGE_DATABASE',
      message: expect.stringContaining('Later9999999999999'),
    })
  })

  it('that are up to date are opened beside somebody who holds the lock for changing them', async () => {
    const schema = newSchema()
    await (await open(schema)).close()
    const locker = new pg.Client({ connectionString: server.url })
    await locker.connect()
    await locker.query('SELECT pg_advisory_lock($1, hashtext($2))', [0x62_61_65, schema])
    await (await open(schema)).close()
    await locker.end()
  })

  it('keep to the schema of their library', async () => {
    const [a, b] = [await open(), await open()]
    const record = sampleRecord(2)
    await a.saveTorrent(record)
    expect(await b.findTorrent(record.id)).toBeUndefined()
    await b.saveTorrent(record)
    await Promise.all([a.close(), b.close()])
    const inPublic = await query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
    expect(inPublic).toEqual([])
  })
})

/** Our connections that wait for somebody else's lock. */
const waiting = `SELECT pid FROM pg_stat_activity WHERE application_name = 'bae' AND wait_event_type = 'Lock'`

describe('a database that fails', () => {
  it('that an administrator ends the connections of is asked again on new ones', async () => {
    await using database = await open()
    const record = sampleRecord(64)
    await database.saveTorrent(record)
    const locker = new pg.Client({ connectionString: server.url })
    await locker.connect()
    await locker.query(`BEGIN; LOCK TABLE ${schemas.get(database)}.torrent`)
    const recording = database.recordProgress(record.id, { completedPieces: [1], sealedChunks: [] })
    while ((await query(waiting)).length === 0);
    await query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) AS waiting`)
    await locker.end()
    await recording
    expect(setPieces(await database.completedPieces(record.id), 64)).toEqual([1])
  })

  it('that ends a transaction to let another one go on is asked again', async () => {
    await using database = await open()
    const record = sampleRecord(2)
    await database.saveTorrent(record)
    const sealedChunks = [sealed(0, 'a'), sealed(1, 'b')].sort((a, b) => (a.key < b.key ? -1 : 1))
    await database.recordProgress(record.id, { completedPieces: [0], sealedChunks })
    const [first, second] = sealedChunks.map(({ key }) => `'\\x${key}'`)
    const other = new pg.Client({ connectionString: server.url })
    await other.connect()
    const lock = (key?: string) =>
      other.query(`SELECT 1 FROM ${schemas.get(database)}.chunk WHERE key = ${key} FOR UPDATE`)
    // It waits longer than the other one for a circle to be noticed, so it is not the one that is ended.
    await other.query(`SET deadlock_timeout = '60s'; BEGIN`)
    await lock(second)
    const clearing = database.clearProgress(record.id, { pieces: [0], ordinals: [0, 1] })
    while ((await query(waiting)).length === 0);
    await lock(first)
    await other.query('COMMIT')
    expect((await clearing).toSorted()).toEqual(sealedChunks.map(({ key }) => key))
    await other.end()
  })

  it('is asked again on other connections when it falls silent on one', async () => {
    // Tables take longer to make than what is asked of them here.
    const schema = newSchema()
    await (await open(schema)).close()
    // Long enough for a busy server to answer on the connections that it still answers on.
    const url = `${server.url}?query_timeout=2000&application_name=falls-silent`
    await using database = await openTypeOrmDatabase({ url, schema })
    const record = sampleRecord(2)
    await database.saveTorrent(record)
    // One that ends or works may have a lock of the whole server, for which all would wait.
    const connections = `SELECT pid FROM pg_stat_activity WHERE application_name = 'falls-silent' AND state = 'idle'`
    const idle = async () => (await query<{ pid: number }>(connections)).map(({ pid }) => pid)
    await expect.poll(idle).not.toEqual([])
    const silent = await idle()
    for (const pid of silent) process.kill(pid, 'SIGSTOP')
    try {
      await database.recordProgress(record.id, { completedPieces: [1], sealedChunks: [] })
      expect(setPieces(await database.completedPieces(record.id), 2)).toEqual([1])
    } finally {
      for (const pid of silent) process.kill(pid, 'SIGCONT')
    }
  })

  it('whose row another process holds is waited for, then the error says why', async () => {
    const schema = newSchema()
    await using database = await openTypeOrmDatabase({ url: `${server.url}?lock_timeout=100`, schema })
    const record = sampleRecord(2)
    await database.saveTorrent(record)
    const other = new pg.Client({ connectionString: server.url })
    await other.connect()
    await other.query(`BEGIN; SELECT 1 FROM ${schema}.torrent FOR UPDATE`)
    const progress = { completedPieces: [0], sealedChunks: [] }
    await expect(database.recordProgress(record.id, progress)).rejects.toMatchObject({
      code: 'STORAGE_DATABASE',
      message: expect.stringContaining('another process holds what is needed here'),
      cause: { code: '55P03' },
    })
    // Readers are not held up.
    expect(setPieces(await database.completedPieces(record.id), 2)).toEqual([])
    await other.end()
    await database.recordProgress(record.id, progress)
  })

  it('bounds every statement and every pause within a transaction', async () => {
    const schema = newSchema()
    const record = sampleRecord(2)
    await using unhurried = await open(schema)
    await unhurried.saveTorrent(record)
    await unhurried.recordProgress(record.id, { completedPieces: [], sealedChunks: [sealed(0, 'x')] })
    await unhurried.cache.markRemote(await unhurried.cache.notRemote(1, []), Date.now())
    // Longer than a busy server takes for what nobody holds up.
    const limits = 'statement_timeout=1000&idle_in_transaction_session_timeout=1000'
    await using database = await openTypeOrmDatabase({ url: `${server.url}?${limits}`, schema })
    const other = new pg.Client({ connectionString: server.url })
    await other.connect()
    await other.query(`BEGIN; LOCK TABLE ${schema}.torrent IN ACCESS EXCLUSIVE MODE`)
    await expect(database.findTorrent(record.id)).rejects.toMatchObject({
      code: 'STORAGE_DATABASE',
      message: expect.stringContaining('the statement took too long'),
    })
    await other.query('ROLLBACK')
    // The row is free again when the server has ended the transaction for its pause.
    const untilFree = () => other.query(`SELECT 1 FROM ${schema}.chunk FOR UPDATE`).then(() => undefined)
    await expect(database.cache.evict(1, untilFree)).rejects.toMatchObject({
      code: 'STORAGE_DATABASE',
      message: expect.stringContaining('the transaction stood still for too long'),
    })
    await other.end()
  })

  it('refuses a name that is no schema name, before it says it to anybody', async () => {
    await expect(open('x"; DROP TABLE torrent; --')).rejects.toThrow(TypeError)
  })
})
