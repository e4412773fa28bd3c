import type { AbortOptions, Garbage, GarbageOptions } from '@bae/storage'
import type { AddImportOptions } from './begin-import.js'
import { Bell } from './bell.js'
import { closeAll } from './close-all.js'
import type { ImportRecord, ImportWish } from './database/import-database.js'
import type { ImportEvent } from './database/import-event.js'
import { ImportError } from './errors.js'
import { type EventOptions, eventFeed } from './event-feed.js'
import type { ExportedTorrent, ExportOptions } from './export-torrent.js'
import { followImport } from './follow-import.js'
import { ImportCatalog } from './import-catalog.js'
import { ImportControl } from './import-control.js'
import { ImportIntake } from './import-intake.js'
import type { Import } from './import-job.js'
import { type ImportProgress, idleProgress } from './import-progress.js'
import { ImportScheduler } from './import-scheduler.js'
import type { ImportServiceDeps } from './import-service-deps.js'
import type { ImportSnapshot } from './import-snapshot.js'
import type { ImportSource } from './import-source.js'
import { letGoOfDead } from './let-go-of-dead.js'
import type { VerifyOptions } from './library-like.js'
import type { ListedFiles } from './listed-files.js'
import type { ReadFileOptions } from './read-import.js'
import { type RebuildImportsOptions, type RebuildReport, rebuildImports } from './rebuild-imports.js'
import { type ServiceClock, systemClock } from './service-clock.js'
import { DEFAULT_SERVICE_OPTIONS, type ServiceLimits, type ServiceOptions } from './service-limits.js'
import { isToCome } from './slots.js'
import { StatusFeed } from './status-feed.js'
import type { SubmitOptions } from './submit-import.js'
import type { VerifiedImport } from './verified-import.js'

/**
 * The imports of one library. Owns what it is given: `close` closes client, databases and library. `add` runs an import for
 * whoever waits for it; with `start` the service runs all that is due by itself, and `submit` hands it more.
 * Where a method takes an id it may be the import's id, an info hash, or the beginning of either.
 */
