import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { TypeOrmImportDatabaseOptions } from '../../src/database/typeorm/import-tables.js'
import { openTypeOrmImportDatabase, type TypeOrmImportDatabase } from '../../src/database/typeorm/index.js'
import { plainServer, startThrowawayServer, type ThrowawayServer } from '../database-server.js'

type Options = Partial<TypeOrmImportDatabaseOptions>

/** Databases of imports on a server of their own, which tests may look into. */
export class ImportsOnPostgres {
  readonly server: ThrowawayServer
  readonly #schemas = new WeakMap<object, string>()

  private constructor(server: ThrowawayServer) {
    this.server = server
  }

  static async start(): Promise<ImportsOnPostgres> {
    return new ImportsOnPostgres(await startThrowawayServer())
  }

  /** Of a new library, unless a schema is given. */
  async open(options: Options = {}): Promise<TypeOrmImportDatabase> {
    const schema = options.schema ?? newSchema()
    const imports = await openTypeOrmImportDatabase({
      server: plainServer(this.server.url),
      ...options,
      schema,
    })
    this.#schemas.set(imports, schema)
    return imports
  }

  /** Of the same library. */
  async join(other: object, options: Options = {}): Promise<TypeOrmImportDatabase> {
    return await this.open({ ...options, schema: this.schemaOf(other) })
  }

  schemaOf(imports: object): string {
    const schema = this.#schemas.get(imports)
    if (schema === undefined) throw new Error('not opened here')
    return schema
  }

  async query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.server.url })
    await client.connect()
    try {
      return (await client.query(text, [...values])).rows as Row[]
    } finally {
      await client.end()
    }
  }

  /** The processes of a library that have imports are stopped for longer than their lease, as far as others can tell. */
  async expire(imports: object): Promise<void> {
    const schema = this.schemaOf(imports)
    await this.query(`UPDATE ${schema}.import_owner SET expires_at = clock_timestamp() - interval '1 s'
      WHERE id IN (SELECT owner FROM ${schema}.import)`)
  }

  /** The sessions by which processes say that they live. */
  async livingSessions(): Promise<number[]> {
    const text = `SELECT pid FROM pg_locks
      WHERE locktype = 'advisory' AND objsubid = 1 AND mode = 'ShareLock' AND granted`
    return (await this.query<{ pid: number }>(text)).map(({ pid }) => pid)
  }

  /** Returns which session it was. */
  async breakSession(): Promise<number> {
    const [session] = await this.livingSessions()
    if (session === undefined) throw new Error('no process lives')
    await this.query('SELECT pg_terminate_backend($1)', [session])
    return session
  }

  async stop(): Promise<void> {
    await this.server.stop()
  }
}

export function newSchema(): string {
  return `test_${randomUUID().replaceAll('-', '')}`
}
