import type { Claim, ImportDatabase } from './database/import-database.js'
import { ImportError } from './errors.js'

export interface NamedTorrent {
  readonly infoHashV1?: string
  readonly infoHashV2?: string
  readonly name?: string
}

/**
 * Takes a torrent for this process: all of its info hashes or none, as a magnet link may know another one
 * than the .torrent file of the same torrent. Rejects IMPORT_BUSY.
 */
export async function claimTorrent(
  imports: ImportDatabase,
  torrent: NamedTorrent,
): Promise<readonly Claim[]> {
  const claims: Claim[] = []
  try {
    for (const hash of hashesOf(torrent)) {
      const claim = await imports.claim(hash)
      if (claim === undefined) {
        const name = torrent.name ?? hash
        throw new ImportError('IMPORT_BUSY', `another process is importing ${name} into this library`)
      }
      claims.push(claim)
    }
    return claims
  } catch (error) {
    await releaseAll(claims)
    throw error
  }
}

export async function releaseAll(claims: readonly Claim[]): Promise<void> {
  await Promise.all(claims.map((claim) => claim.release()))
}

export function hashesOf(torrent: NamedTorrent): readonly string[] {
  return [torrent.infoHashV1, torrent.infoHashV2].filter((hash) => hash !== undefined)
}
