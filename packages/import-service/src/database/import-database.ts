import type { TorrentId } from '@bae/storage'

/** Where an import stands. Will grow: switch with a default. */
export type ImportState = 'downloading' | 'completed' | 'failed'

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
  readonly state: ImportState
  /** The .torrent file, byte for byte, where there is one. */
  readonly torrentFile?: Uint8Array
  readonly magnetUri?: string
  readonly addedAtMs: number
  readonly completedAtMs?: number
  /** From the first to the last payload byte, over all runs. */
  readonly transferSeconds?: number
  /** Why `failed`. */
  readonly error?: { readonly code: string; readonly message: string }
}

/** One process's hold on a key. The database frees it when the process dies. */
export interface Claim extends AsyncDisposable {
  /**
   * Aborts when the hold is gone without `release()`: another process may have it now, so stop writing. The
   * reason says whether another one had it (IMPORT_BUSY) or nobody can tell (IMPORT_DATABASE). A connection
   * that broke is no loss where the key could be had again and nobody else had it in between.
   */
  readonly lost: AbortSignal
  /** Idempotent; never rejects: what cannot be released any more is lost, and so free. */
  release(): Promise<void>
}

/**
 * The imports of a library. Passes `importDatabaseCompliance`. Failures reject IMPORT_DATABASE with the
 * cause, a database that is away whatever its server rejects with once it was waited for; absence is
 * `undefined` or empty. After close every call rejects IMPORT_DATABASE_CLOSED.
 */
export interface ImportDatabase extends AsyncDisposable {
  /** Inserts, or replaces the import of this id. Another id with one of its info hashes rejects IMPORT_DUPLICATE. */
  saveImport(record: ImportRecord): Promise<void>
  findImport(id: TorrentId): Promise<ImportRecord | undefined>
  /** By v1 (40 hex digits) or v2 (64 hex digits) info hash. */
  findImportByInfoHash(infoHash: string): Promise<ImportRecord | undefined>
  /** Oldest first. Without `torrentFile`, which `findImport` has. */
  listImports(): Promise<readonly ImportRecord[]>
  /** An absent import is fine. */
  deleteImport(id: TorrentId): Promise<void>
  /**
   * Takes `key` for this process, or answers `undefined` at once where somebody else has it, another claim
   * of this process included. An import is claimed by its info hash before it is looked up, and held until
   * the process is done with it.
   */
  claim(key: string): Promise<Claim | undefined>
  /** Releases what is still claimed. Idempotent. */
  close(): Promise<void>
}
