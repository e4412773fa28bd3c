import pg from 'pg'
import { DataSource } from 'typeorm'
import { StorageError } from '../errors.js'
import { entities } from './entities.js'
import { migrations } from './migrations/index.js'

export interface TypeOrmDatabaseOptions {
  /** `postgres://...`, as psql takes it. */
  readonly url: string
  /** The library's own PostgreSQL schema: lower case letters, digits and `_`. Made where it is not there. */
  readonly schema: string
}

/** Nothing waits for ever: a lock, a statement or a server that does not answer. */
const connectTimeoutMs = 10_000
const statementTimeoutMs = 60_000
/** The server ends a statement before; this is for one that cannot even say so. */
const answerTimeoutMs = 70_000
/** Objects are deleted while rows are locked, so a transaction may idle as long as a store may take. */
const idleInTransactionTimeoutMs = 300_000

const poolSize = 4

/** So that of several processes that open one library at once a single one changes its tables. */
const migrationLock = 0x62_61_65

const migrationsTable = 'storage_migration'

/** Makes the schema, brings its tables up to date and connects. */
export async function openDataSource(options: TypeOrmDatabaseOptions): Promise<DataSource> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(options.schema))
    throw new TypeError(`"${options.schema}" is no schema name`)
  const { application_name, ...session } = sessionOptions(options)
  const client = new pg.Client({ connectionString: options.url, application_name, ...session })
  // A connection that breaks rejects the query under way; without a listener it would also end the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1, hashtext($2))', [migrationLock, options.schema])
    await client.query(`CREATE SCHEMA IF NOT EXISTS "${options.schema}"`)
    return await migrated(options)
  } finally {
    // Ends the session, and the lock with it.
    await client.end()
  }
}

async function migrated(options: TypeOrmDatabaseOptions): Promise<DataSource> {
  const { application_name, ...session } = sessionOptions(options)
  const source = new DataSource({
    type: 'postgres',
    driver: pg,
    url: options.url,
    schema: options.schema,
    applicationName: application_name,
    poolSize,
    extra: session,
    entities,
    migrations,
    migrationsTableName: migrationsTable,
    migrationsTransactionMode: 'each',
    installExtensions: false,
    // An idle connection that breaks is replaced when one is needed; whoever then fails says why.
    poolErrorHandler: () => undefined,
    logging: false,
  })
  await source.initialize()
  try {
    await source.runMigrations()
    await refuseNewer(source)
    return source
  } catch (error) {
    await source.destroy()
    throw error
  }
}

function sessionOptions({ schema }: TypeOrmDatabaseOptions) {
  return {
    application_name: 'bae',
    options: `-c search_path=${schema}`,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: answerTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    keepAlive: true,
  }
}

/** An older program must not write tables whose rules it does not know. */
async function refuseNewer(source: DataSource): Promise<void> {
  const executed = await source.query<{ name: string }[]>(`SELECT name FROM ${migrationsTable} ORDER BY id`)
  const known = new Set(source.migrations.map(({ name }) => name))
  const unknown = executed.find(({ name }) => !known.has(name ?? ''))
  if (unknown !== undefined) {
    throw new StorageError('STORAGE_DATABASE', `the library was changed by a newer bae (${unknown.name})`)
  }
}
