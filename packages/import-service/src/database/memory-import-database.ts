import type { TorrentId } from '@bae/storage'
import { ImportError } from '../errors.js'
import { HeldClaim, leaseLost } from './held-claim.js'
import {
  type Claim,
  type ClaimedImport,
  type DueQuery,
  dueAtMs,
  type ImportDatabase,
  type ImportRecord,
  type ImportWish,
  type SaveOptions,
} from './import-database.js'
import type { EventPage } from './import-event.js'
import { MemoryEventLog } from './memory-event-log.js'
import { wishText } from './wish-text.js'

interface Entry {
  readonly record: ImportRecord
  readonly wish?: ImportWish | undefined
  readonly claim?: HeldClaim | undefined
}

/** What several databases in memory share that stand for processes of one library. */
interface Contents {
  readonly imports: Map<TorrentId, Entry>
  readonly log: MemoryEventLog
  /** Of processes that were stopped for too long. */
  readonly expired: WeakSet<HeldClaim>
  lastToken: number
}

export interface MemoryImportDatabaseOptions {
  readonly keptEvents?: number
}

/** Imports that live as long as the process: for libraries in memory, and below the service's tests. */
export class MemoryImportDatabase implements ImportDatabase {
  readonly #contents: Contents
  readonly #mine = new Set<HeldClaim>()
  #closed = false

  constructor(options: MemoryImportDatabaseOptions = {}, contents?: Contents) {
    this.#contents = contents ?? {
      imports: new Map(),
      log: new MemoryEventLog(options.keptEvents),
      expired: new WeakSet(),
      lastToken: 0,
    }
  }

  /** The same records for another process, or after a restart. */
  static join(other: MemoryImportDatabase): MemoryImportDatabase {
    return new MemoryImportDatabase({}, other.#contents)
  }

  async saveImport(record: ImportRecord, options: SaveOptions = {}): Promise<void> {
    this.#refuseClosed()
    const { imports, log } = this.#contents
    this.#refuseLost(record.id, options.claim)
    for (const other of imports.values()) refuseDuplicate(record, other.record)
    const before = imports.get(record.id)
    const { wish: _, ...saved } = structuredClone(record)
    imports.set(record.id, { ...before, record: saved, wish: left(before?.wish, options.answered) })
    if (options.answered) before?.claim?.answered(options.answered)
    if (options.event) log.append({ ...options.event, importId: record.id, to: record.state })
  }

  async findImport(id: TorrentId): Promise<ImportRecord | undefined> {
    this.#refuseClosed()
    const entry = this.#contents.imports.get(id)
    return entry && recordOf(entry)
  }

  async findImportByInfoHash(infoHash: string): Promise<ImportRecord | undefined> {
    this.#refuseClosed()
    for (const entry of this.#contents.imports.values()) {
      const { infoHashV1, infoHashV2 } = entry.record
      if (infoHashV1 === infoHash || infoHashV2 === infoHash) return recordOf(entry)
    }
    return undefined
  }

  async listImports(): Promise<readonly ImportRecord[]> {
    this.#refuseClosed()
    return this.#oldestFirst().map((entry) => {
      const { torrentFile: _, ...rest } = recordOf(entry)
      return rest
    })
  }

  async deleteImport(id: TorrentId, { claim, event }: SaveOptions = {}): Promise<void> {
    this.#refuseClosed()
    const { imports, log } = this.#contents
    if (imports.has(id)) this.#refuseLost(id, claim)
    if (imports.delete(id) && event) log.append({ ...event, importId: id, to: 'removed' })
  }

  async claim(id: TorrentId): Promise<Claim | undefined> {
    this.#refuseClosed()
    const entry = this.#contents.imports.get(id)
    return entry && this.#isFree(entry) ? this.#take(entry) : undefined
  }

  async claimDue({ states, limit, nowMs }: DueQuery): Promise<readonly ClaimedImport[]> {
    this.#refuseClosed()
    const isDue = ({ record }: Entry): boolean =>
      states.includes(record.state) && (dueAtMs(record) ?? Number.POSITIVE_INFINITY) <= nowMs
    const due = this.#oldestFirst()
      .filter((entry) => this.#isFree(entry) && isDue(entry))
      .sort(({ record: a }, { record: b }) => (dueAtMs(a) ?? 0) - (dueAtMs(b) ?? 0))
    return due.slice(0, limit).map((entry) => ({ record: recordOf(entry), claim: this.#take(entry) }))
  }

  async wish(id: TorrentId, wish: ImportWish): Promise<boolean> {
    this.#refuseClosed()
    const entry = this.#contents.imports.get(id)
    if (entry === undefined) return false
    this.#contents.imports.set(id, { ...entry, wish: structuredClone(wish) })
    entry.claim?.hear(wish)
    return true
  }

  async readEvents(query: { readonly after: number; readonly limit: number }): Promise<EventPage> {
    this.#refuseClosed()
    return this.#contents.log.read(query)
  }

  /** What a process notices whose imports others took while it was stopped or cut off. */
  loseClaims(): void {
    for (const claim of this.#mine) {
      this.#forget(claim)
      claim.lose(leaseLost())
    }
  }

  /** What others notice of a process that is stopped: its leases run out. It hears when somebody takes an import. */
  expireClaims(): void {
    for (const claim of this.#mine) this.#contents.expired.add(claim)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const claim of this.#mine) await claim.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #isFree({ claim }: Entry): boolean {
    return claim === undefined || this.#contents.expired.has(claim)
  }

  #take(entry: Entry): HeldClaim {
    this.#contents.lastToken += 1
    const claim = new HeldClaim(this.#contents.lastToken, async () => this.#forget(claim))
    claim.hear(entry.wish)
    this.#mine.add(claim)
    this.#contents.imports.set(entry.record.id, { ...entry, claim })
    entry.claim?.lose(leaseLost())
    return claim
  }

  #forget(claim: HeldClaim): void {
    this.#mine.delete(claim)
    for (const [id, entry] of this.#contents.imports)
      if (entry.claim === claim) this.#contents.imports.set(id, { ...entry, claim: undefined })
  }

  #oldestFirst(): Entry[] {
    return Array.from(this.#contents.imports.values()).sort(
      ({ record: a }, { record: b }) => a.addedAtMs - b.addedAtMs || (a.id < b.id ? -1 : 1),
    )
  }

  #refuseLost(id: TorrentId, claim: Claim | undefined): void {
    if (claim === undefined || this.#contents.imports.get(id)?.claim?.token === claim.token) return
    throw leaseLost()
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ImportError('IMPORT_DATABASE_CLOSED', 'the database of imports is closed')
  }
}

function recordOf({ record, wish }: Entry): ImportRecord {
  return structuredClone(wish === undefined ? record : { ...record, wish })
}

function left(wish: ImportWish | undefined, answered: ImportWish | undefined): ImportWish | undefined {
  return wishText(wish) === wishText(answered) ? undefined : wish
}

function refuseDuplicate(record: ImportRecord, other: ImportRecord): void {
  if (record.id === other.id) return
  for (const hash of ['infoHashV1', 'infoHashV2'] as const) {
    if (record[hash] === undefined || record[hash] !== other[hash]) continue
    throw new ImportError(
      'IMPORT_DUPLICATE',
      `import ${other.id} of this library already has ${record[hash]}`,
    )
  }
}
