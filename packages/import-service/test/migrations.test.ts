import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTypeOrmImportDatabase } from '../src/database/typeorm/index.js'
import { migrations } from '../src/database/typeorm/migrations/index.js'
import { plainServer, startThrowawayServer, type ThrowawayServer } from './database-server.js'
import { expectDumpedImports } from './dumped-imports.js'

const dumps = new URL('dumps/', import.meta.url)
const sources = new URL('../src/database/typeorm/migrations/', import.meta.url)
const schema = 'bae_dump'

let server: ThrowawayServer

beforeAll(async () => {
  server = await startThrowawayServer()
})

afterAll(() => server.stop())

async function query(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(text).finally(() => client.end())
}

async function migrationFiles(): Promise<string[]> {
  return (await readdir(sources)).filter((name) => name !== 'index.ts').sort()
}

describe('a migration', () => {
  it('never changes once it has a dump, and none is without one', async () => {
    const recorded = JSON.parse(await readFile(new URL('migrations.json', dumps), 'utf8')) as object
    const found: Record<string, string> = {}
    for (const name of await migrationFiles()) {
      const source = await readFile(new URL(name, sources))
      found[name] = createHash('sha256').update(source).digest('hex')
    }
    expect(found).toEqual(recorded)
    const dumped = (await readdir(dumps)).filter((name) => name.endsWith('.sql'))
    expect(dumped.sort()).toEqual(Object.keys(found).map((name) => name.replace('.ts', '.sql')))
    expect(migrations).toHaveLength(dumped.length)
  })
})

describe('a library', async () => {
  it.each(await migrationFiles())(
    'whose last migration was %s has all its imports afterwards',
    async (name) => {
      await query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
      await query(await readFile(new URL(name.replace('.ts', '.sql'), dumps), 'utf8'))
      await using imports = await openTypeOrmImportDatabase({ server: plainServer(server.url), schema })
      await expectDumpedImports(imports)
    },
  )

  it('that another process is changing is waited for, however long that takes', async () => {
    const changing = 'bae_changing'
    const { connectionOptions, ...others } = plainServer(server.url)
    const hasty: typeof connectionOptions = ({ isPatient, ...session }) => ({
      ...connectionOptions(session),
      ...(!isPatient && { lock_timeout: 100 }),
    })
    const other = new pg.Client({ connectionString: server.url })
    await other.connect()
    await other.query('SELECT pg_advisory_lock($1, hashtext($2))', [0x62_61_65, changing])
    const opening = openTypeOrmImportDatabase({
      server: { ...others, connectionOptions: hasty },
      schema: changing,
    })
    await Promise.all([opening, delay(300).then(() => other.end())])
    await (await opening).close()
  })

  it('that a newer program has changed is refused, not written', async () => {
    const newer = 'bae_newer'
    await (await openTypeOrmImportDatabase({ server: plainServer(server.url), schema: newer })).close()
    await query(
      `INSERT INTO ${newer}.import_migration (timestamp, name) VALUES (9999999999999, 'Later9999999999999')`,
    )
    const opening = openTypeOrmImportDatabase({ server: plainServer(server.url), schema: newer })
    await expect(opening).rejects.toMatchObject({
      code: 'IMPORT_DATABASE',
      message: expect.stringContaining('Later9999999999999'),
    })
  })
})
