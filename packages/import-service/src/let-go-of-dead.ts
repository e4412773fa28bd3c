import { claimImport } from './claim-torrent.js'
import type { ImportDatabase } from './database/import-database.js'
import { isBaeError } from './errors.js'
import type { LibraryLike } from './library-like.js'

/** Takes back what imports that died have kept local for themselves. Those that run keep it. */
export async function letGoOfDead({
  imports,
  library,
}: {
  readonly imports: ImportDatabase
  readonly library: LibraryLike
}): Promise<void> {
  for (const record of await imports.listImports()) {
    if (record.state === 'completed') continue
    const claim = await claimImport(imports, record).catch((error: unknown) => {
      if (isBaeError(error, 'IMPORT_BUSY')) return undefined
      throw error
    })
    if (claim === undefined) continue
    await library.unpin(record.id, 'download').finally(() => claim.release())
  }
}
