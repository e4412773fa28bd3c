import type { PeerAddress } from '@bae/client'
import type { AbortOptions } from '@bae/storage'
import { completedImport } from './completed-import.js'
import type { ImportRecord } from './database/import-database.js'
import type { FileChoice } from './file-choice.js'
import { type Import, ImportJob, type ImportJobDeps } from './import-job.js'
import { claimSource, findCompleted, recordFor } from './import-records.js'
import type { ImportSource } from './import-source.js'
import { KeptRecord } from './kept-record.js'

export interface AddImportOptions extends AbortOptions {
  /** Dialled over TCP at once. */
  readonly peers?: readonly PeerAddress[]
  /** Globs on paths as in ImportSnapshot.files: only these files. Those that a magnet link selects, else all, when left out. */
  readonly select?: readonly string[]
}

export interface BeginImportDeps extends ImportJobDeps {
  readonly changed: (record: ImportRecord) => void
}

/** Begins an import for somebody who waits for it, outside of the turns of a service. See ImportService.add. */
export async function beginImport(
  deps: BeginImportDeps,
  source: ImportSource,
  choice: FileChoice,
  { signal, peers = [] }: AddImportOptions,
): Promise<Import> {
  if (source.layout !== undefined) choice.resolve(source.layout)
  const completed = await findCompleted(deps, source, choice)
  if (completed !== undefined) return completedImport(completed)
  // What is recorded from here on the import itself takes back when it is stopped.
  signal?.throwIfAborted()
  const { imports, now, changed } = deps
  const claim = await claimSource(deps, source)
  try {
    const { record, layout, from } = await recordFor(deps, source, choice)
    const event = { atMs: now(), from, reason: { code: 'began' } }
    await imports.saveImport(record, { claim, ...(from !== record.state && { event }) })
    const kept = new KeptRecord({ imports, claim, now, changed }, record)
    const wanted = layout === undefined ? { choice } : {}
    return new ImportJob(deps, kept, source, { peers, ...(signal && { signal }), ...wanted })
  } catch (error) {
    await claim.release()
    throw error
  }
}
