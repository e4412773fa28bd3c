import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { ImportError } from '../../errors.js'
import { leaseLost } from '../held-claim.js'
import type { Claim } from '../import-database.js'
import { lock, readOwner, removeOwner, type Session, unlock, writeOwner } from './claim-statements.js'
import { connectionOptions, type TypeOrmImportDatabaseOptions } from './data-source.js'

/** A server that does not answer for so long has lost us, or we it. */
const answerTimeoutMs = 15_000

/** The server ends a session whose machine is gone after half a minute, and not after hours. */
const keepAlive = `SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3`

/** How long a session that is ended may keep its locks before somebody else is taken to have them. */
const endedSessionMs = 30_000
const pollMs = 25

/**
 * Claims as advisory locks of one session, which the server frees when the session ends: no clock and no
 * leftovers of a process that was killed. A row beside the lock says who took it last. When the connection
 * breaks, the claims on it are taken again on a new one; who finds another owner in its row has lost it.
 */
export class SessionClaims {
  readonly #options: TypeOrmImportDatabaseOptions
  readonly #held = new Map<string, SessionClaim>()
  readonly #closing = new AbortController()
  #session: Session | undefined
  #takingAgain: Promise<void> | undefined

  constructor(options: TypeOrmImportDatabaseOptions) {
    this.#options = options
  }

  /** May be repeated: a lock whose session broke is gone. */
  async claim(key: string): Promise<Claim | undefined> {
    // The session would get its own lock a second time.
    if (this.#held.has(key)) return undefined
    const claim = new SessionClaim(() => this.#unlock(key, claim))
    this.#held.set(key, claim)
    this.#session ??= this.#connect()
    const session = this.#session
    try {
      if (await lock(session, this.#nameOf(key))) {
        await writeOwner(session, key, claim.owner)
        if (this.#session !== session) throw new Error('Connection terminated')
        claim.session = session
        return claim
      }
    } catch (error) {
      this.#forget(key, claim)
      this.#lose(session, error)
      throw error
    }
    this.#forget(key, claim)
    return undefined
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(Array.from(this.#held.values(), (claim) => claim.release()))
    await this.#takingAgain
    const session = this.#session
    this.#session = undefined
    await session?.client.end()
  }

  async #unlock(key: string, claim: SessionClaim): Promise<void> {
    const session = this.#session
    if (this.#held.get(key) !== claim) return
    this.#forget(key, claim)
    // Its lock is gone with another session.
    if (session === undefined || claim.session !== session) return
    try {
      await removeOwner(session, key, claim.owner)
      await unlock(session, this.#nameOf(key))
    } catch (error) {
      this.#lose(session, error)
    }
  }

  #connect(): Session {
    const options = { ...connectionOptions(this.#options), query_timeout: answerTimeoutMs }
    const client = new pg.Client(options)
    const session: Session = { client, connected: client.connect().then(() => client.query(keepAlive)) }
    client.on('error', (error) => this.#lose(session, error))
    client.on('end', () => this.#lose(session, undefined))
    return session
  }

  /** Whether the session still has its locks nobody knows: once it is ended it has none. */
  #lose(session: Session, cause: unknown): void {
    if (this.#session !== session) return
    this.#session = undefined
    void session.client.end().catch(() => undefined)
    this.#recover(cause)
  }

  /** One at a time, until every claim is in the session of the moment or lost. */
  #recover(cause: unknown): void {
    this.#takingAgain ??= this.#takeAgain(cause).finally(() => {
      this.#takingAgain = undefined
      const isDone = this.#taken().every(([, claim]) => claim.session === this.#session)
      if (!isDone && !this.#closing.signal.aborted) this.#recover(cause)
    })
  }

  async #takeAgain(cause: unknown): Promise<void> {
    const { signal } = this.#closing
    try {
      await this.#options.server.run(() => this.#takeAllAgain(), { signal })
    } catch (error) {
      if (signal.aborted) return
      const message = `the connection that held the claims broke, and there is no other one: ${whyOf(error)}`
      for (const [key, claim] of this.#taken())
        this.#loseClaim(key, claim, new ImportError('IMPORT_DATABASE', message, { cause: cause ?? error }))
    }
  }

  async #takeAllAgain(): Promise<void> {
    if (this.#taken().length === 0) return
    this.#session ??= this.#connect()
    const session = this.#session
    try {
      for (const [key, claim] of this.#taken()) {
        if (claim.session === session) continue
        if (!(await this.#takeOneAgain(session, key, claim))) this.#loseClaim(key, claim, leaseLost())
      }
    } catch (error) {
      this.#lose(session, error)
      throw error
    }
  }

  /** False when somebody else has had it meanwhile, if only for a moment. */
  async #takeOneAgain(session: Session, key: string, claim: SessionClaim): Promise<boolean> {
    const deadlineMs = performance.now() + endedSessionMs
    // The server says goodbye to a session before it frees its locks.
    while (!(await lock(session, this.#nameOf(key)))) {
      const isOurs = (await readOwner(session, key)) === claim.owner
      if (!isOurs || performance.now() > deadlineMs || this.#held.get(key) !== claim) return false
      await delay(pollMs)
    }
    claim.session = session
    const isOurs = (await readOwner(session, key)) === claim.owner
    if (isOurs && this.#held.get(key) === claim) return true
    await unlock(session, this.#nameOf(key))
    return false
  }

  /** Those that had their lock once, in this session or another. */
  #taken(): [string, SessionClaim][] {
    return [...this.#held].filter(([, claim]) => claim.session !== undefined)
  }

  #loseClaim(key: string, claim: SessionClaim, reason: Error): void {
    this.#forget(key, claim)
    claim.lose(reason)
  }

  #forget(key: string, claim: SessionClaim): void {
    if (this.#held.get(key) === claim) this.#held.delete(key)
  }

  /** Libraries of one server do not meet. */
  #nameOf(key: string): string {
    return `bae import ${this.#options.schema} ${key}`
  }
}

function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error
}

class SessionClaim implements Claim {
  readonly token = 0
  readonly owner = randomUUID()
  /** Where its lock is, or was when the connection broke. */
  session: Session | undefined
  readonly #lost = new AbortController()
  readonly #unlock: () => Promise<void>
  #releasing: Promise<void> | undefined

  constructor(unlock: () => Promise<void>) {
    this.#unlock = unlock
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  onWish(): () => void {
    return () => undefined
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
