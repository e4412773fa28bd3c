import type { StagingChunkStore } from '../chunk-store.js'

export interface StagingSubject {
  /** A new, empty store. */
  create(): Promise<StagingChunkStore>
  /** The same store once more, after `close()`. Left out by stores that keep nothing. */
  reopen?(closed: StagingChunkStore): Promise<StagingChunkStore>
}
