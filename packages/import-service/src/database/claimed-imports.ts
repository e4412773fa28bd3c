import type { TorrentId } from '@bae/storage'
import { leaseLost } from './held-claim.js'
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

/**
 * The imports of a library, and the tokens of what this process has claimed of them: the fences under which it writes
 * their torrents. A claim that is over leaves its token: who still writes learns from the records of the torrent whether
 * there is a newer one.
 */
export class ClaimedImports implements ImportDatabase {
  readonly #inner: ImportDatabase
  readonly #tokens = new Map<TorrentId, number>()

  constructor(inner: ImportDatabase) {
    this.#inner = inner
  }

  /** Throws IMPORT_LEASE_LOST where this process never had the import: who did not claim it does not write it. */
  fenceOf(id: TorrentId): number {
    const token = this.#tokens.get(id)
    if (token === undefined) throw leaseLost()
    return token
  }

  async claim(id: TorrentId): Promise<Claim | undefined> {
    const claim = await this.#inner.claim(id)
    if (claim !== undefined) this.#tokens.set(id, claim.token)
    return claim
  }

  async claimDue(query: DueQuery): Promise<readonly ClaimedImport[]> {
    const due = await this.#inner.claimDue(query)
    for (const { record, claim } of due) this.#tokens.set(record.id, claim.token)
    return due
  }

  saveImport(record: ImportRecord, options?: SaveOptions): Promise<void> {
    return this.#inner.saveImport(record, options)
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

  async deleteImport(id: TorrentId, options?: Pick<SaveOptions, 'claim' | 'event'>): Promise<void> {
    await this.#inner.deleteImport(id, options)
    this.#tokens.delete(id)
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
