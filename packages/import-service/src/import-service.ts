import type { PeerAddress } from '@bae/client'
import type { AbortOptions, Garbage, GarbageOptions, TorrentId, TorrentLayout } from '@bae/storage'
import { claimTorrent, hashesOf, releaseAll } from './claim-torrent.js'
import { closeAll } from './close-all.js'
import type { Claim, ImportDatabase, ImportRecord } from './database/import-database.js'
import { ImportError } from './errors.js'
import { type ExportedTorrent, type ExportOptions, exportTorrent } from './export-torrent.js'
import { FileChoice, joinSelections, type SelectFiles } from './file-choice.js'
import { type Import, ImportJob, type ImportJobOptions } from './import-job.js'
import { describeImport, type ImportSnapshot, importedFiles, isComplete } from './import-snapshot.js'
import type { ImportSource } from './import-source.js'
import { letGoOfDead } from './let-go-of-dead.js'
import type { LibraryLike, LibraryTorrent, VerifyOptions, VerifyReport } from './library-like.js'
import { type RebuildImportsOptions, type RebuildReport, rebuildImports } from './rebuild-imports.js'
import { resolveId } from './resolve-id.js'
import { isStored } from './stored-share.js'
import type { TorrentClientLike } from './torrent-client-like.js'
import { createTorrentId } from './torrent-id.js'
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
    const completed = await this.#findCompleted(source, choice)
    if (completed !== undefined) return completedImport(completed)
    const claims = await claimTorrent(this.#imports, source)
    try {
      const { record, layout } = await this.#recordFor(source, choice)
      await this.#imports.saveImport(record)
      return this.#start(record, claims, source, {
        ...options,
        ...(layout === undefined && { choice }),
      })
    } catch (error) {
      await releaseAll(claims)
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
    const report = options.repair
      ? await this.#repair(record, options)
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
    const claims = await claimTorrent(this.#imports, record)
    try {
      const snapshot = describeImport(record, await this.#library.findTorrent(record.id))
      await this.#library.removeTorrent(record.id)
      await this.#imports.deleteImport(record.id)
      return snapshot
    } finally {
      await releaseAll(claims)
    }
  }

  /** Through the job that has the torrent open in this process, else alone with it. */
  async #repair(record: ImportRecord, options: VerifyOptions): Promise<VerifyReport> {
    if ([...this.#running].some((job) => job.id === record.id))
      return await this.#library.verify(record.id, { ...options, onlyIfOpen: true })
    const claims = await claimTorrent(this.#imports, record)
    try {
      const report = await this.#library.verify(record.id, options)
      if (report.repair !== undefined && report.repair.lostPieces.length > 0) await this.#reopen(record.id)
      return report
    } finally {
      await releaseAll(claims)
    }
  }

  /** It is no longer completed: pieces of it have to come again. */
  async #reopen(id: TorrentId): Promise<void> {
    const record = await this.#imports.findImport(id)
    const torrent = await this.#library.findTorrent(id)
    if (record?.state !== 'completed' || (torrent && isComplete(torrent, record.selectedFiles))) return
    const { completedAtMs: _, ...rest } = record
    await this.#imports.saveImport({ ...rest, state: 'downloading' })
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
    claims: readonly Claim[],
    source: ImportSource,
    options: AddImportOptions & Pick<ImportJobOptions, 'choice'>,
  ): Import {
    const { signal: stop, peers = [], choice } = options
    const signal = stop === undefined ? this.#closing.signal : AbortSignal.any([stop, this.#closing.signal])
    const deps = {
      client: this.#client,
      imports: this.#imports,
      library: this.#library,
      claims,
      now: this.#now,
      inOrderAboveBytes: this.#inOrderAboveBytes,
    }
    const job = new ImportJob(deps, record, source, { peers, signal, ...(choice && { choice }) })
    this.#running.add(job)
    const ended = (): boolean => this.#running.delete(job)
    job.whenCompleted().then(ended, ended)
    return job
  }

  async #findCompleted(source: ImportSource, choice: FileChoice): Promise<ImportSnapshot | undefined> {
    const record = await this.#findRecord(source)
    if (record?.state !== 'completed') return undefined
    const torrent = await this.#library.findTorrent(record.id)
    if (torrent === undefined) return undefined
    const { selectedFiles } = record
    const isSelected = isWithin(choice.resolve(torrent.layout), selectedFiles)
    return isSelected && isComplete(torrent, selectedFiles) ? describeImport(record, torrent) : undefined
  }

  async #findRecord(source: ImportSource): Promise<ImportRecord | undefined> {
    for (const hash of hashesOf(source)) {
      const record = await this.#imports.findImportByInfoHash(hash)
      if (record !== undefined) return record
    }
    return undefined
  }

  /** The record to begin with, and the layout where it is known already and so which files are selected. */
  async #recordFor(
    source: ImportSource,
    choice: FileChoice,
  ): Promise<{ readonly record: ImportRecord; readonly layout: TorrentLayout | undefined }> {
    const found = await this.#findRecord(source)
    const known = found && ((await this.#imports.findImport(found.id)) ?? found)
    const torrent = known && (await this.#library.findTorrent(known.id))
    const layout = torrent?.layout ?? source.layout
    const asked = layout && choice.resolve(layout)
    const selected = torrent ? joinSelections(torrent.layout, asked, completeFiles(torrent, known)) : asked
    const { error: _, selectedFiles: __, ...record } = known ?? this.#newRecord(source)
    return {
      record: { ...record, state: 'downloading', ...(selected && { selectedFiles: selected }) },
      layout,
    }
  }

  #newRecord({ torrent, infoHashV1, infoHashV2, name }: ImportSource): ImportRecord {
    return {
      id: createTorrentId(this.#now()),
      state: 'downloading',
      addedAtMs: this.#now(),
      ...(infoHashV1 === undefined ? {} : { infoHashV1 }),
      ...(infoHashV2 === undefined ? {} : { infoHashV2 }),
      ...(name === undefined ? {} : { name }),
      ...torrent,
    }
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

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new ImportError('IMPORT_CLOSED', 'the import service is closed')
  }
}

function completedImport(snapshot: ImportSnapshot): Import {
  const { id, name } = snapshot
  const { pieces, totalPieces, bytes, totalBytes } = snapshot.selected ?? snapshot
  return {
    id,
    wasCompleted: true,
    progress: {
      id,
      name,
      state: 'completed',
      pieces,
      totalPieces,
      bytes,
      totalBytes,
      downloadBytesPerSecond: 0,
      peers: 0,
    },
    outcome: 'completed',
    cleanupError: undefined,
    whenCompleted: () => Promise.resolve(snapshot),
  }
}

/** The files that were wanted before and are there. Empty ones are only where they were asked for. */
function completeFiles(torrent: LibraryTorrent, record: ImportRecord | undefined): readonly number[] {
  const { files } = torrent.layout
  const before = record?.selectedFiles?.flatMap((index) => files[index] ?? [])
  const wanted = before ?? files.filter(({ lengthBytes }) => lengthBytes > 0)
  return wanted.filter((file) => isStored(torrent, file)).map(({ index }) => index)
}

/** `undefined` is everything. */
function isWithin(inner: readonly number[] | undefined, outer: readonly number[] | undefined): boolean {
  if (outer === undefined) return true
  const all = new Set(outer)
  return inner?.every((index) => all.has(index)) ?? false
}

function incomplete(snapshot: ImportSnapshot): ImportError {
  const { id, name } = snapshot
  const { pieces, totalPieces } = snapshot.selected ?? snapshot
  const what = snapshot.selected === null ? 'pieces' : 'pieces of its selected files'
  const stored =
    totalPieces === null ? 'nothing is stored yet' : `${pieces} of ${totalPieces} ${what} are stored`
  return new ImportError('IMPORT_INCOMPLETE', `the import of ${name ?? id} is not complete: ${stored}`)
}

function fileIncomplete({ id, name, files }: ImportSnapshot, path: string): ImportError {
  const file = files.find((one) => one.path === path)
  const why = file?.selected
    ? `${file.storedBytes} of its ${file.bytes} bytes are stored`
    : "it is not selected; 'bae import SOURCE --select PATH' fetches it"
  return new ImportError('IMPORT_INCOMPLETE', `'${path}' of ${name ?? id} is not there: ${why}`)
}

function fileNotFound(path: string, paths: readonly string[]): ImportError {
  const ending = paths.filter((candidate) => candidate.endsWith(`/${path}`))
  const hint = ending.length === 1 ? `did you mean '${ending[0]}'?` : "'bae show' lists its files"
  return new ImportError('IMPORT_FILE_NOT_FOUND', `the torrent has no file '${path}'; ${hint}`)
}
