import { type FenceOptions, refuseOlder } from './fence.js'
import type { FileRecords, StoredFile } from './file-records.js'
import type { MemoryContents } from './memory-cache-records.js'
import type { TorrentId } from './torrent-layout.js'

/** One write after the other, and none after close. */
type Write = <T>(work: () => T | Promise<T>) => Promise<T>

/** In which torrents a library in memory has a file. */
export class MemoryFileRecords implements FileRecords {
  readonly #contents: MemoryContents
  readonly #write: Write

  constructor(contents: MemoryContents, write: Write) {
    this.#contents = contents
    this.#write = write
  }

  async save(id: TorrentId, files: readonly StoredFile[], { fence }: FenceOptions = {}): Promise<void> {
    await this.#write(() => {
      const torrent = this.#contents.torrents.get(id)
      refuseOlder(id, fence, torrent?.fence)
      for (const { firstOrdinal, root } of files) torrent?.files.set(firstOrdinal, root)
    })
  }

  async find(roots: readonly string[]): Promise<readonly (StoredFile & { readonly torrentId: TorrentId })[]> {
    return await this.#write(() => {
      const wanted = new Set(roots)
      return [...this.#contents.torrents].flatMap(([torrentId, { files }]) =>
        [...files].flatMap(([firstOrdinal, root]) =>
          wanted.has(root) ? [{ torrentId, firstOrdinal, root }] : [],
        ),
      )
    })
  }
}
