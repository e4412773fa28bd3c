import { setTimeout as delay } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { type DataSource, type EntityManager, QueryFailedError, type QueryRunner } from 'typeorm'

/** A statement that the server plans once a connection. The name is unique in this package. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** Runs a prepared statement. TypeORM would have it parsed and planned each time, which costs more than running it. */
export async function rows<Row>(
  manager: EntityManager,
  statement: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  const runner = manager.queryRunner ?? manager.dataSource.createQueryRunner()
  try {
    const client = (await runner.connect()) as ClientBase
    const result = await client.query({ name: statement.name, text: statement.text, values: [...values] })
    return result.rows as Row[]
  } catch (error) {
    if (manager.queryRunner === undefined) await dropSilentConnection(runner, error)
    throw error
  } finally {
    if (manager.queryRunner === undefined) await runner.release()
  }
}

/** serialization_failure and deadlock_detected: nothing was done, doing it again is right. */
const transientCodes = ['40001', '40P01']

const attempts = 5

/** Runs `work` in a transaction, again (a bounded number of times) where the database asks for it. */
export async function transaction<T>(
  source: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transactionOnce(source, work)
    } catch (error) {
      if (attempt === attempts || !transientCodes.includes(databaseErrorCode(error) ?? '')) throw error
      // Apart from the other one, so that they do not meet again.
      await delay(Math.random() * 20 * attempt)
    }
  }
}

async function transactionOnce<T>(
  source: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  const runner = source.createQueryRunner()
  try {
    await runner.startTransaction()
    const result = await work(runner.manager)
    await runner.commitTransaction()
    return result
  } catch (error) {
    await dropSilentConnection(runner, error)
    // What cannot be rolled back any more has lost its connection, and with it the transaction.
    if (!runner.isReleased && runner.isTransactionActive)
      await runner.rollbackTransaction().catch(() => undefined)
    throw error
  } finally {
    await runner.release()
  }
}

/** What pg says when the answer takes longer than `query_timeout`. It has no code. */
const silentMessage = 'Query read timeout'

/** A server that does not answer would keep every later query on this connection waiting too. */
async function dropSilentConnection(runner: QueryRunner, error: unknown): Promise<void> {
  const cause = error instanceof QueryFailedError ? error.driverError : error
  if (!(cause instanceof Error && cause.message === silentMessage)) return
  // The pool takes no connection back that has had an error.
  const client = (await runner.connect()) as ClientBase
  client.emit('error', cause)
}

/** The five characters by which PostgreSQL names an error. */
function databaseErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** A view on what pg made, which is a Buffer and so larger than our signatures say. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
