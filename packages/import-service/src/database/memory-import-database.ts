import type { TorrentId } from '@bae/storage'
import { ImportError } from '../errors.js'
import type { Claim, ImportDatabase, ImportRecord } from './import-database.js'

/** What several databases in memory share that stand for processes of one library. */
interface Contents {
  readonly imports: Map<TorrentId, ImportRecord>
  readonly claims: Map<string, MemoryClaim>
}

/** Imports that live as long as the process: for libraries in memory, and below the service's tests. */
export class MemoryImportDatabase implements ImportDatabase {
  readonly #contents: Contents
  readonly #mine = new Set<MemoryClaim>()
  #closed = false

  constructor(contents: Contents = { imports: new Map(), claims: new Map() }) {
    this.#contents = contents
  }

  /** The same records for another process, or after a restart. */
  static join(other: MemoryImportDatabase): MemoryImportDatabase {
    return new MemoryImportDatabase(other.#contents)
  }

  async saveImport(record: ImportRecord): Promise<void> {
    this.#refuseClosed()
    for (const other of this.#contents.imports.values()) refuseDuplicate(record, other)
    this.#contents.imports.set(record.id, structuredClone(record))
  }

  async findImport(id: TorrentId): Promise<ImportRecord | undefined> {
    this.#refuseClosed()
    return structuredClone(this.#contents.imports.get(id))
  }

  async findImportByInfoHash(infoHash: string): Promise<ImportRecord | undefined> {
    this.#refuseClosed()
    for (const record of this.#contents.imports.values()) {
      if (record.infoHashV1 === infoHash || record.infoHashV2 === infoHash) return structuredClone(record)
    }
    return undefined
  }

  async listImports(): Promise<readonly ImportRecord[]> {
    this.#refuseClosed()
    const records = Array.from(this.#contents.imports.values(), ({ torrentFile, ...rest }) =>
      structuredClone(rest),
    )
    return records.sort((a, b) => a.addedAtMs - b.addedAtMs || (a.id < b.id ? -1 : 1))
  }

  async deleteImport(id: TorrentId): Promise<void> {
    this.#refuseClosed()
    this.#contents.imports.delete(id)
  }

  async claim(key: string): Promise<Claim | undefined> {
    this.#refuseClosed()
    const { claims } = this.#contents
    if (claims.has(key)) return undefined
    const claim = new MemoryClaim(() => {
      this.#mine.delete(claim)
      claims.delete(key)
    })
    this.#mine.add(claim)
    claims.set(key, claim)
    return claim
  }

  /** What a database does when the connection of this process breaks: its claims are free, and it hears of it. */
  loseClaims(): void {
    for (const claim of this.#mine) claim.lose()
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const claim of this.#mine) await claim.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ImportError('IMPORT_DATABASE_CLOSED', 'the database of imports is closed')
  }
}

class MemoryClaim implements Claim {
  readonly #lost = new AbortController()
  readonly #free: () => void
  #held = true

  constructor(free: () => void) {
    this.#free = free
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  lose(): void {
    this.#end()
    this.#lost.abort(new ImportError('IMPORT_BUSY', 'another process took this import over'))
  }

  async release(): Promise<void> {
    this.#end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  /** Once: somebody else may have the key afterwards. */
  #end(): void {
    if (this.#held) this.#free()
    this.#held = false
  }
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
