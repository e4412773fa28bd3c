import type { FenceOptions } from './fence.js'
import type { TorrentId } from './torrent-layout.js'

/** A file of more than one chunk, all of which have keys. */
export interface StoredFile {
  /** The root of its merkle tree (BEP 52), 64 hex digits. */
  readonly root: string
  /** Its chunks are this one and those that follow. */
  readonly firstOrdinal: number
}

/**
 * In which torrents the library has a file: part of its records, and of `databaseCompliance`. They are hints:
 * a torrent may have lost the chunks since, and the chunk keys say what the file was.
 */
export interface FileRecords {
  /**
   * Repeating it changes nothing. They go with their torrent; where that is not there nothing is done. Rejects
   * STORAGE_FENCED as every change of a torrent's records.
   */
  save(id: TorrentId, files: readonly StoredFile[], options?: FenceOptions): Promise<void>
  /** Every file that has one of these roots, in no particular order. */
  find(roots: readonly string[]): Promise<readonly (StoredFile & { readonly torrentId: TorrentId })[]>
}
