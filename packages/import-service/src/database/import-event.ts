import type { TorrentId } from '@bae/storage'
import type { ImportState } from './import-state.js'

/** Why something changed. */
export interface ImportReason {
  readonly code: string
  readonly message?: string
  readonly error?: { readonly code: string; readonly message: string }
}

/** What whoever changes an import knows of it. Where it changed to the record says. */
export interface ImportChange {
  readonly atMs: number
  /** Null for one that was not there. */
  readonly from: ImportState | null
  readonly reason: ImportReason
}

/** One change in the log of a library. */
export interface ImportEvent extends ImportChange {
  /** One more than that of the event before, over all imports. */
  readonly seq: number
  readonly importId: TorrentId
  readonly to: ImportState | 'removed'
}

export interface EventPage {
  readonly events: readonly ImportEvent[]
  /** The oldest event that is kept: who asked for what came before it has missed some. One above `lastSeq` where there is none. */
  readonly firstSeq: number
  /** The newest one. Below what was asked for in a library whose records were made anew. */
  readonly lastSeq: number
}

/** How many events are kept, at least. A hundredth more, and the oldest go. */
export const defaultKeptEvents = 100_000

/** So many are trimmed at once. */
export function trimBatch(keptEvents: number): number {
  return Math.ceil(keptEvents / 100)
}
