import type { AbortOptions } from './abort-options.js'
import { batchesOf } from './batches-of.js'
import type { ChunkKey, ChunkStore, StagingChunkStore } from './chunk-store.js'
import { crashPoint } from './crash-point.js'
import type { Database } from './database.js'
import type { FenceOptions } from './fence.js'
import { forEachBounded } from './for-each-bounded.js'
import { manifestKinds, manifestName } from './manifest.js'
import type { TorrentId } from './torrent-layout.js'

/** Objects that go at a time: their deletion has a few seconds, in a remote store too. */
export const keysPerDeletion = 128

const maxDeletesAtOnce = 8

/** Deletes the chunks among `keys` that nothing refers to any more, object and row. */
export async function deleteUnreferencedChunks(
  deps: { readonly chunkStore: ChunkStore; readonly database: Database },
  keys: readonly ChunkKey[],
): Promise<void> {
  for (const some of batchesOf(keys, keysPerDeletion)) {
    await deps.database.forgetChunks(some, (unreferenced, options) =>
      deleteObjects(deps.chunkStore, unreferenced, options),
    )
  }
}

/** Nobody can refer to them, until `signal` aborts. */
export async function deleteObjects(
  chunkStore: ChunkStore,
  keys: readonly ChunkKey[],
  options?: AbortOptions,
): Promise<void> {
  await forEachBounded(keys, maxDeletesAtOnce, async (key) => {
    options?.signal?.throwIfAborted()
    await chunkStore.delete(key, options)
    crashPoint('object without a reference is deleted')
  })
}

/**
 * Deletes a torrent that no process has open: records before bytes, so that a crash in between leaves bytes
 * that nothing refers to, and never a record of bytes that are gone. Manifests before records: what is deleted
 * never comes back when the database is made anew. An unknown torrent is fine. With a fence: rejects STORAGE_FENCED,
 * with nothing deleted, where a newer writer has the torrent.
 */
export async function destroyTorrent(
  deps: { readonly chunkStore: StagingChunkStore; readonly database: Database },
  torrentId: TorrentId,
  { fence }: FenceOptions = {},
): Promise<void> {
  if (fence !== undefined) await deps.database.raiseFence(torrentId, fence)
  for (const kind of manifestKinds) await deps.chunkStore.manifests.delete(manifestName(torrentId, kind))
  crashPoint('torrent has no manifest any more')
  const unreferenced = await deps.database.deleteTorrent(torrentId, { fence })
  crashPoint('torrent has no records any more')
  await deleteUnreferencedChunks(deps, unreferenced)
  crashPoint('torrent has no chunks any more')
  await deps.chunkStore.staging.discardAll(torrentId, { fence })
  crashPoint('torrent has no staged chunks any more')
}
