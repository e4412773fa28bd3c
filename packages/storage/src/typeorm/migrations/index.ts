import { CreateRecords1795348800000 } from './1795348800000-create-records.js'
import { FlushedPieces1795521600000 } from './1795521600000-flushed-pieces.js'
import { PieceHashesV21795608000000 } from './1795608000000-piece-hashes-v2.js'
import { CacheRecords1795611600000 } from './1795611600000-cache-records.js'
import { StoredFiles1795618800000 } from './1795618800000-stored-files.js'
import { TorrentFence1795665600000 } from './1795665600000-torrent-fence.js'

/** In the order in which they run. A released one never changes. */
export const migrations = [
  CreateRecords1795348800000,
  FlushedPieces1795521600000,
  PieceHashesV21795608000000,
  CacheRecords1795611600000,
  StoredFiles1795618800000,
  TorrentFence1795665600000,
]
