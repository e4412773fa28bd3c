import type { StagingChunkStore } from './chunk-store.js'
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
}
