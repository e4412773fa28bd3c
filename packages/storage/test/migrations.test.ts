import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTypeOrmDatabase } from '../src/typeorm/index.js'
import { migrations } from '../src/typeorm/migrations/index.js'
import { expectDumpedRecords } from './dumped-records.js'
import { ThrowawayServer } from './throwaway-server.js'

const dumps = new URL('dumps/', import.meta.url)
const sources = new URL('../src/typeorm/migrations/', import.meta.url)
const schema = 'bae_dump'

let server: ThrowawayServer

beforeAll(async () => {
  server = await ThrowawayServer.make()
  await server.start()
})

afterAll(() => server.remove())

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
    const times = migrations.map((migration) => Number(new migration().name.slice(-13)))
    expect(times).toEqual(Object.keys(found).map((name) => Number.parseInt(name, 10)))
  })
})

describe('a library', async () => {
  it.each(await migrationFiles())(
    'whose last migration was %s has all its records afterwards',
    async (name) => {
      await server.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
      await server.query(await readFile(new URL(name.replace('.ts', '.sql'), dumps), 'utf8'))
      await using database = await openTypeOrmDatabase({ url: server.url, schema })
      await expectDumpedRecords(database)
      const [row] = await server.query<{ last: string }>(
        `SELECT name AS last FROM ${schema}.storage_migration ORDER BY id DESC LIMIT 1`,
      )
      expect(row?.last).toBe(new (migrations.at(-1)!)().name)
    },
  )
})
