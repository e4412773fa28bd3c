import type { Logger, TorrentId } from '@bae/storage'
import type {
  Claim,
  ClaimedImport,
  DueQuery,
  ImportDatabase,
  ImportRecord,
  ImportWish,
  SaveOptions,
} from '../database/import-database.js'
import type { EventPage, ImportChange } from '../database/import-event.js'

/**
 * Another database of imports, with a line in the log for each change that this process has recorded, and for each claim
 * that it has lost. It is closed with the other.
 */
export class LoggedImports implements ImportDatabase {
  readonly #imports: ImportDatabase
  readonly #logger: Logger

  constructor(imports: ImportDatabase, logger: Logger) {
    this.#imports = imports
    this.#logger = logger
  }

  async saveImport(record: ImportRecord, options: SaveOptions = {}): Promise<void> {
    await this.#imports.saveImport(record, options)
    if (options.event !== undefined) this.#tell(record.state, options.event, describe(record))
  }

  async deleteImport(id: TorrentId, options: Pick<SaveOptions, 'claim' | 'event'> = {}): Promise<void> {
    await this.#imports.deleteImport(id, options)
    if (options.event !== undefined) this.#tell('removed', options.event, { importId: id })
  }

  async claim(id: TorrentId): Promise<Claim | undefined> {
    const claim = await this.#imports.claim(id)
    if (claim !== undefined) this.#watch(id, claim)
    return claim
  }

  async claimDue(query: DueQuery): Promise<readonly ClaimedImport[]> {
    const claimed = await this.#imports.claimDue(query)
    for (const { record, claim } of claimed) this.#watch(record.id, claim)
    return claimed
  }

  findImport(id: TorrentId): Promise<ImportRecord | undefined> {
    return this.#imports.findImport(id)
  }

  findImportByInfoHash(infoHash: string): Promise<ImportRecord | undefined> {
    return this.#imports.findImportByInfoHash(infoHash)
  }

  listImports(): Promise<readonly ImportRecord[]> {
    return this.#imports.listImports()
  }

  wish(id: TorrentId, wish: ImportWish): Promise<boolean> {
    return this.#imports.wish(id, wish)
  }

  readEvents(query: { readonly after: number; readonly limit: number }): Promise<EventPage> {
    return this.#imports.readEvents(query)
  }

  close(): Promise<void> {
    return this.#imports.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #tell(to: ImportRecord['state'] | 'removed', { from, reason }: ImportChange, facts: object): void {
    const { code, message, error } = reason
    const fields = { ...facts, from, to, reason: code, ...(message && { message }), ...(error && { error }) }
    if (error === undefined) this.#logger.info(fields, `import: ${to}`)
    else this.#logger.warn(fields, `import: ${to}`)
  }

  #watch(importId: TorrentId, { lost }: Claim): void {
    const tell = (): void =>
      this.#logger.warn({ importId, error: lost.reason }, 'import: this process has it no longer')
    lost.addEventListener('abort', tell, { once: true })
  }
}

function describe({ id, infoHashV1, infoHashV2, name, retry, pause }: ImportRecord): object {
  const infoHash = infoHashV1 ?? infoHashV2
  return {
    importId: id,
    ...(infoHash !== undefined && { infoHash }),
    ...(name !== undefined && { name }),
    ...(retry !== undefined && { attempts: retry.attempts }),
    ...(retry?.atMs !== undefined && { again: new Date(retry.atMs).toISOString() }),
    ...(pause !== undefined && { pause }),
  }
}
