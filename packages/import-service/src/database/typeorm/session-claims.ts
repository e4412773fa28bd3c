import pg from 'pg'
import { ImportError } from '../../errors.js'
import type { Claim } from '../import-database.js'
import { connectionOptions, type TypeOrmImportDatabaseOptions } from './data-source.js'

/** A server that does not answer for so long has lost us, or we it. */
const answerTimeoutMs = 15_000

interface Session {
  readonly client: pg.Client
  readonly connected: Promise<unknown>
}

/**
 * Claims as advisory locks of one session, which the server frees when the session ends: no clock and no
 * leftovers of a process that was killed. When the connection breaks all claims on it are lost together.
 */
export class SessionClaims {
  readonly #options: TypeOrmImportDatabaseOptions
  readonly #held = new Map<string, SessionClaim>()
  #session: Session | undefined

  constructor(options: TypeOrmImportDatabaseOptions) {
    this.#options = options
  }

  async claim(key: string): Promise<Claim | undefined> {
    // The session would get its own lock a second time.
    if (this.#held.has(key)) return undefined
    const claim = new SessionClaim(() => this.#unlock(key, claim))
    this.#held.set(key, claim)
    this.#session ??= this.#connect()
    const session = this.#session
    try {
      if (await this.#lock(session, key)) {
        claim.lost.throwIfAborted()
        return claim
      }
    } catch (error) {
      this.#lose(session, error)
      this.#forget(key, claim)
      throw error
    }
    this.#forget(key, claim)
    return undefined
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#held.values(), (claim) => claim.release()))
    const session = this.#session
    this.#session = undefined
    await session?.client.end()
  }

  async #lock({ client, connected }: Session, key: string): Promise<boolean> {
    await connected
    const { rows } = await client.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked',
      [this.#nameOf(key)],
    )
    return rows[0]?.locked === true
  }

  async #unlock(key: string, claim: SessionClaim): Promise<void> {
    const session = this.#session
    if (session === undefined || this.#held.get(key) !== claim) return
    try {
      await session.client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [this.#nameOf(key)])
    } catch (error) {
      this.#lose(session, error)
    } finally {
      this.#forget(key, claim)
    }
  }

  #connect(): Session {
    const client = new pg.Client({ ...connectionOptions(this.#options), query_timeout: answerTimeoutMs })
    const session: Session = { client, connected: client.connect() }
    client.on('error', (error) => this.#lose(session, error))
    client.on('end', () => this.#lose(session, undefined))
    return session
  }

  /** Whether the session still has its locks nobody knows: once it is ended it has none. */
  #lose(session: Session, cause: unknown): void {
    if (this.#session !== session) return
    this.#session = undefined
    void session.client.end().catch(() => undefined)
    const reason = new ImportError('IMPORT_DATABASE', 'the connection that held the claims broke', { cause })
    for (const [key, claim] of this.#held) {
      this.#forget(key, claim)
      claim.lose(reason)
    }
  }

  #forget(key: string, claim: SessionClaim): void {
    if (this.#held.get(key) === claim) this.#held.delete(key)
  }

  /** Libraries of one server do not meet. */
  #nameOf(key: string): string {
    return `bae import ${this.#options.schema} ${key}`
  }
}

class SessionClaim implements Claim {
  readonly #lost = new AbortController()
  readonly #unlock: () => Promise<void>
  #releasing: Promise<void> | undefined

  constructor(unlock: () => Promise<void>) {
    this.#unlock = unlock
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  lose(reason: Error): void {
    if (this.#releasing === undefined) this.#lost.abort(reason)
  }

  async release(): Promise<void> {
    this.#releasing ??= this.#unlock()
    await this.#releasing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }
}
