import { setTimeout as delay } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import type { DataSource, EntityManager } from 'typeorm'
import { awayReason, errorCode } from './away.js'

/** A statement that the server plans once a connection. The name is unique in this package. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** Runs a prepared statement. TypeORM would have it parsed and planned each time, which costs more than running it. */
export async function rows<Row>(
  manager: EntityManager,
  { name, text }: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  const client = await clientOf(manager)
  return (await client.query({ name, text, values: [...values] })).rows as Row[]
}

/** Runs `work` on one connection, without a transaction. */
export async function onConnection<T>(
  source: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  const runner = source.createQueryRunner()
  let broken: Error | undefined
  const breaks = (error: Error): void => {
    broken ??= error
  }
  let client: ClientBase | undefined
  try {
    client = (await runner.connect()) as ClientBase
    client.on('error', breaks)
    return await work(runner.manager)
  } catch (error) {
    // Between two statements the server tells why it ends the connection; the next one only finds it ended.
    if (broken !== undefined) throw broken
    // The pool takes no connection back that has had an error: a server that fell silent or became
    // read-only would meet every later query on it too.
    if (awayReason(error) !== undefined) client?.emit('error', error as Error)
    throw error
  } finally {
    client?.off('error', breaks)
    await runner.release()
  }
}

/** serialization_failure and deadlock_detected: nothing was done, doing it again is right. */
const transientCodes = ['40001', '40P01']

const attempts = 5

/**
 * Runs `work` in a transaction, again (a bounded number of times) where the database asks for it. When it
 * rejects because the connection broke, the transaction may have been committed all the same.
 */
export async function transaction<T>(
  source: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await onConnection(source, (manager) => transactionOnce(manager, work))
    } catch (error) {
      if (attempt === attempts || !transientCodes.includes(errorCode(error) ?? '')) throw error
      // Apart from the other one, so that they do not meet again.
      await delay(Math.random() * 20 * attempt)
    }
  }
}

async function transactionOnce<T>(
  manager: EntityManager,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  const client = await clientOf(manager)
  // Not waited for: the first statement of the work goes with it.
  const begun = client.query('BEGIN')
  begun.catch(() => undefined)
  try {
    const result = await work(manager)
    await begun
    await client.query('COMMIT')
    return result
  } catch (error) {
    // What cannot be rolled back any more has lost its connection, and with it the transaction.
    if (awayReason(error) === undefined) await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

async function clientOf(manager: EntityManager): Promise<ClientBase> {
  if (manager.queryRunner === undefined) throw new TypeError('this manager has no connection of its own')
  return (await manager.queryRunner.connect()) as ClientBase
}

/** A view on what pg made, which is a Buffer and so larger than our signatures say. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
