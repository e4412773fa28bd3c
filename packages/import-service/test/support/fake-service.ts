import type { TorrentId, TorrentLayout } from '@bae/storage'
import type { ReloadReport } from '../../src/config/running-config.js'
import type { ControlDeps } from '../../src/control/control-methods.js'
import type { ServiceLike } from '../../src/control/service-like.js'
import type { ImportEvent } from '../../src/database/import-event.js'
import { ImportError } from '../../src/errors.js'
import type { ImportProgress } from '../../src/import-progress.js'
import { describeImport, type ImportSnapshot } from '../../src/import-snapshot.js'
import type { ImportSource } from '../../src/import-source.js'
import type { ListedFiles } from '../../src/listed-files.js'
import type { SubmitOptions } from '../../src/submit-import.js'
import { readMagnetSimply } from '../../src/testing/read-magnet-simply.js'
import { importRecord, torrentId } from './records.js'

/** A service that notes what it is asked. What it follows and which events there are is up to the test. */
export class FakeService implements ServiceLike {
  readonly calls: unknown[][] = []
  readonly submitted: { readonly source: ImportSource; readonly options: SubmitOptions }[] = []
  /** Where it is set, every call rejects with it. */
  failure: Error | undefined
  /** While it is set, calls about one import have no answer; it hears of each. */
  kept: (() => void) | undefined
  /** Of the import that every call answers with. */
  snapshot: Partial<ImportSnapshot> = {}
  progress: readonly ImportProgress[] = []
  items: (signal: AbortSignal) => AsyncIterable<ImportProgress> = async function* () {}
  log: (signal: AbortSignal) => AsyncIterable<ImportEvent> = async function* () {}

  async submit(source: ImportSource, options: SubmitOptions = {}): Promise<ImportSnapshot> {
    this.submitted.push({ source, options })
    return this.#answer('submit')
  }

  /** What the library has. */
  imports: readonly ImportSnapshot[] = []
  each = async function* (this: FakeService): AsyncIterable<ImportSnapshot> {
    yield* this.imports
  }

  /** What the library knows of a torrent that it is asked for. */
  known: ListedFiles | undefined
  knownFiles = async (source: ImportSource, { select = [] }: Pick<SubmitOptions, 'select'> = {}) => {
    this.calls.push(['knownFiles', source, select])
    return this.known
  }

  get = (id: string) => this.#answer('get', id)
  select = (id: string, globs: readonly string[]) => this.#answer('select', id, globs)
  pause = (id: string) => this.#answer('pause', id)
  resume = (id: string) => this.#answer('resume', id)
  recheck = (id: string) => this.#answer('recheck', id)
  cancel = (id: string, options: { readonly deleteData: boolean }) => this.#answer('cancel', id, options)
  seed = (id: string, options: { readonly on: boolean }) => this.#answer('seed', id, options)

  /** Beside the service: what came of reading the settings again. */
  report: ReloadReport = { changed: [], needRestart: [] }
  reload = async (): Promise<ReloadReport> => this.report

  /** What serves it; `layout` is what every .torrent file is about. */
  deps(layout: () => TorrentLayout): ControlDeps {
    return {
      service: this,
      readMagnetUri: readMagnetSimply,
      parseTorrentFile: async () => layout(),
      reload: this.reload,
      version: '1.2.3',
    }
  }

  running(): readonly ImportProgress[] {
    return this.progress
  }

  queued = 0
  waiting = async (): Promise<number> => this.queued

  follow(id: string, { signal = new AbortController().signal } = {}): AsyncIterable<ImportProgress> {
    this.calls.push(['follow', id])
    return this.items(signal)
  }

  events({
    signal = new AbortController().signal,
    ...options
  }: {
    readonly signal?: AbortSignal
    readonly after?: number
    readonly follow?: boolean
  } = {}): AsyncIterable<ImportEvent> {
    this.calls.push(['events', options])
    return this.log(signal)
  }

  async #answer(...call: unknown[]): Promise<ImportSnapshot> {
    this.calls.push(call)
    if (this.failure !== undefined) throw this.failure
    if (this.kept !== undefined) {
      this.kept()
      await new Promise(() => {})
    }
    const id = call[0] === 'get' && String(call[1]).length > 30 ? (call[1] as TorrentId) : torrentId('1')
    return { ...describeImport(importRecord({ id }), undefined), ...this.snapshot }
  }
}

export function progressOf(change: Partial<ImportProgress> = {}): ImportProgress {
  return {
    id: torrentId('1'),
    name: 'album',
    state: 'downloading',
    pieces: 1,
    totalPieces: 4,
    bytes: 100,
    totalBytes: 400,
    downloadBytesPerSecond: 10,
    uploadBytesPerSecond: 0,
    peers: 2,
    pause: null,
    retryAtMs: null,
    error: null,
    ...change,
  }
}

export function busy(): ImportError {
  return new ImportError('IMPORT_BUSY', 'another process is importing album into this library')
}
