import type { AbortOptions } from './abort-options.js'
import type { ChunkKey, StagingChunkStore } from './chunk-store.js'
import { isBaeError } from './errors.js'

/** Bytes that were ours are gone or damaged: no failure of whoever was asked for them. */
export function isLoss(error: unknown): boolean {
  return isBaeError(error, 'STORAGE_CHUNK_MISSING') || isBaeError(error, 'STORAGE_CORRUPT')
}

/** A chunk for whoever proves it anyway. A store that finds damage on the way says that it is damage. */
export async function getIfSound(
  chunkStore: StagingChunkStore,
  key: ChunkKey,
  options?: AbortOptions,
): Promise<Uint8Array | 'damaged' | undefined> {
  try {
    if (chunkStore.getUnchecked !== undefined) return await chunkStore.getUnchecked(key, options)
    return await chunkStore.get(key, options)
  } catch (error) {
    if (isBaeError(error, 'STORAGE_CORRUPT')) return 'damaged'
    throw error
  }
}
