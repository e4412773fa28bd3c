import pg from 'pg'
import type { CapacityClaim } from '../cache-records.js'
import { StorageError } from '../errors.js'
import type { DatabaseServer } from './database-server.js'

/** A server that does not answer for so long has lost us, or we it. */
const answerTimeoutMs = 15_000

/**
 * The claim on a library's capacity as an advisory lock of a session of its own, which the server frees
 * when the process is gone. `undefined`: another session has it.
 */
export async function claimCapacity(
  server: DatabaseServer,
  schema: string,
): Promise<CapacityClaim | undefined> {
  const client = new pg.Client({
    ...server.connectionOptions({ schema, applicationName: 'bae capacity' }),
    query_timeout: answerTimeoutMs,
  })
  const claim = new SessionClaim(client)
  try {
    await client.connect()
    const { rows } = await client.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked',
      [`bae capacity ${schema}`],
    )
    if (rows[0]?.locked === true) return claim
  } catch (error) {
    await claim.release()
    throw error
  }
  await claim.release()
  return undefined
}

class SessionClaim implements CapacityClaim {
  readonly #client: pg.Client
  readonly #lost = new AbortController()
  #released: Promise<void> | undefined

  constructor(client: pg.Client) {
    this.#client = client
    client.on('error', (error) => this.#lose(error))
    client.on('end', () => this.#lose(undefined))
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Ends the session, and the lock with it. A connection that is broken has ended already. */
  async release(): Promise<void> {
    this.#released ??= this.#client.end().catch(() => undefined)
    await this.#released
  }

  #lose(cause: unknown): void {
    if (this.#released !== undefined) return
    const what = 'the connection that held the claim on the capacity broke'
    this.#lost.abort(new StorageError('STORAGE_DATABASE', what, { cause }))
  }
}
