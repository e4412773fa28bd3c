import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { ImportError } from '../../errors.js'
import { HeldClaim, leaseLost } from '../held-claim.js'
import type { ClaimedImport, DueQuery, ImportWish } from '../import-database.js'
import { readWish } from '../wish-text.js'
import { importRecord } from './import-row.js'
import type { TypeOrmImportDatabaseOptions } from './import-tables.js'
import * as statements from './lease-statements.js'
import { OwnerSession } from './owner-session.js'

const defaultLeaseMs = 15_000
const beatsPerLease = 5
const doubtPollMs = 50

/**
 * The imports that one process has. Its row says until when, and one heartbeat moves that on for all of them; a lock
 * of its session is gone when the process is, so that nobody waits for the lease of a dead one. After a connection broke
 * it asks which of its imports others have taken meanwhile; on one that holds the server tells.
 */
export class Leases {
  readonly #options: TypeOrmImportDatabaseOptions
  readonly #owner = randomUUID()
  readonly #leaseMs: number
  readonly #held = new Map<string, HeldClaim>()
  readonly #changed = new Set<string>()
  readonly #closing = new AbortController()
  #session: OwnerSession | undefined
  #wasHere = false
  #looking = false
  /** A connection broke, and what others have taken is not asked yet. */
  #unsure = false
  #comingBack: Promise<void> | undefined
  #beats = 0
  #heartbeat: NodeJS.Timeout | undefined

  constructor(options: TypeOrmImportDatabaseOptions) {
    this.#options = options
    this.#leaseMs = options.leaseMs ?? defaultLeaseMs
  }

  /** May be repeated: what was claimed on a connection that broke is let go by the next one. */
  async claim(id: string): Promise<HeldClaim | undefined> {
    return await this.#inSession(async (session) => {
      while (!this.#held.has(id)) {
        const claim = await session.run(async (client) => {
          const row = await statements.claimOne(client, this.#owner, id)
          return row && this.#hold(session, row)
        })
        if (claim !== undefined) return claim
        const isInDoubt = await session.run((client) => statements.isInDoubt(client, id))
        if (!isInDoubt || this.#closing.signal.aborted) return undefined
        await delay(doubtPollMs)
      }
      return undefined
    })
  }

