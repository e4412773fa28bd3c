import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { databaseCompliance } from '../src/compliance/database.js'
import type { Database } from '../src/database.js'
import { openTypeOrmDatabase } from '../src/typeorm/index.js'
import { systemPrograms, ThrowawayServer } from './throwaway-server.js'

// The PostgreSQL of PG_BIN, or Debian's: older than the one from npm.
const programs = await systemPrograms()
const schemas = new WeakMap<Database, string>()
let server: ThrowawayServer

async function open(schema = `test_${randomUUID().replaceAll('-', '')}`): Promise<Database> {
  const database = await openTypeOrmDatabase({ url: server.url, schema })
  schemas.set(database, schema)
  return database
}

if (programs === undefined) {
  it('TypeOrmDatabase on the PostgreSQL of the system', (context) => context.skip('needs postgresql'))
} else {
  beforeAll(async () => {
    server = await ThrowawayServer.make(programs)
    await server.start()
  })

  afterAll(() => server.remove(), 60_000)

  describe('TypeOrmDatabase on the PostgreSQL of the system', () => {
    databaseCompliance(
      { describe, it },
      { create: () => open(), reopen: (closed) => open(schemas.get(closed)) },
    )
  })
}
