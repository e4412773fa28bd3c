import type { PeerAddress } from '@bae/client'
import type { AbortOptions } from '@bae/storage'
import type { ImportProgress } from '../import-progress.js'
import type { ImportSnapshot } from '../import-snapshot.js'
import type { ImportSource } from '../import-source.js'

export interface SubmitOptions {
  /** Dialled over TCP whenever the import starts. */
  readonly peers?: readonly PeerAddress[]
  /** Globs: only these files. */
  readonly select?: readonly string[]
  /** Waits for `select` once it is known which files there are. */
  readonly choose?: boolean
  /** Goes on giving when everything is there. */
  readonly seed?: boolean
  /** Nothing begins before `resume`. */
  readonly paused?: boolean
}

export interface EventsOptions extends AbortOptions {
  /** Those with a higher number; from the oldest that is kept when left out. */
  readonly after?: number
  /** Waits for more until `signal` aborts. */
  readonly follow?: boolean
}

export interface ImportEventLike {
  readonly seq: number
  readonly atMs: number
  readonly importId: string
  readonly from: string | null
  readonly to: string
  readonly reason: {
    readonly code: string
    readonly message?: string
    readonly error?: { readonly code: string; readonly message: string }
  }
}

/** What is asked of imports, of a service in this process or through the control socket of another one. */
export interface ImportControls {
  /** Records the import as queued, or finds it: an import of the same info hash keeps its id. */
  submit(source: ImportSource, options?: SubmitOptions): Promise<ImportSnapshot>
  get(id: string): Promise<ImportSnapshot>
  select(id: string, globs: readonly string[]): Promise<ImportSnapshot>
  pause(id: string): Promise<ImportSnapshot>
  resume(id: string): Promise<ImportSnapshot>
  recheck(id: string): Promise<ImportSnapshot>
  cancel(id: string, options: { readonly deleteData: boolean }): Promise<ImportSnapshot>
  seed(id: string, options: { readonly on: boolean }): Promise<ImportSnapshot>
  /** A value at each change, until the import has ended or waits for somebody. */
  follow(id: string, options?: AbortOptions): AsyncIterable<ImportProgress>
  events(options?: EventsOptions): AsyncIterable<ImportEventLike>
}

/** What the control socket needs of an ImportService. */
export interface ServiceLike extends ImportControls {
  /** What runs in this process. */
  running(): readonly ImportProgress[]
}
