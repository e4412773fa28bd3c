import { setTimeout as delay } from 'node:timers/promises'
import type { DataSource, EntityManager } from 'typeorm'
import { onConnection, rows, transaction } from './sql.js'

const currentTransaction = { name: 'current-transaction', text: 'SELECT pg_current_xact_id()::text AS id' }

const transactionStatus = {
  name: 'transaction-status',
  text: 'SELECT pg_xact_status($1::text::xid8) AS status',
}

const pollMs = 25

/**
 * A change that must not be made twice. When the connection breaks nobody knows whether it was committed; the
 * next attempt asks the server what became of the one before, and then makes it, or only has its result.
 */
export class ExactlyOnce<T> {
  readonly #source: DataSource
  readonly #work: (manager: EntityManager) => Promise<T>
  /** What was about to be committed. */
  #last: { readonly transactionId: string; readonly result: T } | undefined

  constructor(source: DataSource, work: (manager: EntityManager) => Promise<T>) {
    this.#source = source
    this.#work = work
  }

  async attempt(): Promise<T> {
    if (this.#last !== undefined && (await this.#wasCommitted(this.#last.transactionId)))
      return this.#last.result
    this.#last = undefined
    return await transaction(this.#source, async (manager) => {
      const result = await this.#work(manager)
      const [row] = await rows<{ id: string }>(manager, currentTransaction, [])
      if (row !== undefined) this.#last = { transactionId: row.id, result }
      return result
    })
  }

  /** A transaction whose client is gone may run for a moment; each of its statements has its limit. */
  async #wasCommitted(transactionId: string): Promise<boolean> {
    for (;;) {
      const [row] = await onConnection(this.#source, (manager) =>
        rows<{ status: string | null }>(manager, transactionStatus, [transactionId]),
      )
      if (row?.status !== 'in progress') return row?.status === 'committed'
      await delay(pollMs)
    }
  }
}
