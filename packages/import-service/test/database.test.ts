import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Claim, ImportDatabase } from '../src/database/import-database.js'
import { MemoryImportDatabase } from '../src/database/memory-import-database.js'
import { openDataSource } from '../src/database/typeorm/data-source.js'
import { openTypeOrmImportDatabase } from '../src/database/typeorm/index.js'
import { migrations } from '../src/database/typeorm/migrations/index.js'
import { importDatabaseCompliance } from './database-clauses.js'
import { HeldBackServer, plainServer, startThrowawayServer, type ThrowawayServer } from './database-server.js'
import { eventClauses } from './event-clauses.js'
import { dueClauses, leaseClauses, wishClauses } from './lease-clauses.js'
import { added, downloading, type ImportDatabaseSubject } from './support/database-subject.js'

let server: ThrowawayServer

beforeAll(async () => {
  server = await startThrowawayServer()
}, 60_000)

afterAll(() => server.stop())

const schemas = new WeakMap<ImportDatabase, string>()

async function open(schema = `test_${randomUUID().replaceAll('-', '')}`): Promise<ImportDatabase> {
  const imports = await openTypeOrmImportDatabase({ server: plainServer(server.url), schema })
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

/** The sessions of the server that hold claims. */
async function holders(): Promise<number[]> {
  return [...new Set(await claimLocks())]
}

/** The session of each claim. Its key is one number, that of the lock on migrations two. */
async function claimLocks(): Promise<number[]> {
  const text = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted`
  return (await query<{ pid: number }>(text)).map(({ pid }) => pid)
}

describe('MemoryImportDatabase', () => {
  const subject: ImportDatabaseSubject = {
    create: async (options) => new MemoryImportDatabase(options),
    join: async (other) => MemoryImportDatabase.join(other as MemoryImportDatabase),
    expire: async (imports) => (imports as MemoryImportDatabase).expireClaims(),
  }
  importDatabaseCompliance(subject)
  for (const clauses of [leaseClauses, dueClauses, wishClauses, eventClauses]) clauses(subject)

  it('frees lost claims and says so', async () => {
    const imports = new MemoryImportDatabase()
    const { id } = await added(imports)
    const claim = await imports.claim(id)
    imports.loseClaims()
    expect(claim?.lost.reason).toMatchObject({ code: 'IMPORT_LEASE_LOST' })
    expect(await MemoryImportDatabase.join(imports).claim(id)).toBeDefined()
  })
})

describe('TypeOrmImportDatabase', () => {
  importDatabaseCompliance({ create: () => open(), join: openAgain, expire: async () => undefined })

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
      server: plainServer(server.url),
      schema: `test_${randomUUID().replaceAll('-', '')}`,
    })
    const changes = await source.driver.createSchemaBuilder().log()
    expect(changes.upQueries.map((one) => one.query)).toEqual([])
    for (const _ of migrations) await source.undoLastMigration()
    await source.destroy()
  })

  it('rejects IMPORT_DATABASE with the cause where there is no server', async () => {
    const nowhere = plainServer('postgres://bae@127.0.0.1:1/postgres')
    const opening = openTypeOrmImportDatabase({ server: nowhere, schema: 'bae' })
    await expect(opening).rejects.toMatchObject({ code: 'IMPORT_DATABASE', cause: { code: 'ECONNREFUSED' } })
  })
})

describe('claims whose connection breaks', () => {
  it('are had again, and nobody else gets them meanwhile or afterwards', async () => {
    await using imports = await open()
    await using other = await openAgain(imports)
    const [{ id: a }, { id: b }] = [await added(imports), await added(imports)]
    const claims = [await imports.claim(a), await imports.claim(b)]
    const [before] = await holders()
    await query(`SELECT pg_terminate_backend(${before})`)
    const hadAgain = async () => (await claimLocks()).filter((holder) => holder !== before).length
    await expect.poll(hadAgain).toBe(2)
    expect(claims.map((claim) => claim?.lost.aborted)).toEqual([false, false])
    expect(await imports.claim(a)).toBeUndefined()
    expect(await other.claim(b)).toBeUndefined()
    for (const claim of claims) await claim?.release()
    expect(await other.claim(a)).toBeDefined()
  })

  it.each([
    ['has', 1, async () => undefined],
    ['had for a moment', 0, async (theirs: Claim) => await theirs.release()],
  ])('are lost where somebody else %s them', async (_, theirLocks, then) => {
    const held = new HeldBackServer(plainServer(server.url))
    await using other = await open()
    await using imports = await openTypeOrmImportDatabase({ server: held, schema: schemas.get(other)! })
    const [{ id: a }, { id: b }] = [await added(imports), await added(imports)]
    const claims = [await imports.claim(a), await imports.claim(b)]
    held.hold()
    const [holder] = await holders()
    await query(`SELECT pg_terminate_backend(${holder})`)
    await expect.poll(() => held.waiting).toBe(1)
    // The server says goodbye before it frees the locks.
    let theirs: Claim | undefined
    while (theirs === undefined) theirs = await other.claim(a)
    await then(theirs)
    const lost = once(claims[0]!.lost, 'abort')
    held.goOn()
    await lost
    expect(claims[0]!.lost.reason).toMatchObject({ code: 'IMPORT_LEASE_LOST' })
    // The other one was had again.
    await expect.poll(async () => (await claimLocks()).length).toBe(theirLocks + 1)
    expect(await other.claim(b)).toBeUndefined()
    expect(claims[1]!.lost.aborted).toBe(false)
    await theirs.release()
    await claims[0]!.release()
    expect(await imports.claim(a)).toBeDefined()
  })

  it('are lost with the cause where the server stays away', async () => {
    const held = new HeldBackServer(plainServer(server.url))
    await using other = await open()
    await using imports = await openTypeOrmImportDatabase({ server: held, schema: schemas.get(other)! })
    const { id: a } = await added(imports)
    const claim = await imports.claim(a)
    held.hold()
    const lost = once(claim!.lost, 'abort')
    const [holder] = await holders()
    await query(`SELECT pg_terminate_backend(${holder})`)
    await expect.poll(() => held.waiting).toBe(1)
    held.giveUp(new Error('it was waited for'))
    await lost
    expect(claim!.lost.reason).toMatchObject({
      code: 'IMPORT_DATABASE',
      message: expect.stringContaining('it was waited for'),
      cause: expect.objectContaining({ code: '57P01' }),
    })
    await claim?.release()
    let theirs: Claim | undefined
    while (theirs === undefined) theirs = await other.claim(a)
  })

  it('may be released meanwhile', async () => {
    const held = new HeldBackServer(plainServer(server.url))
    await using other = await open()
    await using imports = await openTypeOrmImportDatabase({ server: held, schema: schemas.get(other)! })
    const { id: a } = await added(imports)
    const claim = await imports.claim(a)
    held.hold()
    const [holder] = await holders()
    await query(`SELECT pg_terminate_backend(${holder})`)
    await expect.poll(() => held.waiting).toBe(1)
    await claim?.release()
    held.goOn()
    await expect.poll(() => other.claim(a)).toBeDefined()
    expect(claim?.lost.aborted).toBe(false)
  })
})

describe('claims of a process', () => {
  it('frees the claims of a process that is killed', async () => {
    await using imports = await open()
    const script = `
      const { Client } = require('pg')
      const client = new Client({ connectionString: process.argv[1] })
      client.connect()
        .then(() => client.query("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", [process.argv[2]]))
        .then(() => process.stdout.write('claimed'))
    `
    const { id: a } = await added(imports)
    const key = `bae import ${schemas.get(imports)} ${a}`
    const other = spawn(process.execPath, ['-e', script, server.url, key], {
      cwd: new URL('..', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(other.stdout, 'data')
    expect(await imports.claim(a)).toBeUndefined()
    other.kill('SIGKILL')
    await once(other, 'exit')
    await expect.poll(() => imports.claim(a), { timeout: 5_000 }).toBeDefined()
  })
})
