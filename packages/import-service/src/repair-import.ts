import type { TorrentId } from '@bae/storage'
import { claimImport } from './claim-torrent.js'
import type { Claim, ImportDatabase, ImportRecord } from './database/import-database.js'
import { isComplete } from './import-snapshot.js'
import { KeptRecord } from './kept-record.js'
import type { LibraryLike, VerifyOptions, VerifyReport } from './library-like.js'

export interface RepairImportDeps {
  readonly imports: ImportDatabase
  readonly library: LibraryLike
  /** Whether a job of this process has the torrent open: the repair then goes through it. */
  readonly isRunning: boolean
  readonly now: () => number
}

/** Verifies and mends; alone with a torrent that nobody has open. Rejects IMPORT_BUSY while another process has it. */
export async function repairImport(
  { imports, library, isRunning, now }: RepairImportDeps,
  record: ImportRecord,
  options: VerifyOptions,
): Promise<VerifyReport> {
  if (isRunning) return await library.verify(record.id, { ...options, onlyIfOpen: true })
  await using claim = await claimImport(imports, record)
  const report = await library.verify(record.id, options)
  if (report.repair !== undefined && report.repair.lostPieces.length > 0)
    await reopen({ imports, library, claim, now }, record.id)
  return report
}

/** It is no longer completed: pieces of it have to come again. */
async function reopen(
  { imports, library, claim, now }: Omit<RepairImportDeps, 'isRunning'> & { readonly claim: Claim },
  id: TorrentId,
): Promise<void> {
  const record = await imports.findImport(id)
  const torrent = await library.findTorrent(id)
  if (record?.state !== 'completed' || (torrent && isComplete(torrent, record.selectedFiles))) return
  await new KeptRecord({ imports, claim, now }, record).change('lost', { completedAtMs: undefined })
}
