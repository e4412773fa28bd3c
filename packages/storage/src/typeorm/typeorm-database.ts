import type { DataSource, EntityManager } from 'typeorm'
import type { AbortOptions } from '../abort-options.js'
import type { CapacityClaim } from '../cache-records.js'
import type { ChunkKey } from '../chunk-store.js'
import type { Database, FlushState, Progress, TorrentOverview, TorrentRecord } from '../database.js'
import type { DeleteObjects } from '../delete-objects.js'
import { StorageError } from '../errors.js'
import type { FenceOptions } from '../fence.js'
import type { TorrentId } from '../torrent-layout.js'
import { AskedTogether } from './asked-together.js'
import { claimCapacity } from './capacity-claim.js'
import { chunkLengths } from './chunk-references.js'
import { databaseError } from './database-error.js'
import { DatabaseServer, type DatabaseServerOptions } from './database-server.js'
import { torrentEntity } from './entities.js'
import { ExactlyOnce } from './exactly-once.js'
import { raiseFence, writeBoot } from './fenced-rows.js'
import { flushStates } from './flushed-pieces.js'
import {
  forgetMarked,
  type Marking,
  markingUnreferenced,
  type Transactions,
  unlessGoing,
} from './going-chunks.js'
import { clearPlaces, deleteRows, markFlushed, recordBatch } from './progress.js'
import { transaction } from './sql.js'
import { openStorageTables } from './storage-tables.js'
import { withObjects } from './store-failure.js'
import { overviews } from './torrent-overviews.js'
import { haveBits, keyRange } from './torrent-progress.js'
import { findByInfoHash, insertTorrent, torrentRecords, torrentRow } from './torrent-rows.js'
import { TypeOrmCacheRecords } from './typeorm-cache-records.js'
import { type TypeOrmFileDeps, TypeOrmFileRecords } from './typeorm-file-records.js'
import { TypeOrmOrphanRecords } from './typeorm-orphan-records.js'

export interface TypeOrmDatabaseOptions extends DatabaseServerOptions, AbortOptions {
  /** The library's own PostgreSQL schema: lower case letters, digits and `_`. Made where it is not there. */
  readonly schema: string
}

/**
 * Opens the records of a library on a PostgreSQL server. Rejects STORAGE_DATABASE where that cannot be,
 * STORAGE_DATABASE_UNAVAILABLE where there is no server (one that starts is waited for), and with the
 * signal's reason.
 */
export async function openTypeOrmDatabase(options: TypeOrmDatabaseOptions): Promise<TypeOrmDatabase> {
  const server = new DatabaseServer(options)
  try {
    const source = await server.run(() => openStorageTables(server, options.schema), options)
    return new TypeOrmDatabase(server, source, options.schema)
  } catch (error) {
    options.signal?.throwIfAborted()
    throw databaseError(error, 'the database cannot be opened')
  }
}

/** The records of a library in PostgreSQL: see decision 30 for what is kept how. */
export class TypeOrmDatabase implements Database {
  readonly cache: TypeOrmCacheRecords
  readonly orphans: TypeOrmOrphanRecords
  readonly files: TypeOrmFileRecords
  readonly #server: DatabaseServer
  readonly #source: DataSource
  readonly #schema: string
  readonly #transactions: Transactions = {
    write: (work) => this.#server.run(() => transaction(this.#source, work)),
    writeOnce: (work) => {
      const once = new ExactlyOnce(this.#source, work)
      return this.#server.run(() => once.attempt())
    },
  }
  readonly #records = this.#askedTogether(torrentRecords)
  readonly #haveBits = this.#askedTogether(haveBits)
  readonly #flushStates = this.#askedTogether(flushStates)
  readonly #running = new Set<Promise<unknown>>()
  #claimed: CapacityClaim | undefined
  #closing: Promise<void> | undefined

  constructor(server: DatabaseServer, source: DataSource, schema: string) {
    this.#server = server
    this.#source = source
    this.#schema = schema
    const access: TypeOrmFileDeps = {
      read: (work) => this.#read(work),
      write: (work) => this.#write(work),
    }
    this.cache = new TypeOrmCacheRecords({
      ...access,
      writeOnce: (work) => this.#writeOnce(work),
      writeUnlessGoing: (work) => this.#writeUnlessGoing(work),
      claim: () => this.#run(() => this.#claim()),
    })
    this.orphans = new TypeOrmOrphanRecords({
      ...access,
      forget: (marking, deleteObjects) => this.#forget(marking, deleteObjects),
    })
    this.files = new TypeOrmFileRecords(access)
  }

