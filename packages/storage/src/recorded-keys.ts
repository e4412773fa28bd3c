import type { ChunkKey } from './chunk-store.js'
import type { Database } from './database.js'
import type { TorrentId } from './torrent-layout.js'

type Page = readonly (ChunkKey | undefined)[]

const pageKeys = 256
const maxPages = 32

/** The recorded keys of one torrent's chunks, asked for in pages, a bounded number of which is kept. */
export class RecordedKeys {
  readonly #database: Database
  readonly #torrentId: TorrentId
  readonly #chunkCount: number
  readonly #pages = new Map<number, Promise<Page>>()

  constructor(database: Database, torrentId: TorrentId, chunkCount: number) {
    this.#database = database
    this.#torrentId = torrentId
    this.#chunkCount = chunkCount
  }

  /** A key once recorded may be answered from memory; that there is none is always asked anew. */
  async find(ordinal: number): Promise<ChunkKey | undefined> {
    const cached = this.#pages.get(pageOf(ordinal))
    const key = (await cached)?.[ordinal % pageKeys]
    if (key !== undefined) return key
    if (this.#pages.get(pageOf(ordinal)) === cached) this.forget(ordinal)
    return (await this.#page(pageOf(ordinal)))[ordinal % pageKeys]
  }

  /** The record of this chunk has changed, or is doubted. */
  forget(ordinal: number): void {
    this.#pages.delete(pageOf(ordinal))
  }

  async #page(page: number): Promise<Page> {
    const known = this.#pages.get(page)
    if (known !== undefined) return await known
    const first = page * pageKeys
    const asked = this.#database.chunkKeys(
      this.#torrentId,
      first,
      Math.min(pageKeys, this.#chunkCount - first),
    )
    this.#pages.set(page, asked)
    const [oldest] = this.#pages.keys()
    if (this.#pages.size > maxPages && oldest !== undefined) this.#pages.delete(oldest)
    try {
      return await asked
    } catch (error) {
      if (this.#pages.get(page) === asked) this.#pages.delete(page)
      throw error
    }
  }
}

function pageOf(ordinal: number): number {
  return Math.floor(ordinal / pageKeys)
}
