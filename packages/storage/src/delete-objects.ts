import type { AbortOptions } from './abort-options.js'
import type { ChunkKey } from './chunk-store.js'

/** Deletes these objects. Begins with none any more once the signal is aborted, and then rejects. */
export type DeleteObjects = (keys: readonly ChunkKey[], options?: AbortOptions) => Promise<void>