  /** May be repeated, as `claim`. */
  async claimDue(query: DueQuery): Promise<readonly ClaimedImport[]> {
    return await this.#inSession((session) =>
      session.run(async (client) => {
        const rows = await statements.claimSome(client, this.#owner, query)
        return rows.map((row) => ({ record: importRecord(row), claim: this.#hold(session, row) }))
      }),
    )
  }

  /** Something of this import may have changed in the database. */
  lookAt(id: string): void {
    if (!this.#held.has(id)) return
    this.#changed.add(id)
    if (!this.#looking) void this.#look()
  }

  /** The wish is no longer in the database, unless it came again meanwhile. */
  answered(id: string, wish: ImportWish): void {
    this.#held.get(id)?.answered(wish)
    this.lookAt(id)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#heartbeat)
    // They are let go together, below.
    await Promise.all(Array.from(this.#held.values(), (claim) => claim.release()))
    await this.#comingBack
    const session = this.#session
    this.#session = undefined
    if (session === undefined) return
    await session.run((client) => statements.leave(client, this.#owner)).catch(() => undefined)
    await session.end()
  }

  async #inSession<T>(work: (session: OwnerSession) => Promise<T>): Promise<T> {
    this.#session ??= this.#connect()
    const session = this.#session
    try {
      return await work(session)
    } catch (error) {
      this.#lose(session, error)
      throw error
    }
  }

  #hold(session: OwnerSession, { id, token, wish }: statements.ClaimedRow): HeldClaim {
    if (this.#session !== session) throw new Error('Connection terminated')
    const claim: HeldClaim = new HeldClaim(Number(token), () => this.#letGo(id, claim))
    this.#held.set(id, claim)
    claim.hear(wish === null ? undefined : readWish(wish))
    return claim
  }

  async #letGo(id: string, claim: HeldClaim): Promise<void> {
    const session = this.#session
    if (this.#held.get(id) !== claim) return
    this.#held.delete(id)
    // Otherwise the next session lets go of what is not held any more.
    if (session === undefined || this.#closing.signal.aborted) return
    try {
      await session.run((client) => statements.letGo(client, id, claim.token))
    } catch (error) {
      this.#lose(session, error)
    }
  }

  #connect(): OwnerSession {
    return new OwnerSession(this.#options, {
      enter: (client) => this.#enter(client),
      changed: (id) => this.lookAt(id),
      broke: (session, cause) => this.#lose(session, cause),
    })
  }

  async #enter(client: pg.Client): Promise<void> {
    await statements.enter(client, this.#owner, this.#leaseMs)
    if (this.#wasHere) await this.#letGoOfUnknown(client)
    else await statements.forgetDead(client)
    this.#wasHere = true
    this.#heartbeat ??= setInterval(() => void this.#beat(), this.#leaseMs / beatsPerLease).unref()
  }

  async #beat(): Promise<void> {
    const session = this.#session
    if (session === undefined) return
    try {
      const isKnown = await session.run((client) => statements.renew(client, this.#owner, this.#leaseMs))
      if (!isKnown) this.#lose(session, new Error('the server has forgotten this process'))
      // A claim of a connection that broke may arrive late.
      this.#beats += 1
      if (this.#beats % beatsPerLease === 0) await session.run((client) => this.#letGoOfUnknown(client))
    } catch (error) {
      this.#lose(session, error)
    }
  }

  async #letGoOfUnknown(client: pg.Client): Promise<void> {
    await statements.letGoOfUnknown(client, this.#owner, (id) => this.#held.has(id))
  }

  /** Asks what became of what the server has told of, until nothing is left to ask. */
  async #look(): Promise<void> {
    this.#looking = true
    try {
      while (this.#changed.size > 0 && this.#session !== undefined) {
        const ids = [...this.#changed]
        this.#changed.clear()
        await this.#lookIn(this.#session, ids)
      }
    } catch {
      // The connection is lost, and the next one asks for all.
    } finally {
      this.#looking = false
    }
  }

  async #lookIn(session: OwnerSession, ids: readonly string[]): Promise<void> {
    try {
      const rows = await session.run((client) => statements.holds(client, ids))
      const byId = new Map(rows.map((row) => [row.id, row]))
      for (const id of ids) this.#compare(id, byId.get(id))
    } catch (error) {
      this.#lose(session, error)
      throw error
    }
  }

  async #lookAtAll(session: OwnerSession): Promise<void> {
    await this.#lookIn(session, [...this.#held.keys()])
    if (this.#session === session) this.#unsure = false
  }

  #compare(id: string, row: statements.HoldRow | undefined): void {
    const claim = this.#held.get(id)
    if (claim === undefined) return
    if (row?.owner === this.#owner && Number(row.token) === claim.token)
      claim.hear(row.wish === null ? undefined : readWish(row.wish))
    else this.#loseClaim(id, claim, leaseLost())
  }

  /** Whether the session still has its lock nobody knows: once it is ended it has none. */
  #lose(session: OwnerSession, cause: unknown): void {
    if (this.#session !== session) return
    this.#session = undefined
    this.#unsure = true
    void session.end().catch(() => undefined)
    this.#comeBack(cause)
  }

  /** One at a time, until there is a session that knows of each claim, or they are lost. */
  #comeBack(cause: unknown): void {
    if (this.#held.size === 0 || this.#closing.signal.aborted) return
    this.#comingBack ??= this.#comeBackOnce(cause).finally(() => {
      this.#comingBack = undefined
      if (this.#unsure) this.#comeBack(cause)
    })
  }

  async #comeBackOnce(cause: unknown): Promise<void> {
    const { signal } = this.#closing
    try {
      await this.#options.server.run(() => this.#inSession((session) => this.#lookAtAll(session)), { signal })
    } catch (error) {
      if (signal.aborted) return
      const message = `the connection that held the claims broke, and there is no other one: ${whyOf(error)}`
      const reason = new ImportError('IMPORT_DATABASE', message, { cause: cause ?? error })
      for (const [id, claim] of this.#held) this.#loseClaim(id, claim, reason)
    }
  }

  #loseClaim(id: string, claim: HeldClaim, reason: Error): void {
    if (this.#held.get(id) === claim) this.#held.delete(id)
    claim.lose(reason)
  }
}

function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error
}
