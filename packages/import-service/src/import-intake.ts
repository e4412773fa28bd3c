import { type AddImportOptions, type BeginImportDeps, beginImport } from './begin-import.js'
import type { Bell } from './bell.js'
import type { ImportRecord } from './database/import-database.js'
import { FileChoice, type SelectFiles } from './file-choice.js'
import type { ImportCatalog } from './import-catalog.js'
import type { ImportControl } from './import-control.js'
import type { Import } from './import-job.js'
import { findRecord } from './import-records.js'
import type { ImportScheduler } from './import-scheduler.js'
import type { ImportSnapshot } from './import-snapshot.js'
import type { ImportSource } from './import-source.js'
import { type ListedFiles, listedFiles } from './listed-files.js'
import { type SubmitOptions, submitImport } from './submit-import.js'

export interface ImportIntakeDeps extends BeginImportDeps {
  readonly selectFiles: SelectFiles
  readonly catalog: ImportCatalog
  readonly control: ImportControl
  readonly scheduler: ImportScheduler
  readonly changes: Bell
  readonly closing: AbortSignal
}

/** Takes in what users bring, as ImportService says of its methods of the same names. */
export class ImportIntake {
  readonly #deps: ImportIntakeDeps
  readonly #jobs = new Set<Import>()
  readonly #recording = new Set<Promise<unknown>>()

  constructor(deps: ImportIntakeDeps) {
    this.#deps = deps
  }

  /** What was added and runs. */
  get jobs(): readonly Import[] {
    return [...this.#jobs]
  }

  add(source: ImportSource, options: AddImportOptions): Promise<Import> {
    return this.#record(this.#add(source, options))
  }

  /** `seed`: of what is new, where `options` does not say it. */
  submit(source: ImportSource, options: SubmitOptions, { seed }: { seed: boolean }): Promise<ImportSnapshot> {
    return this.#record(this.#submit(source, options, seed))
  }

  async knownFiles(
    source: ImportSource,
    options: Pick<SubmitOptions, 'select'>,
  ): Promise<ListedFiles | undefined> {
    const choice = this.#choiceOf(source, options)
    const record = await findRecord(this.#deps.imports, source)
    const torrent = record && (await this.#deps.catalog.knownTorrent(record))
    return torrent && listedFiles(torrent.layout, choice)
  }

  /** Everything that was taken in is recorded, and what was added has ended. For who has aborted `closing`, and brings nothing more. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#recording)
    await Promise.allSettled(this.jobs.map((job) => job.whenCompleted()))
  }

  async #add(source: ImportSource, options: AddImportOptions): Promise<Import> {
    const { closing } = this.#deps
    const { signal: stop } = options
    stop?.throwIfAborted()
    const signal = stop === undefined ? closing : AbortSignal.any([stop, closing])
    const choice = this.#choiceOf(source, options)
    const job = await beginImport(this.#deps, source, choice, { ...options, signal })
    if (job.wasCompleted) return job
    this.#jobs.add(job)
    const ended = (): boolean => this.#jobs.delete(job)
    job.whenCompleted().then(ended, ended)
    return job
  }

  async #submit(source: ImportSource, options: SubmitOptions, seed: boolean): Promise<ImportSnapshot> {
    const { catalog, changes, scheduler } = this.#deps
    const choice = this.#choiceOf(source, options)
    const { record, isKnown } = await submitImport(this.#deps, source, choice, {
      ...options,
      seed: options.seed || seed,
    })
    if (!isKnown) changes.ring()
    else await this.#submitAgain(record, source, options)
    void scheduler.wake()
    return await catalog.describe(await catalog.resolve(record.id))
  }

  async #submitAgain(record: ImportRecord, source: ImportSource, options: SubmitOptions): Promise<void> {
    const { control, scheduler } = this.#deps
    const { id, state, goal, selectedFiles } = record
    const { select = [], peers = [], choose, seed, paused } = options
    // All files, where nothing else is said.
    const isMore = selectedFiles !== undefined && source.files === undefined && !choose
    if (peers.length > 0) await scheduler.hold(id, (kept) => kept.note({ peers }))
    if (select.length > 0 || isMore) await control.ask(id, { kind: 'select', globs: select, keep: true })
    if (seed && goal !== 'seed') await control.ask(id, { kind: 'seed', on: true })
    const stands = state === 'paused' || state === 'failed' || state === 'cancelled'
    if (stands && !paused) await control.ask(id, { kind: 'resume' })
  }

  #choiceOf(
    source: ImportSource,
    { select: globs = [] }: { readonly select?: readonly string[] },
  ): FileChoice {
    const indices = source.files && { indices: source.files }
    return new FileChoice(this.#deps.selectFiles, { globs, ...indices })
  }

  #record<T>(recording: Promise<T>): Promise<T> {
    this.#recording.add(recording)
    const done = (): boolean => this.#recording.delete(recording)
    recording.then(done, done)
    return recording
  }
}
