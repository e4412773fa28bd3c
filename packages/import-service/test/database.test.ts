import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ImportDatabase } from '../src/database/import-database.js'
import { MemoryImportDatabase } from '../src/database/memory-import-database.js'
import { openDataSource } from '../src/database/typeorm/data-source.js'
import { openTypeOrmImportDatabase } from '../src/database/typeorm/index.js'
import { downloading, importDatabaseCompliance } from './database-clauses.js'
import { startThrowawayServer, type ThrowawayServer } from './database-server.js'

let server: ThrowawayServer

beforeAll(async () => {
  server = await startThrowawayServer()
}, 60_000)

afterAll(() => server.stop())

const schemas = new WeakMap<ImportDatabase, string>()

async function open(schema = `test_${randomUUID().replaceAll('-', '')}`): Promise<ImportDatabase> {
  const imports = await openTypeOrmImportDatabase({ url: server.url, schema })
  schemas.set(imports, schema)
  return imports
}

const openAgain = (other: ImportDatabase) => open(schemas.get(other))

async function query<Row>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    return (await client.query(text)).rows as Row[]
  } finally {
    await client.end()
  }
}

describe('MemoryImportDatabase', () => {
  importDatabaseCompliance({
    create: async () => new MemoryImportDatabase(),
    join: async (other) => MemoryImportDatabase.join(other as MemoryImportDatabase),
  })

  it('frees lost claims and says so', async () => {
    const imports = new MemoryImportDatabase()
    const claim = await imports.claim('a')
    imports.loseClaims()
    expect(claim?.lost.reason).toMatchObject({ code: 'IMPORT_DATABASE' })
    expect(await MemoryImportDatabase.join(imports).claim('a')).toBeDefined()
  })
})

describe('TypeOrmImportDatabase', () => {
  importDatabaseCompliance({ create: () => open(), join: openAgain })

  it('may be opened for the first time by several processes at once', async () => {
    const schema = `test_${randomUUID().replaceAll('-', '')}`
    const opened = await Promise.all(Array.from({ length: 4 }, () => open(schema)))
    const record = downloading()
    await opened[0]!.saveImport(record)
    for (const imports of opened) expect(await imports.findImport(record.id)).toEqual(record)
    await Promise.all(opened.map((imports) => imports.close()))
  })

  it('has the table that its entity says, made by migrations alone', async () => {
    const source = await openDataSource({
      url: server.url,
      schema: `test_${randomUUID().replaceAll('-', '')}`,
    })
    const changes = await source.driver.createSchemaBuilder().log()
    expect(changes.upQueries.map((one) => one.query)).toEqual([])
    await source.undoLastMigration()
    await source.destroy()
  })

  it('says that claims are lost when their connection breaks, and claims anew on another one', async () => {
    await using imports = await open()
    await using other = await openAgain(imports)
    const claims = [await imports.claim('a'), await imports.claim('b')]
    const lost = claims.map((claim) => once(claim!.lost, 'abort'))
    const holding = `SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND granted`
    await query(`SELECT pg_terminate_backend(pid) FROM (${holding}) AS holding`)
    await Promise.all(lost)
    expect(claims[0]!.lost.reason).toMatchObject({ code: 'IMPORT_DATABASE', cause: expect.any(Error) })
    // The server says goodbye before it frees the locks.
    await expect.poll(() => other.claim('a')).toBeDefined()
    await claims[0]!.release()
    expect(await imports.claim('a')).toBeUndefined()
    await expect.poll(() => imports.claim('b')).toBeDefined()
  })

  it('frees the claims of a process that is killed', async () => {
    await using imports = await open()
    const script = `
      const { Client } = require('pg')
      const client = new Client({ connectionString: process.argv[1] })
      client.connect()
        .then(() => client.query("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", [process.argv[2]]))
        .then(() => process.stdout.write('claimed'))
    `
    const key = `bae import ${schemas.get(imports)} a`
    const other = spawn(process.execPath, ['-e', script, server.url, key], {
      cwd: new URL('..', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(other.stdout, 'data')
    expect(await imports.claim('a')).toBeUndefined()
    other.kill('SIGKILL')
    await once(other, 'exit')
    await expect.poll(() => imports.claim('a'), { timeout: 5_000 }).toBeDefined()
  })

  it('rejects IMPORT_DATABASE with the cause where there is no server', async () => {
    const opening = openTypeOrmImportDatabase({ url: 'postgres://bae@127.0.0.1:1/postgres', schema: 'bae' })
    await expect(opening).rejects.toMatchObject({ code: 'IMPORT_DATABASE', cause: { code: 'ECONNREFUSED' } })
  })
})
