import { createHash, randomUUID } from 'node:crypto'
import type { TorrentId } from '@bae/storage'
import type { ImportDatabase, ImportRecord } from '../../src/database/import-database.js'

export interface ImportDatabaseSubject {
  /** The imports of a new library. */
  create(options?: { readonly keptEvents?: number }): Promise<ImportDatabase>
  /** The same library from another process. */
  join(other: ImportDatabase): Promise<ImportDatabase>
  /** As if the process of `imports` were stopped for longer than its lease. */
  expire(imports: ImportDatabase): Promise<void>
}

export function newId(): TorrentId {
  return randomUUID() as string as TorrentId
}

export function hash(algorithm: 'sha1' | 'sha256'): string {
  return createHash(algorithm).update(randomUUID()).digest('hex')
}

export function downloading(more: Partial<ImportRecord> = {}): ImportRecord {
  return {
    id: newId(),
    infoHashV1: hash('sha1'),
    state: 'downloading',
    addedAtMs: 1_795_000_000_000,
    torrentFile: Uint8Array.of(0x64, 0x00, 0xff, 0x65),
    ...more,
  }
}

/** A new import of a library, which nobody has. */
export async function added(
  imports: ImportDatabase,
  more: Partial<ImportRecord> = {},
): Promise<ImportRecord> {
  const record = downloading(more)
  await imports.saveImport(record)
  return record
}
