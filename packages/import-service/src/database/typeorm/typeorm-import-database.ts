import type { TorrentId } from '@bae/storage'
import type { DataSource, EntityManager } from 'typeorm'
import { closeAll } from '../../close-all.js'
import { ImportError, isBaeError } from '../../errors.js'
import { leaseLost } from '../held-claim.js'
import type {
  Claim,
  ClaimedImport,
  DueQuery,
  ImportDatabase,
  ImportRecord,
  ImportWish,
  SaveOptions,
} from '../import-database.js'
import { defaultKeptEvents, type EventPage } from '../import-event.js'
import { wishText } from '../wish-text.js'
import { type Change, make, makeWithEvent, type NewEvent, newEvent, readEvents } from './event-log.js'
import { importEntity, importRecord } from './import-row.js'
import { openImportTables, type TypeOrmImportDatabaseOptions } from './import-tables.js'
import { Leases } from './leases.js'
import { deleting, isThere, saveWish, saving } from './save-statements.js'

/** unique_violation */
const duplicateCode = '23505'

/**
 * Opens the imports of a library on a PostgreSQL server. Rejects IMPORT_DATABASE where that cannot be, and as
 * `server` says where there is none.
 */
export async function openTypeOrmImportDatabase(
  options: TypeOrmImportDatabaseOptions,
): Promise<TypeOrmImportDatabase> {
  try {
    const source = await options.server.run(() => openImportTables(options), options)
    return new TypeOrmImportDatabase(options, source, new Leases(options))
  } catch (error) {
    options.signal?.throwIfAborted()
    throw databaseError(error, 'the database of imports cannot be opened')
  }
}

/** The imports of a library in PostgreSQL, beside its other records. */
export class TypeOrmImportDatabase implements ImportDatabase {
  readonly #server: TypeOrmImportDatabaseOptions['server']
  readonly #source: DataSource
  readonly #leases: Leases
  readonly #keptEvents: number
  readonly #running = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(
    { server, keptEvents = defaultKeptEvents }: TypeOrmImportDatabaseOptions,
    source: DataSource,
    leases: Leases,
  ) {
    this.#server = server
    this.#source = source
    this.#leases = leases
    this.#keptEvents = keptEvents
  }

  async saveImport(record: ImportRecord, options: SaveOptions = {}): Promise<void> {
    const event = options.event && newEvent(options.event, record.id, record.state)
    const isSaved = await this.#change(saving(record, options), event)
    if (!isSaved) throw leaseLost()
    if (options.answered) this.#leases.answered(record.id, options.answered)
  }

  async findImport(id: TorrentId): Promise<ImportRecord | undefined> {
    return await this.#query((manager) => findOne(manager, 'import.id = :value', id))
  }

  async findImportByInfoHash(infoHash: string): Promise<ImportRecord | undefined> {
    const either = 'import.infoHashV1 = :value OR import.infoHashV2 = :value'
    return await this.#query((manager) => findOne(manager, either, Buffer.from(infoHash, 'hex')))
  }

  async listImports(): Promise<readonly ImportRecord[]> {
    return await this.#query(async (manager) => {
      const rows = await manager.find(importEntity, { order: { addedAtMs: 'ASC', id: 'ASC' } })
      return rows.map(importRecord)
    })
  }

  async deleteImport(
    id: TorrentId,
    { claim, event }: Pick<SaveOptions, 'claim' | 'event'> = {},
  ): Promise<void> {
    const isGone = await this.#change(deleting(id, claim), event && newEvent(event, id, 'removed'))
    if (isGone || claim === undefined) return
    if (await this.#query((manager) => isThere(manager, id))) throw leaseLost()
  }

  async claim(id: TorrentId): Promise<Claim | undefined> {
    return await this.#run(() => this.#server.run(() => this.#leases.claim(id)))
  }

  async claimDue(query: DueQuery): Promise<readonly ClaimedImport[]> {
    return await this.#run(() => this.#server.run(() => this.#leases.claimDue(query)))
  }

  async wish(id: TorrentId, wish: ImportWish): Promise<boolean> {
    return await this.#query((manager) => saveWish(manager, id, wishText(wish)))
  }

  async readEvents(query: { readonly after: number; readonly limit: number }): Promise<EventPage> {
    return await this.#query((manager) => readEvents(manager, query))
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running)
    await closeAll([() => this.#leases.close(), () => this.#source.destroy()])
  }

  #change(change: Change, event: NewEvent | undefined): Promise<boolean> {
    return this.#query((manager) =>
      event === undefined ? make(manager, change) : makeWithEvent(manager, change, event, this.#keptEvents),
    )
  }

  #query<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#run(() => this.#server.runOn(this.#source, work))
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      throw new ImportError('IMPORT_DATABASE_CLOSED', 'the database of imports is closed')
    }
    const running = work()
    this.#running.add(running)
    try {
      return await running
    } catch (error) {
      throw databaseError(error, 'the database of imports failed')
    } finally {
      this.#running.delete(running)
    }
  }
}

async function findOne(manager: EntityManager, where: string, value: unknown) {
  const query = manager.createQueryBuilder(importEntity, 'import')
  const row = await query.addSelect('import.torrentFile').where(where, { value }).getOne()
  return row === null ? undefined : importRecord(row)
}

/** Ours and mistakes of the caller as they are; all else is the database's. */
function databaseError(error: unknown, what: string): unknown {
  if (isBaeError(error) || error instanceof TypeError) return error
  const why = error instanceof Error ? error.message : typeof error
  if (error instanceof Error && 'code' in error && error.code === duplicateCode) {
    const message = 'another import of this library already has the info hash'
    return new ImportError('IMPORT_DUPLICATE', message, { cause: error })
  }
  return new ImportError('IMPORT_DATABASE', `${what}: ${why}`, { cause: error })
}
