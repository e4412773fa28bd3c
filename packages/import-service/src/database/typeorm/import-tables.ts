import type { AbortOptions } from '@bae/storage'
import type { DatabaseServer } from '@bae/storage/typeorm'
import pg, { type ClientConfig } from 'pg'
import { DataSource } from 'typeorm/data-source/DataSource.js'
import { ImportError } from '../../errors.js'
import { importEntity } from './import-row.js'
import { migrations } from './migrations/index.js'

export interface TypeOrmImportDatabaseOptions extends AbortOptions {
  /** How the server is reached, and waited for while it is away. */
  readonly server: Pick<DatabaseServer, 'connectionOptions' | 'run' | 'runOn'>
  /** The library's own PostgreSQL schema: lower case letters, digits and `_`. Made where it is not there. */
  readonly schema: string
  /** How long a process that is stopped, and not gone, keeps its imports. Default 15 s. */
  readonly leaseMs?: number
  /** How many events are kept at least. Default 100,000. */
  readonly keptEvents?: number
}

/** Rows of imports are few and change seldom. */
const poolSize = 2

/** The same number as in @bae/storage, as both make the library's schema. */
const migrationLock = 0x62_61_65

const migrationsTable = 'import_migration'

/** What every connection of ours says first. */
export function connectionOptions({ server, schema }: TypeOrmImportDatabaseOptions): ClientConfig {
  return server.connectionOptions({ schema, applicationName: 'bae imports' })
}

/** The same for who changes tables, or waits for another process that does. */
function patientOptions({ server, schema }: TypeOrmImportDatabaseOptions): ClientConfig {
  return server.connectionOptions({ schema, applicationName: 'bae imports', isPatient: true })
}

/** Makes the schema, brings the tables of imports up to date and connects. Storage does it for its own: only its types may be imported here. */
export async function openImportTables(options: TypeOrmImportDatabaseOptions): Promise<DataSource> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(options.schema))
    throw new TypeError(`"${options.schema}" is no schema name`)
  // Mostly there is nothing to do, and a connection costs 9 ms of CPU.
  const source = await connect(options, connectionOptions(options))
  if (!(await needsMigration(source))) return source
  await source.destroy()
  await migrate(options)
  return await connect(options, connectionOptions(options))
}

async function migrate(options: TypeOrmImportDatabaseOptions): Promise<void> {
  const extra = patientOptions(options)
  const client = new pg.Client(extra)
  // A connection that breaks rejects the query under way; without a listener it would also end the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1, hashtext($2))', [migrationLock, options.schema])
    await client.query(`CREATE SCHEMA IF NOT EXISTS "${options.schema}"`)
    const source = await connect(options, extra)
    // Who had the lock before may have done it.
    if (await needsMigration(source)) await source.runMigrations().finally(() => source.destroy())
    else await source.destroy()
  } finally {
    // Ends the session, and the lock with it.
    await client.end()
  }
}

async function connect({ schema }: TypeOrmImportDatabaseOptions, extra: ClientConfig): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    driver: pg,
    schema,
    poolSize,
    extra,
    entities: [importEntity],
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

/** TypeORM would ask many things before it finds that there is nothing to do. Destroys the source where this rejects. */
async function needsMigration(source: DataSource): Promise<boolean> {
  try {
    const [table] = await source.query<{ name: string | null }[]>('SELECT to_regclass($1) AS name', [
      migrationsTable,
    ])
    if (table?.name == null) return true
    const executed = await source.query<{ name: string }[]>(`SELECT name FROM ${migrationsTable} ORDER BY id`)
    const known = source.migrations.map(({ name }) => name)
    // An older program must not write tables whose rules it does not know.
    const unknown = executed.find(({ name }) => !known.includes(name))
    if (unknown !== undefined) {
      throw new ImportError('IMPORT_DATABASE', `the library was changed by a newer bae (${unknown.name})`)
    }
    return executed.length < known.length
  } catch (error) {
    await source.destroy()
    throw error
  }
}