export class ImportService implements AsyncDisposable {
  readonly #deps: ImportServiceDeps
  readonly #clock: ServiceClock
  readonly #catalog: ImportCatalog
  readonly #statuses: StatusFeed
  readonly #scheduler: ImportScheduler
  readonly #control: ImportControl
  readonly #intake: ImportIntake
  readonly #changes = new Bell()
  /** Of every import that is submitted from now on. */
  #seed: boolean
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  constructor(deps: ImportServiceDeps, options: Partial<ServiceOptions> = {}) {
    this.#deps = deps
    this.#seed = options.seed ?? DEFAULT_SERVICE_OPTIONS.seed
    this.#clock = deps.clock ?? systemClock
    this.#catalog = new ImportCatalog({ ...deps, now: () => this.#clock.now() })
    this.#statuses = new StatusFeed(deps.client)
    const troubled = deps.troubled ?? ((): void => {})
    this.#scheduler = new ImportScheduler(
      {
        ...this.#jobDeps,
        random: deps.random ?? Math.random,
        troubled,
        wished: (id, wish) =>
          void this.#control
            .answer(id, wish)
            .catch((error: unknown) => troubled(error, 'answering another process')),
      },
      { ...DEFAULT_SERVICE_OPTIONS, ...options },
    )
    this.#control = new ImportControl({
      ...this.#jobDeps,
      scheduler: this.#scheduler,
      closing: this.#closing.signal,
    })
    this.#intake = new ImportIntake({
      ...this.#jobDeps,
      catalog: this.#catalog,
      control: this.#control,
      scheduler: this.#scheduler,
      changes: this.#changes,
      closing: this.#closing.signal,
    })
  }

  /**
   * Begins the import, or goes on with one of the same info hash under its old id. What is complete already
   * is not fetched again, and files that were selected before and are complete stay selected. Aborting `signal` stops
   * it, also later, and keeps what is stored; where nothing is stored nothing stays. Rejects IMPORT_BUSY while another
   * process has it, IMPORT_FILE_NOT_FOUND where `select` means no file, and IMPORT_CLOSED where nothing was recorded yet
   * when the service was closed: else `close` waits until the import has ended.
   */
  add(source: ImportSource, options: AddImportOptions = {}): Promise<Import> {
    return this.#whileOpen(() => this.#intake.add(source, options))
  }

  /**
   * Goes on with all that is due, in this library's other processes' place too, within the limits and until `close`. Settles
   * when all that is due now has begun; a database that does not answer is asked again later. Idempotent.
   */
  async start(): Promise<void> {
    this.#assertOpen()
    await this.#scheduler.start()
  }

  /** Holds at once: what is too much ends where it is and waits for its turn. Rejects IMPORT_USAGE for what is no limit. */
  async setLimits(limits: Partial<ServiceLimits>): Promise<void> {
    this.#assertOpen()
    await this.#scheduler.setLimits(limits)
  }

  /** Whether every import that is submitted from now on goes on giving to others when it is complete. */
  setSeed(seed: boolean): void {
    this.#seed = seed
  }

  get limits(): ServiceLimits {
    return this.#scheduler.limits
  }

  /**
   * Records an import that waits for its turn, or finds the one of the same info hash: that goes on, where it was paused,
   * failed or cancelled, and `select`, `seed` and `peers` count for it too; files that are complete stay selected. Rejects IMPORT_FILE_NOT_FOUND where `select` means no file.
   */
  submit(source: ImportSource, options: SubmitOptions = {}): Promise<ImportSnapshot> {
    return this.#whileOpen(() => this.#intake.submit(source, options, { seed: this.#seed }))
  }

  /** Nothing of it runs until `resume`. What is completed or cancelled stays what it is. Rejects IMPORT_BUSY, as the next ones. */
  pause(id: string): Promise<ImportSnapshot> {
    return this.#ask(id, { kind: 'pause' })
  }

  /** What was paused, failed or was cancelled waits for its turn. */
  resume(id: string): Promise<ImportSnapshot> {
    return this.#ask(id, { kind: 'resume' })
  }

  /** Reads and hashes what is stored, when its turn comes; what is wrong is mended, or fetched again. Rejects IMPORT_INCOMPLETE. */
  recheck(id: string): Promise<ImportSnapshot> {
    return this.#ask(id, { kind: 'recheck' })
  }

  /** Ends it for good, and keeps what is stored of it unless told otherwise: then nothing of it is left. */
  async cancel(
    id: string,
    { deleteData = false }: { readonly deleteData?: boolean } = {},
  ): Promise<ImportSnapshot> {
    const record = await this.#resolve(id)
    const before = await this.#catalog.describe(record)
    const ask = () => this.#control.ask(record.id, { kind: 'cancel', deleteData })
    await (deleteData ? this.#deps.library.makingRoom(ask) : ask())
    return deleteData ? { ...before, state: 'cancelled' } : await this.get(record.id)
  }

  /** Whether it is given to others once it is complete. */
  seed(id: string, { on }: { readonly on: boolean }): Promise<ImportSnapshot> {
    return this.#ask(id, { kind: 'seed', on })
  }

  /** These files and no others, by globs as in SubmitOptions. Rejects IMPORT_FILE_NOT_FOUND. */
  select(id: string, globs: readonly string[]): Promise<ImportSnapshot> {
    return this.#ask(id, { kind: 'select', globs })
  }

  /** What runs in this process, in the order in which it began. */
  running(): readonly ImportProgress[] {
    return [...this.#intake.jobs, ...this.#scheduler.jobs].map(({ progress }) => progress)
  }

  /** How many these are. */
  get runningCount(): number {
    return this.#intake.jobs.length + this.#scheduler.jobs.length
  }

  /**
   * How many that do not run in this process go on by themselves: they wait for a turn, for another try or for room, or another
   * process has them. Reads all records.
   */
  async waiting(): Promise<number> {
    this.#assertOpen()
    const here = new Set(this.running().map(({ id }) => id))
    const records = await this.#deps.imports.listImports()
    return records.filter((record) => !here.has(record.id) && isToCome(record)).length
  }

  /** A value now and at each change, at most four a second, until the import is removed or waits for its user alone. */
  async *follow(id: string, options: AbortOptions = {}): AsyncIterable<ImportProgress> {
    const record = await this.#resolve(id)
    const progressOf = async () => this.#progressOf(record)
    yield* followImport({ ...this.#feedDeps, statuses: this.#statuses, progressOf }, record.id, options)
  }

  /** What changed, in order: replayed from any number, and then as it comes. */
  async *events(options: EventOptions = {}): AsyncIterable<ImportEvent> {
    this.#assertOpen()
    yield* eventFeed(this.#feedDeps, options)
  }

  /** Oldest first. */
  async list(): Promise<readonly ImportSnapshot[]> {
    const snapshots: ImportSnapshot[] = []
    for await (const snapshot of this.each()) snapshots.push(snapshot)
    return snapshots
  }

  /** The same one after the other: those of a large library are much to have in memory at once. */
  async *each({ signal }: AbortOptions = {}): AsyncIterable<ImportSnapshot> {
    this.#assertOpen()
    for await (const snapshot of this.#catalog.each()) {
      signal?.throwIfAborted()
      yield snapshot
    }
  }

  async get(id: string): Promise<ImportSnapshot> {
    return await this.#catalog.describe(await this.#resolve(id))
  }

  /**
   * What an import of it would bring, where the torrent is one of the library's; nobody is asked. Rejects
   * IMPORT_FILE_NOT_FOUND where `select` means no file.
   */
  knownFiles(
    source: ImportSource,
    options: Pick<SubmitOptions, 'select'> = {},
  ): Promise<ListedFiles | undefined> {
    return this.#whileOpen(() => this.#intake.knownFiles(source, options))
  }

  /**
   * Reads and hashes every completed piece, also while it is imported. With `repair` what is wrong is healed from another
   * copy, or no longer recorded, so that importing it again fetches just that. Then it rejects IMPORT_BUSY while another
   * process imports it.
   */
  async verify(id: string, options: VerifyOptions = {}): Promise<VerifiedImport> {
    const record = await this.#resolve(id)
    const isRunning = this.running().some((progress) => progress.id === record.id)
    return await this.#catalog.verify(record, options, isRunning)
  }

  /** For whoever has verified all imports since this was opened and left nothing wrong: chunks need no checks at their first reads. */
  async noteAllSound(): Promise<void> {
    this.#assertOpen()
    await this.#deps.library.noteAllSound()
  }

  /** Writes the selected files to `directory/<name>`, all or nothing. Rejects IMPORT_INCOMPLETE and IMPORT_EXPORT_EXISTS. */
  async export(
    id: string,
    directory: string,
    options: ExportOptions = {},
  ): Promise<ExportedTorrent & { id: string }> {
    return await this.#catalog.export(await this.#resolve(id), directory, options)
  }

  /**
   * The bytes of one file in order, or of a range of it; `path` as in ImportSnapshot.files. While this service fetches it they
   * come as they are there, what the reader needs next first. Rejects IMPORT_FILE_NOT_FOUND and IMPORT_INCOMPLETE; where an
   * import is stopped in the middle, reading on does with STORAGE_PIECE_NOT_FOUND.
   */
  async openFile(
    id: string,
    path: string,
    options: ReadFileOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const record = await this.#resolve(id)
    const [torrent, job] = [this.#deps.client.get(record.id), this.#jobOf(record.id)]
    return await this.#catalog.openFile(record, path, options, torrent && job && { torrent, job })
  }

  /** Deletes the import with its rows and the chunks that no other import shares. Rejects IMPORT_BUSY while it runs. */
  async remove(id: string): Promise<ImportSnapshot> {
    const record = await this.#resolve(id)
    const snapshot = await this.#deps.library.makingRoom(() => this.#catalog.remove(record))
    this.#changes.ring()
    return snapshot
  }

  /** All of the import stays in the local store, or comes to stay when it is read; again changes nothing. Rejects IMPORT_INCOMPLETE where nothing is known of it yet. */
  async pin(id: string): Promise<ImportSnapshot> {
    return await this.#catalog.pin(await this.#resolve(id))
  }

  /** It may go from the local store again. An import that is not pinned is fine. */
  async unpin(id: string): Promise<ImportSnapshot> {
    return await this.#catalog.unpin(await this.#resolve(id))
  }

  /** Makes the records of a library anew from its store. Rejects STORAGE_DATABASE_NOT_EMPTY. */
  async rebuild(options: RebuildImportsOptions = {}): Promise<RebuildReport> {
    this.#assertOpen()
    const { imports, library } = this.#deps
    return await rebuildImports({ imports, library }, options)
  }

  /** Deletes what crashes have left in the library, and tells each thing. Rejects STORAGE_REBUILD_NEEDED. */
  async *collectGarbage(options: GarbageOptions = {}): AsyncIterable<Garbage> {
    this.#assertOpen()
    const { imports, library } = this.#deps
    if (!options.dryRun) await letGoOfDead({ imports, library })
    yield* library.collectGarbage(options)
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
    await this.#scheduler.stop()
    await this.#intake.settle()
    this.#statuses[Symbol.dispose]()
    const { client, imports, library } = this.#deps
    await closeAll([() => client.close(), () => imports.close(), () => library.close()])
  }

  async #ask(id: string, wish: ImportWish): Promise<ImportSnapshot> {
    const record = await this.#resolve(id)
    await this.#control.ask(record.id, wish)
    return await this.get(record.id)
  }

  #jobOf(id: ImportRecord['id']) {
    return this.#scheduler.job(id) ?? this.#intake.jobs.find((job) => job.id === id)
  }

  async #progressOf({ id }: ImportRecord): Promise<ImportProgress | undefined> {
    const running = this.#jobOf(id)
    if (running !== undefined) return running.progress
    const record = await this.#deps.imports.findImport(id)
    return record && idleProgress(record, await this.#deps.library.findTorrent(id))
  }

  async #resolve(id: string): Promise<ImportRecord> {
    this.#assertOpen()
    return await this.#catalog.resolve(id)
  }

  get #feedDeps() {
    const { imports } = this.#deps
    return { imports, clock: this.#clock, changes: this.#changes, closing: this.#closing.signal }
  }

  get #jobDeps() {
    const { client, imports, library, selectFiles, readMagnetUri, parseTorrentFile, inOrderAboveBytes } =
      this.#deps
    const { statuses, clock } = { statuses: this.#statuses, clock: this.#clock }
    const now = (): number => clock.now()
    const changed = (): void => this.#changes.ring()
    const parts = { client, imports, library, selectFiles, readMagnetUri, parseTorrentFile }
    return { ...parts, inOrderAboveBytes, statuses, clock, now, changed }
  }

  async #whileOpen<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    return await work()
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new ImportError('IMPORT_CLOSED', 'the import service is closed')
  }
}
