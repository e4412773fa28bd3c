import type { PeerAddress } from '@bae/client'
import type { AbortOptions, Garbage, GarbageOptions } from '@bae/storage'
import { claimImport } from './claim-torrent.js'
import { closeAll } from './close-all.js'
import { completedImport } from './completed-import.js'
import type { Claim, ImportDatabase, ImportRecord } from './database/import-database.js'
import { ImportError } from './errors.js'
import { type ExportedTorrent, type ExportOptions, exportTorrent } from './export-torrent.js'
import { FileChoice, type SelectFiles } from './file-choice.js'
import { type Import, ImportJob, type ImportJobOptions } from './import-job.js'
import { claimSource, findCompleted, type ImportRecordDeps, recordFor } from './import-records.js'
import { describeImport, type ImportSnapshot, importedFiles, isComplete } from './import-snapshot.js'
import type { ImportSource } from './import-source.js'
import { letGoOfDead } from './let-go-of-dead.js'
import type { LibraryLike, LibraryTorrent, VerifyOptions } from './library-like.js'
import { fileIncomplete, fileNotFound, incomplete } from './not-there.js'
import { type RebuildImportsOptions, type RebuildReport, rebuildImports } from './rebuild-imports.js'
import { repairImport } from './repair-import.js'
import { resolveId } from './resolve-id.js'
import { isStored } from './stored-share.js'
import type { TorrentClientLike } from './torrent-client-like.js'
import { describeVerified, type VerifiedImport } from './verified-import.js'

/** Layouts are large: so many are in memory at a time. */
const listedTogether = 200

export interface ImportServiceDeps {
  readonly client: TorrentClientLike
  readonly imports: ImportDatabase
  readonly library: LibraryLike
  /** `selectedFiles` of @bae/client. */
  readonly selectFiles: SelectFiles
  readonly now?: () => number
  /** See ImportJobDeps. */
  readonly inOrderAboveBytes?: number | undefined
}

export interface AddImportOptions extends AbortOptions {
  /** Dialled over TCP at once. */
  readonly peers?: readonly PeerAddress[]
  /** Globs on paths as in ImportSnapshot.files: only these files. Those that a magnet link selects, else all, when left out. */
  readonly select?: readonly string[]
}

/**
 * The imports of one library. Owns what it is given: `close` closes client, databases and library.
 * Where a method takes an id it may be the import's id, an info hash, or the beginning of either.
 */
export class ImportService implements AsyncDisposable {
  readonly #client: TorrentClientLike
  readonly #imports: ImportDatabase
  readonly #library: LibraryLike
  readonly #selectFiles: SelectFiles
  readonly #now: () => number
  readonly #inOrderAboveBytes: number | undefined
  readonly #running = new Set<Import>()
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  constructor(deps: ImportServiceDeps) {
    this.#client = deps.client
    this.#imports = deps.imports
    this.#library = deps.library
    this.#selectFiles = deps.selectFiles
    this.#now = deps.now ?? Date.now
    this.#inOrderAboveBytes = deps.inOrderAboveBytes
  }

  /**
   * Begins the import, or goes on with one of the same info hash under its old id. What is complete already
   * is not fetched again, and files that were selected before and are complete stay selected. Aborting `signal` stops
   * it, also later, and keeps what is stored; where nothing is stored nothing stays. Rejects IMPORT_BUSY while another
   * process has it, IMPORT_FILE_NOT_FOUND where `select` means no file.
   */
  async add(source: ImportSource, options: AddImportOptions = {}): Promise<Import> {
    this.#assertOpen()
    options.signal?.throwIfAborted()
    const { select: globs = [] } = options
    const choice = new FileChoice(this.#selectFiles, {
      globs,
      ...(source.files && { indices: source.files }),
    })
    if (source.layout !== undefined) choice.resolve(source.layout)
    const completed = await findCompleted(this.#recordDeps, source, choice)
    if (completed !== undefined) return completedImport(completed)
    const claim = await claimSource(this.#recordDeps, source)
    try {
      const { record, layout } = await recordFor(this.#recordDeps, source, choice)
      await this.#imports.saveImport(record, { claim })
      return this.#start(record, claim, source, {
        ...options,
        ...(layout === undefined && { choice }),
      })
    } catch (error) {
      await claim.release()
      throw error
    }
  }

  /** Oldest first. */
  async list(): Promise<readonly ImportSnapshot[]> {
    const snapshots: ImportSnapshot[] = []
    for await (const snapshot of this.each()) snapshots.push(snapshot)
    return snapshots
  }

  /** The same one after the other: those of a large library are much to have in memory at once. */
  async *each(): AsyncIterable<ImportSnapshot> {
    this.#assertOpen()
    const records = await this.#imports.listImports()
    for (let first = 0; first < records.length; first += listedTogether) {
      const some = records.slice(first, first + listedTogether)
      const torrents = await this.#library.findTorrents(some.map(({ id }) => id))
      const byId = new Map(torrents.map((torrent) => [torrent.id, torrent]))
      for (const record of some) yield describeImport(record, byId.get(record.id))
    }
  }

