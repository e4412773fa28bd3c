import type { TorrentLayout } from '@bae/storage'
import type { ImportDatabase } from './database/import-database.js'
import type { SelectFiles } from './file-choice.js'
import type { ReadMagnetUri } from './import-source.js'
import type { LibraryLike } from './library-like.js'
import type { ServiceClock } from './service-clock.js'
import type { TorrentClientLike } from './torrent-client-like.js'

export interface ImportServiceDeps {
  readonly client: TorrentClientLike
  readonly imports: ImportDatabase
  readonly library: LibraryLike
  /** `selectedFiles` of @bae/client. */
  readonly selectFiles: SelectFiles
  readonly readMagnetUri: ReadMagnetUri
  /** What a .torrent file is about, of an import that has not begun. */
  readonly parseTorrentFile: (bytes: Uint8Array) => Promise<TorrentLayout>
  /** The system's own when left out. */
  readonly clock?: ServiceClock
  /** From 0 to 1; Math.random when left out. */
  readonly random?: () => number
  /** Hears of what failed where nobody waits for it, and is tried again by itself: a database that is away, for one. */
  readonly troubled?: ((error: unknown, doing: string) => void) | undefined
  /** See ImportTransferDeps. */
  readonly inOrderAboveBytes?: number | undefined
}
