import pg from 'pg'
import { connectionOptions, type TypeOrmImportDatabaseOptions } from './import-tables.js'

/** A server that does not answer for so long has lost us, or we it. */
const answerTimeoutMs = 15_000

export interface OwnerSessionListener {
  /** First thing on the connection. */
  enter(client: pg.Client): Promise<void>
  /** What another process has changed. */
  changed(id: string): void
  /** Once or more often; also when it was ended on purpose. */
  broke(session: OwnerSession, cause: unknown): void
}

/** A connection whose session says that the process lives, and hears what becomes of its imports. */
export class OwnerSession {
  readonly #client: pg.Client
  readonly #entered: Promise<void>
  #last: Promise<unknown>

  constructor(options: TypeOrmImportDatabaseOptions, listener: OwnerSessionListener) {
    const client = new pg.Client({ ...connectionOptions(options), query_timeout: answerTimeoutMs })
    this.#client = client
    client.on('error', (error) => listener.broke(this, error))
    client.on('end', () => listener.broke(this, undefined))
    client.on('notification', ({ payload = '' }) => listener.changed(payload))
    this.#entered = client.connect().then(() => listener.enter(client))
    this.#last = this.#entered
  }

  /** After those that were asked for before, once the process has entered. Rejects with what hindered it. */
  run<T>(statement: (client: pg.Client) => Promise<T>): Promise<T> {
    const running = this.#last
      .catch(() => undefined)
      .then(() => this.#entered)
      .then(() => statement(this.#client))
    this.#last = running
    return running
  }

  /** What still waits for its turn rejects. */
  async end(): Promise<void> {
    await this.#client.end()
  }
}
