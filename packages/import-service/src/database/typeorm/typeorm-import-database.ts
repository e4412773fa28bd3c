import type { TorrentId } from '@bae/storage'
import type { DataSource, Repository } from 'typeorm'
import { ImportError, isBaeError } from '../../errors.js'
import {
  type Claim,
  type ClaimedImport,
  type DueQuery,
  dueAtMs,
  type ImportDatabase,
  type ImportRecord,
} from '../import-database.js'
import type { EventPage } from '../import-event.js'
import { openDataSource, type TypeOrmImportDatabaseOptions } from './data-source.js'
import { type ImportRow, importEntity, importRecord, importRow } from './import-row.js'
import { SessionClaims } from './session-claims.js'

/** unique_violation */
const duplicateCode = '23505'

const replaced = [
  'info_hash_v1',
  'info_hash_v2',
  'state',
  'added_at_ms',
  'completed_at_ms',
  'transfer_seconds',
  'details',
  'torrent_file',
]

/**
 * Opens the imports of a library on a PostgreSQL server. Rejects IMPORT_DATABASE where that cannot be, and as
 * `server` says where there is none.
 */
export async function openTypeOrmImportDatabase(
  options: TypeOrmImportDatabaseOptions,
): Promise<TypeOrmImportDatabase> {
  try {
    const source = await options.server.run(() => openDataSource(options), options)
    return new TypeOrmImportDatabase(options.server, source, new SessionClaims(options))
  } catch (error) {
    options.signal?.throwIfAborted()
    throw databaseError(error, 'the database of imports cannot be opened')
  }
}

/** The imports of a library in PostgreSQL, beside its other records. */
export class TypeOrmImportDatabase implements ImportDatabase {
  readonly #server: TypeOrmImportDatabaseOptions['server']
  readonly #source: DataSource
  readonly #claims: SessionClaims
  readonly #running = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(server: TypeOrmImportDatabaseOptions['server'], source: DataSource, claims: SessionClaims) {
    this.#server = server
    this.#source = source
    this.#claims = claims
  }

  async saveImport(record: ImportRecord): Promise<void> {
    await this.#query(async (imports) => {
      const insert = imports.createQueryBuilder().insert().values(importRow(record))
      await insert.orUpdate(replaced, ['id']).updateEntity(false).execute()
    })
  }

  async findImport(id: TorrentId): Promise<ImportRecord | undefined> {
    return await this.#query((imports) => findOne(imports, 'import.id = :value', id))
  }

  async findImportByInfoHash(infoHash: string): Promise<ImportRecord | undefined> {
    const either = 'import.infoHashV1 = :value OR import.infoHashV2 = :value'
    return await this.#query((imports) => findOne(imports, either, Buffer.from(infoHash, 'hex')))
  }

  async listImports(): Promise<readonly ImportRecord[]> {
    return await this.#query(async (imports) => {
      const rows = await imports.find({ order: { addedAtMs: 'ASC', id: 'ASC' } })
      return rows.map(importRecord)
    })
  }

  async deleteImport(id: TorrentId): Promise<void> {
    await this.#query(async (imports) => {
      await imports.delete({ id })
    })
  }

  async claim(id: TorrentId): Promise<Claim | undefined> {
    const claim = await this.#run(() => this.#server.run(() => this.#claims.claim(id)))
    if (claim !== undefined && (await this.findImport(id)) !== undefined) return claim
    await claim?.release()
    return undefined
  }

  async claimDue({ states, limit, nowMs }: DueQuery): Promise<readonly ClaimedImport[]> {
    const claimed: ClaimedImport[] = []
    for (const { id } of await this.listImports()) {
      if (claimed.length === limit) break
      const claim = await this.claim(id)
      const record = claim && (await this.findImport(id))
      const isDue =
        record && states.includes(record.state) && (dueAtMs(record) ?? Number.POSITIVE_INFINITY) <= nowMs
      if (claim && isDue) claimed.push({ record, claim })
      else await claim?.release()
    }
    return claimed
  }

  async wish(): Promise<boolean> {
    return await this.#run(() =>
      Promise.reject(new ImportError('IMPORT_DATABASE', 'wishes are not kept in PostgreSQL yet')),
    )
  }

  async readEvents(): Promise<EventPage> {
    return await this.#run(async () => ({ events: [], firstSeq: 1, lastSeq: 0 }))
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
    await this.#claims.close()
    await this.#source.destroy()
  }

  #query<T>(work: (imports: Repository<ImportRow>) => Promise<T>): Promise<T> {
    return this.#run(() =>
      this.#server.runOn(this.#source, (manager) => work(manager.getRepository(importEntity))),
    )
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

async function findOne(imports: Repository<ImportRow>, where: string, value: unknown) {
  const query = imports.createQueryBuilder('import').addSelect('import.torrentFile').where(where, { value })
  const row = await query.getOne()
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
