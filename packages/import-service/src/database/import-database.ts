import type { TorrentId } from '@bae/storage'
import type { StoredShare } from '../stored-share.js'
import type { EventPage, ImportChange } from './import-event.js'
import type { ImportState } from './import-state.js'

/** What somebody asks of an import that another process has. */
export type ImportWish =
  | { readonly kind: 'pause' | 'resume' | 'recheck' }
  | { readonly kind: 'cancel'; readonly deleteData: boolean }
  | { readonly kind: 'seed'; readonly on: boolean }
  /** `keep`: files that were selected before and are complete stay selected. No globs are all files. */
  | { readonly kind: 'select'; readonly globs: readonly string[]; readonly keep?: true }

/** All that is kept of one import beside its torrent's bytes and records. Its id is the torrent's id. */
export interface ImportRecord {
  readonly id: TorrentId
  /** 40 hex digits, lower case. */
  readonly infoHashV1?: string
  /** 64 hex digits, lower case. */
  readonly infoHashV2?: string
  readonly name?: string
  /** Indices of the files that are wanted, in order; all where it is left out. */
  readonly selectedFiles?: readonly number[]
  /** For lists, which do not read .torrent files: how much one that has not begun is about, and what is wanted of it. */
  readonly size?: { readonly pieces: number; readonly bytes: number; readonly selected?: StoredShare }
  readonly state: ImportState
  /** What it is for: 'complete' where it is left out. */
  readonly goal?: 'complete' | 'seed'
  /** Why `paused`. */
  readonly pause?: 'user' | 'noSpace' | 'databaseAway'
  /** Of what failed, how often; and when it will be tried again, or only when a user says so. */
  readonly retry?: { readonly attempts: number; readonly atMs?: number }
  /** To dial whenever it starts. */
  readonly peers?: readonly { readonly host: string; readonly port: number }[]
  /** Once there is metadata it waits for a choice of files. */
  readonly choose?: true
  /** The .torrent file, byte for byte, where there is one. */
  readonly torrentFile?: Uint8Array
  readonly magnetUri?: string
  readonly addedAtMs: number
  readonly completedAtMs?: number
  /** From the first to the last payload byte, over all runs. */
  readonly transferSeconds?: number
  /** Why `failed`. */
  readonly error?: { readonly code: string; readonly message: string }
  /** Not answered yet. Read only: `saveImport` leaves it as it is, and clears the one it is told was answered. */
  readonly wish?: ImportWish
}

/** One process's hold on an import: a lease that its heartbeat renews, all of them at once. */
export interface Claim extends AsyncDisposable {
  /** Larger than that of every claim before, on whatever import; what is written for this one carries it. */
  readonly token: number
  /**
   * Aborts when the hold is gone without `release()`, so stop writing: another process has it (IMPORT_LEASE_LOST),
   * or nobody can tell (IMPORT_DATABASE, or what the server rejects with once it was waited for). A connection
   * that broke, or a process that was stopped for long, has lost nothing that nobody took meanwhile.
   */
  readonly lost: AbortSignal
  /** Calls `listener` with a wish that is there already, soon, and with each that comes. Returns the unsubscriber. */
  onWish(listener: (wish: ImportWish) => void): () => void
  /** Idempotent; never rejects: what cannot be released any more is free when the lease runs out. */
  release(): Promise<void>
}

export interface SaveOptions {
  /** Only while this claim holds, else IMPORT_LEASE_LOST and nothing is written. The import has to be there. */
  readonly claim?: Claim
  /** Goes into the log together with the record, or not at all. */
  readonly event?: ImportChange
  /** The wish that this answers: it is no longer there, unless it is another one by now. */
  readonly answered?: ImportWish
}

/** What to take of all that is due. */
export interface DueQuery {
  readonly states: readonly ImportState[]
  readonly limit: number
  /** Those whose `retry.atMs` has not come by then are not due. */
  readonly nowMs: number
}

export interface ClaimedImport {
  readonly record: ImportRecord
  readonly claim: Claim
}

/**
 * The imports of a library. Passes `importDatabaseCompliance`. Failures reject IMPORT_DATABASE with the
 * cause, a database that is away or has no room whatever its server rejects with, the former once it was waited for;
 * absence is `undefined` or empty. After close every call rejects IMPORT_DATABASE_CLOSED.
 */
export interface ImportDatabase extends AsyncDisposable {
  /** Inserts, or replaces the import of this id. Another id with one of its info hashes rejects IMPORT_DUPLICATE. */
  saveImport(record: ImportRecord, options?: SaveOptions): Promise<void>
  findImport(id: TorrentId): Promise<ImportRecord | undefined>
  /** By v1 (40 hex digits) or v2 (64 hex digits) info hash. */
  findImportByInfoHash(infoHash: string): Promise<ImportRecord | undefined>
  /** Oldest first. Without `torrentFile`, which `findImport` has. */
  listImports(): Promise<readonly ImportRecord[]>
  /** An absent import is fine, without a claim. The event says 'removed'. */
  deleteImport(id: TorrentId, options?: Pick<SaveOptions, 'claim' | 'event'>): Promise<void>
  /**
   * Takes the import for this process, or answers `undefined` where somebody else has it, another claim of this
   * process included, and where it is not there. Whose process died, or was stopped beyond its lease, has it no more.
   */
  claim(id: TorrentId): Promise<Claim | undefined>
  /**
   * Takes imports that nobody has, with their .torrent files. Of several who ask at once no two get the same one. What
   * has no `retry.atMs` comes first, the oldest before; then the others in the order of these, so that what was tried
   * goes behind what was not. What a user paused is never due, nor what failed without one.
   */
  claimDue(query: DueQuery): Promise<readonly ClaimedImport[]>
  /** Leaves a wish, in place of one that was not answered, and tells whoever has the import. False where it is not there. */
  wish(id: TorrentId, wish: ImportWish): Promise<boolean>
  /** What came after the event `after` (0: from the beginning), in order; later none comes between. At most `limit`. */
  readEvents(query: { readonly after: number; readonly limit: number }): Promise<EventPage>
  /** Releases what is still claimed. Idempotent. */
  close(): Promise<void>
}

/** From when on the import is due by itself; `undefined` where only a user can say. */
export function dueAtMs({ state, pause, retry }: ImportRecord): number | undefined {
  if (state === 'paused' && pause === 'user') return undefined
  return state === 'failed' ? retry?.atMs : (retry?.atMs ?? 0)
}
