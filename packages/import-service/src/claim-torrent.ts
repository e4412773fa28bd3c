import type { Claim, ImportDatabase, ImportRecord } from './database/import-database.js'
import { ImportError } from './errors.js'

export interface NamedTorrent {
  readonly infoHashV1?: string
  readonly infoHashV2?: string
  readonly name?: string
}

/** Takes an import for this process. Rejects IMPORT_BUSY. */
export async function claimImport(imports: ImportDatabase, { id, ...torrent }: ImportRecord): Promise<Claim> {
  const claim = await imports.claim(id)
  if (claim !== undefined) return claim
  const name = torrent.name ?? hashesOf(torrent)[0] ?? id
  throw new ImportError('IMPORT_BUSY', `another process is importing ${name} into this library`)
}

export function hashesOf(torrent: NamedTorrent): readonly string[] {
  return [torrent.infoHashV1, torrent.infoHashV2].filter((hash) => hash !== undefined)
}
