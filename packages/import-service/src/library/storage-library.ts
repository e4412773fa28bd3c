import type {
  AbortOptions,
  ByteRange,
  Database,
  Garbage,
  GarbageOptions,
  NotRebuilt,
  PinReason,
  RebuildOptions,
  RebuiltTorrent,
  RepairedScrubReport,
  readFile,
  TorrentId,
  TorrentReader,
  TorrentRecord,
} from '@bae/storage'
import { ImportError } from '../errors.js'
import type { LibraryLike, LibraryTorrent, VerifyOptions, VerifyReport } from '../library-like.js'

type ReadPiece = Pick<TorrentReader, 'readPiece'>

/** The storage side as functions, so that only compose.ts loads it. */
export interface StorageLibraryDeps {
  readonly database: Database
  readonly openReader: (record: TorrentRecord) => ReadPiece
  readonly readFile: typeof readFile
  /** Through the storage of the torrent where this process has it open, or where it shall repair. */
  readonly scrub: (record: TorrentRecord, options: VerifyOptions) => Promise<RepairedScrubReport>
  readonly noteAllSound: () => Promise<void>
  readonly destroy: (id: TorrentId) => Promise<void>
  readonly makingRoom: LibraryLike['makingRoom']
  readonly rebuild: LibraryLike['rebuild']
  readonly collectGarbage: LibraryLike['collectGarbage']
  readonly close: () => Promise<void>
}

/** A library on BaeStorage's records and chunks. Writes nothing but in `removeTorrent` and to repair. */
export class StorageLibrary implements LibraryLike {
  readonly #deps: StorageLibraryDeps
  /** The torrent read last: an export asks for its files one after the other. */
  #last: { readonly record: TorrentRecord; readonly reader: ReadPiece } | undefined

  constructor(deps: StorageLibraryDeps) {
    this.#deps = deps
  }

  async findTorrent(id: TorrentId): Promise<LibraryTorrent | undefined> {
    const [torrent] = await this.findTorrents([id])
    return torrent
  }

  findTorrents(ids: readonly TorrentId[]): Promise<readonly LibraryTorrent[]> {
    return this.#deps.database.overviewTorrents(ids)
  }

  async *readFile(
    id: TorrentId,
    fileIndex: number,
    options: AbortOptions & { readonly range?: ByteRange } = {},
  ): AsyncIterable<Uint8Array> {
    const { record, reader } = await this.#open(id)
    yield* this.#deps.readFile(reader, record.layout, fileIndex, options)
  }

  async verify(id: TorrentId, options: VerifyOptions = {}): Promise<VerifyReport> {
    const { record } = await this.#open(id)
    return await this.#deps.scrub(record, options)
  }

  noteAllSound(): Promise<void> {
    return this.#deps.noteAllSound()
  }

  async pin(torrentId: TorrentId, reason: PinReason): Promise<boolean> {
    const { cache } = this.#deps.database
    if ((await cache.pinCount({ torrentId }, reason)) > 0) return true
    return await cache.pin({ torrentId }, reason)
  }

  async unpin(torrentId: TorrentId, reason: PinReason): Promise<boolean> {
    let wasPinned = false
    // More than once where two have pinned it at the same time.
    while (await this.#deps.database.cache.unpin({ torrentId }, reason)) wasPinned = true
    return wasPinned
  }

  removeTorrent(id: TorrentId): Promise<void> {
    this.#last = undefined
    return this.#deps.destroy(id)
  }

  makingRoom<T>(job: () => Promise<T>): Promise<T> {
    return this.#deps.makingRoom(job)
  }

  rebuild(options?: RebuildOptions): AsyncIterable<RebuiltTorrent | NotRebuilt> {
    return this.#deps.rebuild(options)
  }

  collectGarbage(options?: GarbageOptions): AsyncIterable<Garbage> {
    return this.#deps.collectGarbage(options)
  }

  close(): Promise<void> {
    return this.#deps.close()
  }

  async #open(id: TorrentId) {
    if (this.#last?.record.id === id) return this.#last
    const record = await this.#deps.database.findTorrent(id)
    if (record === undefined) throw new ImportError('IMPORT_NOT_FOUND', `the library holds no torrent ${id}`)
    this.#last = { record, reader: this.#deps.openReader(record) }
    return this.#last
  }
}
