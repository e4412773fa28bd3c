import type { ChunkKey } from './chunk-store.js'
import type { DeleteObjects } from './delete-objects.js'
import type { MemoryContents } from './memory-cache-records.js'
import type { OrphanRecords } from './orphan-records.js'
import type { TorrentId } from './torrent-layout.js'

/** One write after the other, and none after close. */
type Write = <T>(work: () => T | Promise<T>) => Promise<T>

/** The part of a MemoryDatabase for whoever looks for things that nobody needs. */
export class MemoryOrphanRecords implements OrphanRecords {
  readonly #contents: MemoryContents
  readonly #write: Write

  constructor(contents: MemoryContents, write: Write) {
    this.#contents = contents
    this.#write = write
  }

  async unreferenced(after: ChunkKey | undefined, limit: number): Promise<readonly ChunkKey[]> {
    return await this.#write(() => {
      const found: ChunkKey[] = []
      for (const [key, { references }] of this.#contents.chunks) {
        if (references === 0 && (after === undefined || key > after)) found.push(key)
      }
      return found.sort().slice(0, limit)
    })
  }

  async forgetUnknown(keys: readonly ChunkKey[], deleteObjects: DeleteObjects): Promise<void> {
    await this.#write(async () => {
      const unknown = [...new Set(keys)].filter((key) => !this.#contents.chunks.has(key))
      if (unknown.length > 0) await deleteObjects(unknown)
    })
  }

  async whileAbsent(id: TorrentId, work: () => Promise<void>): Promise<boolean> {
    return await this.#write(async () => {
      if (this.#contents.torrents.has(id)) return false
      await work()
      return true
    })
  }
}
