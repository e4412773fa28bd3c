import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { databaseUser } from './create-cluster.js'
import type { ServerFolders } from './server-process.js'

/** Held shared by each process that uses the server, alone by the one that stops it. */
const presenceLock = 0x62_61_65_01

const connectTimeoutMs = 5_000

export const databaseName = 'postgres'

/** One process's connection that says: the server is in use. */
export class Presence {
  readonly #client: pg.Client
  #leaving = false

  private constructor(client: pg.Client) {
    this.#client = client
  }

  /** Calls `listener` when the connection ends without `leave()`: the server stopped or died. */
  onBroken(listener: () => void): void {
    this.#client.once('end', () => {
      if (!this.#leaving) listener()
    })
  }

  /** `undefined` when another process is just stopping the server. Rejects as pg does where there is no server. */
  static async enter(folders: ServerFolders, password: string): Promise<Presence | undefined> {
    const client = new pg.Client({
      host: folders.socketDirectory,
      user: databaseUser,
      password,
      database: databaseName,
      application_name: 'bae presence',
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: connectTimeoutMs,
    })
    // A server that dies breaks this connection too; those who use the server hear of it from their own.
    client.on('error', () => undefined)
    await client.connect()
    try {
      const { rows } = await client.query<{ entered: boolean }>(
        'SELECT pg_try_advisory_lock_shared($1) AS entered',
        [presenceLock],
      )
      if (rows[0]?.entered === true) return new Presence(client)
    } catch (error) {
      // An answer that comes too late would leave somebody in the server who is not there.
      await client.end().catch(() => undefined)
      throw error
    }
    await client.end()
    return undefined
  }

  async version(): Promise<string> {
    const { rows } = await this.#client.query<{ server_version: string }>('SHOW server_version')
    return rows[0]?.server_version ?? ''
  }

  /** Runs `stop` if nobody else uses the server; who comes meanwhile waits until it is gone. */
  async leave(stop: () => Promise<void>): Promise<void> {
    this.#leaving = true
    try {
      if (await this.#isLast()) await stop()
    } finally {
      await this.#client.end()
    }
  }

  /** A broken connection has no lock any more: then whoever finds the server alive may stop it. */
  async #isLast(): Promise<boolean> {
    try {
      await this.#client.query('SELECT pg_advisory_unlock_shared($1)', [presenceLock])
      const { rows } = await this.#client.query<{ last: boolean }>(
        'SELECT pg_try_advisory_lock($1) AS last',
        [presenceLock],
      )
      return rows[0]?.last === true
    } catch {
      return false
    }
  }
}

export async function readPassword({ directory }: ServerFolders): Promise<string> {
  return await readFile(join(directory, 'password'), 'utf8')
}
