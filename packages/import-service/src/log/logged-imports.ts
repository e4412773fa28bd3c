import type { Logger, TorrentId } from '@bae/storage'
import type { Claim, ImportDatabase, ImportRecord, SaveOptions } from '../database/import-database.js'
import type { ImportChange } from '../database/import-event.js'
import { WrappedImports } from '../database/wrapped-imports.js'

/** With a line in the log for each change that this process has recorded, and for each claim that it has lost. */
export class LoggedImports extends WrappedImports {
  readonly #logger: Logger

  constructor(imports: ImportDatabase, logger: Logger) {
    super(imports)
    this.#logger = logger
  }

  override async saveImport(record: ImportRecord, options: SaveOptions = {}): Promise<void> {
    await super.saveImport(record, options)
    if (options.event !== undefined) this.#tell(record.state, options.event, describe(record))
  }

  override async deleteImport(
    id: TorrentId,
    options: Pick<SaveOptions, 'claim' | 'event'> = {},
  ): Promise<void> {
    await super.deleteImport(id, options)
    if (options.event !== undefined) this.#tell('removed', options.event, { importId: id })
  }

  protected override noteClaim(importId: TorrentId, { lost }: Claim): void {
    const tell = (): void =>
      this.#logger.warn({ importId, error: lost.reason }, 'import: this process has it no longer')
    lost.addEventListener('abort', tell, { once: true })
  }

  #tell(to: ImportRecord['state'] | 'removed', { from, reason }: ImportChange, facts: object): void {
    const { code, message, error } = reason
    const fields = { ...facts, from, to, reason: code, ...(message && { message }), ...(error && { error }) }
    if (error === undefined) this.#logger.info(fields, `import: ${to}`)
    else this.#logger.warn(fields, `import: ${to}`)
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
