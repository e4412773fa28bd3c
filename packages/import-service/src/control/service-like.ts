import type { AbortOptions } from '@bae/storage'
import type { ImportEvent } from '../database/import-event.js'
import type { EventOptions } from '../event-feed.js'
import type { ImportProgress } from '../import-progress.js'
import type { ImportSnapshot } from '../import-snapshot.js'
import type { ImportSource } from '../import-source.js'
import type { ListedFiles } from '../listed-files.js'
import type { SubmitOptions } from '../submit-import.js'

/**
 * What is asked of imports, of a service in this process or through the control socket of another one. A signal ends the wait
 * for another process; what is asked in this one is done.
 */
export interface ImportControls {
  /** Records an import that waits for its turn, or lets the one of the same info hash go on. */
  submit(source: ImportSource, options?: SubmitOptions & AbortOptions): Promise<ImportSnapshot>
  get(id: string, options?: AbortOptions): Promise<ImportSnapshot>
  select(id: string, globs: readonly string[], options?: AbortOptions): Promise<ImportSnapshot>
  pause(id: string, options?: AbortOptions): Promise<ImportSnapshot>
  resume(id: string, options?: AbortOptions): Promise<ImportSnapshot>
  recheck(id: string, options?: AbortOptions): Promise<ImportSnapshot>
  cancel(id: string, options: { readonly deleteData: boolean } & AbortOptions): Promise<ImportSnapshot>
  seed(id: string, options: { readonly on: boolean } & AbortOptions): Promise<ImportSnapshot>
  /** A value at each change, until the import has ended or waits for somebody. */
  follow(id: string, options?: AbortOptions): AsyncIterable<ImportProgress>
  events(options?: EventOptions): AsyncIterable<ImportEvent>
}

/** What the control socket needs of an ImportService. */
export interface ServiceLike extends ImportControls {
  /** All imports, oldest first. */
  each(options?: AbortOptions): AsyncIterable<ImportSnapshot>
  /** `undefined` where the library does not know the torrent. */
  knownFiles(source: ImportSource, options?: Pick<SubmitOptions, 'select'>): Promise<ListedFiles | undefined>
  /** What runs in this process. */
  running(): readonly ImportProgress[]
  /** How many go on by themselves, but not here, or not now. */
  waiting(): Promise<number>
}
