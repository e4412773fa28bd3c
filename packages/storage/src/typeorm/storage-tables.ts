import pg, { type ClientConfig } from 'pg'
import { DataSource } from 'typeorm/data-source/DataSource.js'
import { StorageError } from '../errors.js'
import type { DatabaseServer } from './database-server.js'
import { entities } from './entities.js'
import { migrations } from './migrations/index.js'

const poolSize = 4

/** So that of several processes that open one library at once a single one changes its tables. */
const migrationLock = 0x62_61_65

const migrationsTable = 'storage_migration'

/** Makes the schema, brings the tables of storage up to date and connects. */
export async function openStorageTables(server: DatabaseServer, schema: string): Promise<DataSource> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) throw new TypeError(`"${schema}" is no schema name`)
  const session = { schema, applicationName: 'bae' }
  const piped = { ...server.connectionOptions(session), pipeline: true }
  // Mostly there is nothing to do, and a connection costs 9 ms of CPU.
  const source = await connect(piped, schema)
  if (!(await needsMigration(source))) return source
  await source.destroy()
  await migrate(server.connectionOptions({ ...session, isPatient: true }), schema)
  return await connect(piped, schema)
}

async function migrate(options: ClientConfig, schema: string): Promise<void> {
  const client = new pg.Client(options)
  // A connection that breaks rejects the query under way; without a listener it would also end the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1, hashtext($2))', [migrationLock, schema])
    await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`)
    const source = await connect(options, schema)
    // Who had the lock before may have done it.
    if (await needsMigration(source)) await source.runMigrations().finally(() => source.destroy())
    else await source.destroy()
  } finally {
    // Ends the session, and the lock with it.
    await client.end()
  }
}

async function connect(extra: object, schema: string): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    driver: pg,
    schema,
    poolSize,
    extra,
    entities,
    migrations,
    migrationsTableName: migrationsTable,
    migrationsTransactionMode: 'each',
    installExtensions: false,
    // An idle connection that breaks is replaced when one is needed; whoever then fails says why.
    poolErrorHandler: () => undefined,
    logging: false,
  })
  return await source.initialize()
}

/** Destroys the source where it rejects. */
async function needsMigration(source: DataSource): Promise<boolean> {
  try {
    const [table] = await source.query<{ name: string | null }[]>('SELECT to_regclass($1) AS name', [
      migrationsTable,
    ])
    if (table?.name == null) return true
    const rows = await source.query<{ name: string }[]>(`SELECT name FROM ${migrationsTable} ORDER BY id`)
    const executed = rows.map(({ name }) => name)
    const known: readonly string[] = migrations.map((migration) => new migration().name)
    // An older program must not write tables whose rules it does not know.
    const unknown = executed.find((name) => !known.includes(name))
    if (unknown !== undefined)
      throw new StorageError('STORAGE_DATABASE', `the library was changed by a newer bae (${unknown})`)
    return known.some((name) => !executed.includes(name))
  } catch (error) {
    await source.destroy()
    throw error
  }
}
