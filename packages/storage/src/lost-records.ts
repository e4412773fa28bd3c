import type { AbortOptions } from './abort-options.js'
import type { StagingChunkStore } from './chunk-store.js'
import type { Database } from './database.js'
import { StorageError } from './errors.js'
import { parseManifestName } from './manifest.js'

/**
 * Refuses a database without torrents to a store that has manifests of some: it is new where there should be an
 * old one, and would say that the library is empty. Rejects STORAGE_REBUILD_NEEDED.
 */
export async function refuseLostRecords(
  { chunkStore, database }: { readonly chunkStore: StagingChunkStore; readonly database: Database },
  options: AbortOptions = {},
): Promise<void> {
  // The manifests are looked at before: a torrent has a record when it gets its first one.
  for await (const name of chunkStore.manifests.list(options)) {
    if (parseManifestName(name) === undefined) continue
    if ((await database.listTorrents()).length > 0) return
    // It may have been the last torrent, and be gone now.
    if (!(await chunkStore.manifests.has(name, options))) continue
    throw new StorageError(
      'STORAGE_REBUILD_NEEDED',
      `the database has no torrents, and the store ${chunkStore.name} has: 'bae rebuild' brings their records back`,
    )
  }
}