  async saveTorrent(record: TorrentRecord): Promise<void> {
    await this.#run(async () => {
      const row = await torrentRow(record)
      await this.#server.run(() => transaction(this.#source, (manager) => insertTorrent(manager, row)))
    })
  }

  async findTorrent(id: TorrentId): Promise<TorrentRecord | undefined> {
    return await this.#records.ask(id)
  }

  async findTorrentByInfoHash(infoHash: string): Promise<TorrentRecord | undefined> {
    return await this.#read((manager) => findByInfoHash(manager, infoHash))
  }

  async listTorrents(): Promise<readonly TorrentId[]> {
    return await this.#read(async (manager) => {
      const found = await manager.find(torrentEntity, {
        select: { id: true },
        order: { addedAtMs: 'ASC', id: 'ASC' },
      })
      return found.map(({ id }) => id as TorrentId)
    })
  }

  async overviewTorrents(ids: readonly TorrentId[]): Promise<readonly TorrentOverview[]> {
    return await this.#read((manager) => overviews(manager, ids))
  }

  async deleteTorrent(id: TorrentId, options: FenceOptions = {}): Promise<readonly ChunkKey[]> {
    return await this.#writeOnce((manager) => deleteRows(manager, id, options))
  }

  async raiseFence(id: TorrentId, fence: number): Promise<void> {
    await this.#read((manager) => raiseFence(manager, id, fence))
  }

  async recordProgress(id: TorrentId, progress: Progress, options: FenceOptions = {}): Promise<void> {
    await this.#writeUnlessGoing((manager) => recordBatch(manager, id, progress, options))
  }

  async completedPieces(id: TorrentId): Promise<Uint8Array> {
    return (await this.#haveBits.ask(id)) ?? new Uint8Array(0)
  }

  async clearProgress(
    id: TorrentId,
    lost: { pieces: readonly number[]; ordinals: readonly number[] },
    options: FenceOptions = {},
  ): Promise<readonly ChunkKey[]> {
    return await this.#writeOnce((manager) => clearPlaces(manager, id, lost, options))
  }

  async markFlushed(id: TorrentId, pieces: readonly number[], options: FenceOptions = {}): Promise<void> {
    await this.#write((manager) => markFlushed(manager, id, pieces, options))
  }

  async flushState(id: TorrentId): Promise<FlushState> {
    return (await this.#flushStates.ask(id)) ?? { unflushedPieces: new Uint8Array(0), bootId: undefined }
  }

  async saveBootId(id: TorrentId, bootId: string, options: FenceOptions = {}): Promise<void> {
    await this.#read((manager) => writeBoot(manager, id, bootId, options))
  }

  async chunkKeys(id: TorrentId, first: number, count: number): Promise<readonly (ChunkKey | undefined)[]> {
    return await this.#read((manager) => keyRange(manager, id, first, count))
  }

  async chunkLengths(keys: readonly ChunkKey[]): Promise<ReadonlyMap<ChunkKey, number>> {
    return await this.#read((manager) => chunkLengths(manager, keys))
  }

  async forgetChunks(keys: readonly ChunkKey[], deleteObjects: DeleteObjects): Promise<void> {
    await this.#forget(markingUnreferenced(keys), deleteObjects)
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #claim(): Promise<CapacityClaim | undefined> {
    const claim = await this.#server.run(() => claimCapacity(this.#server, this.#schema))
    if (claim !== undefined) this.#claimed = claim
    return claim
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running)
    await this.#claimed?.release()
    await this.#source.destroy()
  }

  #read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#run(() => this.#server.runOn(this.#source, work))
  }

  #askedTogether<T>(
    read: (manager: EntityManager, ids: readonly TorrentId[]) => Promise<ReadonlyMap<TorrentId, T>>,
  ): AskedTogether<T> {
    return new AskedTogether((ids) => this.#read((manager) => read(manager, ids)))
  }

  #write<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#run(() => this.#transactions.write(work))
  }

  /** For changes that are not the same when they are made twice: see `ExactlyOnce`. */
  #writeOnce<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#run(() => this.#transactions.writeOnce(work))
  }

  #writeUnlessGoing<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#run(() => unlessGoing(this.#transactions, work))
  }

  #forget(marking: Marking, deleteObjects: DeleteObjects): Promise<void> {
    return withObjects(deleteObjects, (deleteOrFail) =>
      this.#run(() => forgetMarked(this.#transactions, marking, deleteOrFail)),
    )
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new StorageError('STORAGE_CLOSED', 'the database is closed')
    const running = work()
    this.#running.add(running)
    try {
      return await running
    } catch (error) {
      throw databaseError(error, 'the database failed')
    } finally {
      this.#running.delete(running)
    }
  }
}