  async get(id: string): Promise<ImportSnapshot> {
    const record = await this.#resolve(id)
    return describeImport(record, await this.#library.findTorrent(record.id))
  }

  /**
   * Reads and hashes every completed piece, also while it is imported. With `repair` what is wrong is healed from another
   * copy, or no longer recorded, so that importing it again fetches just that. Then it rejects IMPORT_BUSY while another
   * process imports it.
   */
  async verify(id: string, options: VerifyOptions = {}): Promise<VerifiedImport> {
    const record = await this.#resolve(id)
    const { layout } = await this.#torrentOf(record)
    const isRunning = [...this.#running].some((job) => job.id === record.id)
    const report = options.repair
      ? await repairImport({ ...this.#recordDeps, isRunning }, record, options)
      : await this.#library.verify(record.id, options)
    return describeVerified(record.id, layout, report)
  }

  /** For whoever has verified all imports since this was opened and left nothing wrong: chunks need no checks at their first reads. */
  async noteAllSound(): Promise<void> {
    this.#assertOpen()
    await this.#library.noteAllSound()
  }

  /** Writes the selected files to `directory/<name>`, all or nothing. Rejects IMPORT_INCOMPLETE and IMPORT_EXPORT_EXISTS. */
  async export(
    id: string,
    directory: string,
    options: ExportOptions = {},
  ): Promise<ExportedTorrent & { id: string }> {
    const record = await this.#resolve(id)
    const torrent = await this.#torrentOf(record)
    const { selectedFiles } = record
    if (!isComplete(torrent, selectedFiles)) throw incomplete(describeImport(record, torrent))
    const deps = { library: this.#library, torrent, ...(selectedFiles && { selectedFiles }) }
    return { id: record.id, ...(await exportTorrent(deps, directory, options)) }
  }

  /** The bytes of one file in order; `path` as in ImportSnapshot.files. Rejects IMPORT_FILE_NOT_FOUND and IMPORT_INCOMPLETE. */
  async openFile(id: string, path: string, options: AbortOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const record = await this.#resolve(id)
    const torrent = await this.#torrentOf(record)
    const files = importedFiles(torrent.layout)
    const found = files.find((file) => file.path === path)
    if (found === undefined)
      throw fileNotFound(
        path,
        files.map((file) => file.path),
      )
    if (!isStored(torrent, found.file)) throw fileIncomplete(describeImport(record, torrent), path)
    return this.#library.readFile(record.id, found.file.index, options)
  }

  /** Deletes the import with its rows and the chunks that no other import shares. Rejects IMPORT_BUSY while it runs. */
  async remove(id: string): Promise<ImportSnapshot> {
    const record = await this.#resolve(id)
    await using claim = await claimImport(this.#imports, record)
    const snapshot = describeImport(record, await this.#library.findTorrent(record.id))
    await this.#library.removeTorrent(record.id)
    await this.#imports.deleteImport(record.id, { claim })
    return snapshot
  }

  /** All of the import stays in the local store, or comes to stay when it is read; again changes nothing. Rejects IMPORT_INCOMPLETE where nothing is known of it yet. */
  async pin(id: string): Promise<ImportSnapshot> {
    const record = await this.#resolve(id)
    if (await this.#library.pin(record.id, 'user')) return await this.get(record.id)
    throw incomplete(describeImport(record, undefined))
  }

  /** It may go from the local store again. An import that is not pinned is fine. */
  async unpin(id: string): Promise<ImportSnapshot> {
    const record = await this.#resolve(id)
    await this.#library.unpin(record.id, 'user')
    return await this.get(record.id)
  }

  /** Makes the records of a library anew from its store. Rejects STORAGE_DATABASE_NOT_EMPTY. */
  async rebuild(options: RebuildImportsOptions = {}): Promise<RebuildReport> {
    this.#assertOpen()
    return await rebuildImports({ imports: this.#imports, library: this.#library }, options)
  }

  /** Deletes what crashes have left in the library, and tells each thing. Rejects STORAGE_REBUILD_NEEDED. */
  async *collectGarbage(options: GarbageOptions = {}): AsyncIterable<Garbage> {
    this.#assertOpen()
    if (!options.dryRun) await letGoOfDead({ imports: this.#imports, library: this.#library })
    yield* this.#library.collectGarbage(options)
  }

  /** Stops what runs, keeping what is stored, then closes everything. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#closing.abort(new ImportError('IMPORT_CLOSED', 'the import was stopped: its service is closing'))
    await Promise.allSettled([...this.#running].map((job) => job.whenCompleted()))
    await closeAll([() => this.#client.close(), () => this.#imports.close(), () => this.#library.close()])
  }

  #start(
    record: ImportRecord,
    claim: Claim,
    source: ImportSource,
    options: AddImportOptions & Pick<ImportJobOptions, 'choice'>,
  ): Import {
    const { signal: stop, peers = [], choice } = options
    const signal = stop === undefined ? this.#closing.signal : AbortSignal.any([stop, this.#closing.signal])
    const deps = {
      client: this.#client,
      imports: this.#imports,
      library: this.#library,
      claim,
      now: this.#now,
      inOrderAboveBytes: this.#inOrderAboveBytes,
    }
    const job = new ImportJob(deps, record, source, { peers, signal, ...(choice && { choice }) })
    this.#running.add(job)
    const ended = (): boolean => this.#running.delete(job)
    job.whenCompleted().then(ended, ended)
    return job
  }

  async #resolve(id: string): Promise<ImportRecord> {
    this.#assertOpen()
    return resolveId(await this.#imports.listImports(), id)
  }

  async #torrentOf(record: ImportRecord): Promise<LibraryTorrent> {
    const torrent = await this.#library.findTorrent(record.id)
    if (torrent === undefined) throw incomplete(describeImport(record, undefined))
    return torrent
  }

  get #recordDeps(): ImportRecordDeps {
    return { imports: this.#imports, library: this.#library, now: this.#now }
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new ImportError('IMPORT_CLOSED', 'the import service is closed')
  }
}
