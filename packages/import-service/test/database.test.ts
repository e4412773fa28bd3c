import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClaimedImports } from '../src/database/claimed-imports.js'
import type { ImportDatabase } from '../src/database/import-database.js'
import { MemoryImportDatabase } from '../src/database/memory-import-database.js'
import { openImportTables } from '../src/database/typeorm/import-tables.js'
import { openTypeOrmImportDatabase } from '../src/database/typeorm/index.js'
import { migrations } from '../src/database/typeorm/migrations/index.js'
import { importDatabaseCompliance } from './database-clauses.js'
import { plainServer } from './database-server.js'
import { added, downloading, type ImportDatabaseSubject } from './support/database-subject.js'
import { ImportsOnPostgres, newSchema } from './support/imports-on-postgres.js'

let postgres: ImportsOnPostgres

beforeAll(async () => {
  postgres = await ImportsOnPostgres.start()
})

afterAll(() => postgres.stop())

describe('MemoryImportDatabase', () => {
  importDatabaseCompliance({
    create: async (options) => new MemoryImportDatabase(options),
    join: async (other) => MemoryImportDatabase.join(other as MemoryImportDatabase),
    expire: async (imports) => (imports as MemoryImportDatabase).expireClaims(),
  })

  it('frees lost claims and says so', async () => {
    const imports = new MemoryImportDatabase()
    const { id } = await added(imports)
    const claim = await imports.claim(id)
    imports.loseClaims()
    expect(claim?.lost.reason).toMatchObject({ code: 'IMPORT_LEASE_LOST' })
    expect(await MemoryImportDatabase.join(imports).claim(id)).toBeDefined()
  })
})

describe('ClaimedImports', () => {
  const inner = new WeakMap<ImportDatabase, MemoryImportDatabase>()
  const around = (imports: MemoryImportDatabase): ClaimedImports => {
    const claimed = new ClaimedImports(imports)
    inner.set(claimed, imports)
    return claimed
  }
  const innerOf = (imports: ImportDatabase) => inner.get(imports) as MemoryImportDatabase
  const subject: ImportDatabaseSubject = {
    create: async (options) => around(new MemoryImportDatabase(options)),
    join: async (other) => around(MemoryImportDatabase.join(innerOf(other))),
    expire: async (imports) => innerOf(imports).expireClaims(),
  }
  importDatabaseCompliance(subject)

  it('gives the token of the last claim as the fence, and none where there never was one', async () => {
    const memory = new MemoryImportDatabase()
    const imports = around(memory)
    const [first, second] = [await added(imports), await added(imports)]
    expect(() => imports.fenceOf(first.id)).toThrow('this process no longer has the import')
    const claim = await imports.claim(first.id)
    expect(imports.fenceOf(first.id)).toBe(claim?.token)
    memory.expireClaims()
    const theirs = await MemoryImportDatabase.join(memory).claim(first.id)
    expect(imports.fenceOf(first.id)).toBeLessThan(theirs?.token ?? 0)
    const [due] = await imports.claimDue({ states: ['downloading'], limit: 9, nowMs: 0 })
    expect(due?.record.id).toBe(second.id)
    expect(imports.fenceOf(second.id)).toBe(due?.claim.token)
    await imports.deleteImport(second.id)
    expect(() => imports.fenceOf(second.id)).toThrow()
  })
})

describe('TypeOrmImportDatabase', () => {
  importDatabaseCompliance({
    create: (options) => postgres.open(options),
    join: (other) => postgres.join(other),
    expire: (imports) => postgres.expire(imports),
  })

  it('may be opened for the first time by several processes at once', async () => {
    const schema = newSchema()
    const opened = await Promise.all(Array.from({ length: 4 }, () => postgres.open({ schema })))
    const record = downloading()
    await opened[0]!.saveImport(record)
    for (const imports of opened) expect(await imports.findImport(record.id)).toEqual(record)
    await Promise.all(opened.map((imports) => imports.close()))
  })

  it('is opened, where it is up to date, beside somebody who holds the lock for changing it', async () => {
    const schema = newSchema()
    await (await postgres.open({ schema })).close()
    const locker = new pg.Client({ connectionString: postgres.server.url })
    await locker.connect()
    await locker.query('SELECT pg_advisory_lock($1, hashtext($2))', [0x62_61_65, schema])
    await (await postgres.open({ schema })).close()
    await locker.end()
  })

  it('has the table that its entity says, made by migrations alone', async () => {
    const source = await openImportTables({ server: plainServer(postgres.server.url), schema: newSchema() })
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

  it('writes an event once when nobody knows whether it was written, and asks again', async () => {
    const plain = plainServer(postgres.server.url)
    const server: typeof plain = {
      ...plain,
      runOn: async (source, work) => {
        await work(source.manager)
        return await work(source.manager)
      },
    }
    await using imports = await postgres.open({ server })
    const event = { atMs: 1, from: null, reason: { code: 'added' } } as const
    const record = await added(imports)
    const claim = await imports.claim(record.id)
    await imports.saveImport(record, { claim: claim!, event })
    await imports.deleteImport(record.id, { claim: claim!, event })
    const { events } = await imports.readEvents({ after: 0, limit: 10 })
    expect(events.map(({ to }) => to)).toEqual(['downloading', 'removed'])
  })
})
