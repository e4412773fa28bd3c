import type { MerkleRoot } from './chunk-key.js'
import type { StagedChunk, StagingChunkStore } from './chunk-store.js'
import type { Database } from './database.js'
import type { Durability } from './durability.js'
import type { Logger } from './logger.js'
import type { PieceMapper } from './piece-mapper.js'
import type { TorrentId } from './torrent-layout.js'

/** What every part of one torrent's storage works with. */
export interface TorrentDeps {
  readonly torrentId: TorrentId
  readonly mapper: PieceMapper
  readonly chunkStore: StagingChunkStore
  readonly database: Database
  readonly logger: Logger
  readonly durability: Durability
  /** Goes with every change of the records, and names what is staged. */
  readonly fence: number | undefined
  /** Faster than Node's hashes, where there is one. */
  readonly merkleRoot?: MerkleRoot | undefined
}

/** The place of a chunk among what this writer of the torrent has staged. */
export function stagedChunk(
  { torrentId, fence }: Pick<TorrentDeps, 'torrentId' | 'fence'>,
  { fileIndex, chunk }: { readonly fileIndex: number; readonly chunk: number },
): StagedChunk {
  return { torrentId, fileIndex, chunk, ...(fence !== undefined && { fence }) }
}
