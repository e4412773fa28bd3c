import type { TorrentId } from '@bae/storage'
import type {
  Claim,
  ClaimedImport,
  DueQuery,
  ImportDatabase,
  ImportRecord,
  ImportWish,
  SaveOptions,
} from './import-database.js'
import type { EventPage } from './import-event.js'

/** Another database of imports, for whoever adds something to some of its methods. It is closed with the other. */
export abstract class WrappedImports implements ImportDatabase {
  readonly #inner: ImportDatabase

  constructor(inner: ImportDatabase) {
    this.#inner = inner
  }

  /** This process has the import now. */
  protected abstract noteClaim(id: TorrentId, claim: Claim): void

  async claim(id: TorrentId): Promise<Claim | undefined> {
    const claim = await this.#inner.claim(id)
    if (claim !== undefined) this.noteClaim(id, claim)
    return claim
  }

  async claimDue(query: DueQuery): Promise<readonly ClaimedImport[]> {
    const due = await this.#inner.claimDue(query)
    for (const { record, claim } of due) this.noteClaim(record.id, claim)
    return due
  }

  saveImport(record: ImportRecord, options?: SaveOptions): Promise<void> {
    return this.#inner.saveImport(record, options)
  }

  deleteImport(id: TorrentId, options?: Pick<SaveOptions, 'claim' | 'event'>): Promise<void> {
    return this.#inner.deleteImport(id, options)
  }

  findImport(id: TorrentId): Promise<ImportRecord | undefined> {
    return this.#inner.findImport(id)
  }

  findImportByInfoHash(infoHash: string): Promise<ImportRecord | undefined> {
    return this.#inner.findImportByInfoHash(infoHash)
  }

  listImports(): Promise<readonly ImportRecord[]> {
    return this.#inner.listImports()
  }

  wish(id: TorrentId, wish: ImportWish): Promise<boolean> {
    return this.#inner.wish(id, wish)
  }

  readEvents(query: { readonly after: number; readonly limit: number }): Promise<EventPage> {
    return this.#inner.readEvents(query)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
