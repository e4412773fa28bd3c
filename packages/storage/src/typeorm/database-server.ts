import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { DataSource, EntityManager } from 'typeorm'
import type { AbortOptions } from '../abort-options.js'
import { StorageError } from '../errors.js'
import { awayReason, errorCode, isComingUp } from './away.js'
import { onConnection } from './sql.js'

export interface DatabaseServerOptions {
  /** `postgres://...`, as psql takes it, `sslmode` and its like included. */
  readonly url: string
  /** How long a call waits for a server that is away, beside the time it runs itself. Default 30 s. */
  readonly databaseWaitMs?: number
}

export interface SessionOptions {
  /** The PostgreSQL schema in which names are looked up. */
  readonly schema: string
  /** By which administrators know the connection. */
  readonly applicationName: string
  /** For who changes tables of millions of rows in one statement, or waits for whoever does. */
  readonly isPatient?: boolean
}

/** What a client or a pool of pg takes. Not pg's own type: whoever uses this package would have to install that, too. */
export interface ConnectionOptions {
  readonly connectionString: string
  readonly application_name: string
  readonly options?: string
  readonly connectionTimeoutMillis?: number
  readonly lock_timeout?: number
  readonly statement_timeout?: number
  readonly query_timeout?: number
  readonly idle_in_transaction_session_timeout?: number
  readonly keepAlive?: boolean
}

/** Nothing waits for ever: a connection, a lock, a statement, or a server that does not answer. */
const connectTimeoutMs = 10_000
const lockTimeoutMs = 30_000
const statementTimeoutMs = 60_000
/** The server ends a statement before; this is for one that cannot even say so. */
const answerTimeoutMs = 70_000
/** Objects are deleted while rows are locked, so a transaction may idle as long as a store may take. */
const idleInTransactionTimeoutMs = 300_000
const patientTimeoutMs = 3_600_000
const patient = {
  lock_timeout: patientTimeoutMs,
  statement_timeout: patientTimeoutMs,
  query_timeout: patientTimeoutMs,
}

const defaultWaitMs = 30_000
const firstPauseMs = 25
/** How PostgreSQL says it. */
const diskFull = '53100'
const maxPauseMs = 250

/** How a PostgreSQL server is reached, and how long one that is away is waited for. Has no connection itself. */
export class DatabaseServer {
  readonly #url: string
  readonly #waitMs: number
  #seen = false

  constructor({ url, databaseWaitMs = defaultWaitMs }: DatabaseServerOptions) {
    this.#url = url
    this.#waitMs = databaseWaitMs
  }

  /** For a client or a pool of pg. With the password: not to be shown. What the address says of a timeout wins. */
  connectionOptions({ schema, applicationName, isPatient }: SessionOptions): ConnectionOptions {
    return {
      connectionString: addressFor(this.#url, schema),
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      lock_timeout: lockTimeoutMs,
      statement_timeout: statementTimeoutMs,
      query_timeout: answerTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
      keepAlive: true,
      ...(isPatient && patient),
    }
  }

  /**
   * Runs `work`, and again while the server is away: restarting, unreachable, or read-only for the moment.
   * The outcome of the run before may be unknown, so `work` must be fine to repeat. When the time is over it
   * rejects STORAGE_DATABASE_UNAVAILABLE with the last cause; at once with STORAGE_NO_SPACE where the server's disk is full,
   * with other errors, or with the signal's reason.
   *
   * Before anything has succeeded only a server that answers is waited for, such as one that starts: one that
   * nobody has seen yet is more often a wrong address, and whoever gave it wants to know now.
   */
  async run<T>(work: () => Promise<T>, { signal }: AbortOptions = {}): Promise<T> {
    let deadlineMs = Number.POSITIVE_INFINITY
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
      signal?.throwIfAborted()
      try {
        const result = await work()
        this.#seen = true
        return result
      } catch (error) {
        signal?.throwIfAborted()
        const reason = awayReason(error)
        if (reason === undefined) throw errorCode(error) === diskFull ? noSpace(error) : error
        deadlineMs = Math.min(deadlineMs, performance.now() + this.#waitMs)
        const passes = this.#seen || isComingUp(error)
        if (!passes || performance.now() + pauseMs > deadlineMs) throw unavailable(reason, error)
      }
      // An abort ends it early; the next turn says so with the signal's own reason.
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** The same on one connection of `source`. One that proved bad is not used again. */
  runOn<T>(
    source: DataSource,
    work: (manager: EntityManager) => Promise<T>,
    options?: AbortOptions,
  ): Promise<T> {
    return this.run(() => onConnection(source, work), options)
  }
}

function unavailable(reason: string, cause: unknown): StorageError {
  return new StorageError('STORAGE_DATABASE_UNAVAILABLE', `the database server is away: ${reason}`, { cause })
}

function noSpace(cause: unknown): StorageError {
  const why = cause instanceof Error ? cause.message : typeof cause
  return new StorageError('STORAGE_NO_SPACE', `no space for the database: ${why}`, { cause })
}

/** pg lets the last of equal parameters win, so ours come last; what the address has in `options` is kept. */
function addressFor(url: string, schema: string): string {
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : undefined
  const theirs = new URLSearchParams(query).get('options')
  const options = [...(theirs === null ? [] : [theirs]), `-c search_path=${schema}`].join(' ')
  // Without it `sslmode=require` would mean more than psql means by it.
  const ours = `uselibpqcompat=true&options=${encodeURIComponent(options)}`
  return `${url}${query === undefined ? '?' : '&'}${ours}`
}
