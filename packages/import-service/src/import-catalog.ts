import type { TorrentLayout } from '@bae/storage'
import { claimImport } from './claim-torrent.js'
import type { ImportDatabase, ImportRecord } from './database/import-database.js'
import { type ExportedTorrent, type ExportOptions, exportTorrent } from './export-torrent.js'
import {
  describeImport,
  type ImportSnapshot,
  importedFiles,
  isComplete,
  totalPieces,
} from './import-snapshot.js'
import type { LibraryLike, LibraryTorrent, VerifyOptions } from './library-like.js'
import { fileIncomplete, fileNotFound, incomplete } from './not-there.js'
import { type ReadFileOptions, type RunningImport, readWhileFetched } from './read-import.js'
import { repairImport } from './repair-import.js'
import { resolveId } from './resolve-id.js'
import { isStored } from './stored-share.js'
import { describeVerified, type VerifiedImport } from './verified-import.js'

/** Layouts are large: so many are in memory at a time. */
const listedTogether = 200

export interface ImportCatalogDeps {
  readonly imports: ImportDatabase
  readonly library: LibraryLike
  /** What a .torrent file is about, of an import that has not begun. */
  readonly parseTorrentFile: (bytes: Uint8Array) => Promise<TorrentLayout>
  readonly now: () => number
}

/** What can be read of the imports of a library, whoever runs them. Ids as in ImportService. */
export class ImportCatalog {
  readonly #imports: ImportDatabase
  readonly #library: LibraryLike
  readonly #parseTorrentFile: ImportCatalogDeps['parseTorrentFile']
  readonly #now: () => number

  constructor({ imports, library, parseTorrentFile, now }: ImportCatalogDeps) {
    this.#imports = imports
    this.#library = library
    this.#parseTorrentFile = parseTorrentFile
    this.#now = now
  }

  async resolve(id: string): Promise<ImportRecord> {
    return resolveId(await this.#imports.listImports(), id)
  }

  async *each(): AsyncIterable<ImportSnapshot> {
    const records = await this.#imports.listImports()
    for (let first = 0; first < records.length; first += listedTogether) {
      const some = records.slice(first, first + listedTogether)
      const torrents = await this.#library.findTorrents(some.map(({ id }) => id))
      const byId = new Map(torrents.map((torrent) => [torrent.id, torrent]))
      for (const record of some) yield describeImport(record, byId.get(record.id))
    }
  }

  /** With its files, also where it has not begun and has a .torrent file: for who wants to choose among them. */
  async describe(record: ImportRecord): Promise<ImportSnapshot> {
    return describeImport(record, await this.knownTorrent(record))
  }

  /** Of one that has not begun, too, where there is a .torrent file; `undefined` where nobody has said what it is about. */
  async knownTorrent(record: ImportRecord): Promise<LibraryTorrent | undefined> {
    return (await this.#library.findTorrent(record.id)) ?? (await this.#notBegun(record))
  }

  /** Rejects IMPORT_INCOMPLETE where nothing is known of it yet. */
  async torrentOf(record: ImportRecord): Promise<LibraryTorrent> {
    const torrent = await this.#library.findTorrent(record.id)
    if (torrent === undefined) throw incomplete(describeImport(record, undefined))
    return torrent
  }

  /** `isRunning`: a job of this process has the torrent open, and a repair goes through it. */
  async verify(record: ImportRecord, options: VerifyOptions, isRunning: boolean): Promise<VerifiedImport> {
    const { layout } = await this.torrentOf(record)
    const deps = { imports: this.#imports, library: this.#library, now: this.#now, isRunning }
    const report = options.repair
      ? await repairImport(deps, record, options)
      : await deps.library.verify(record.id, options)
    return describeVerified(record.id, layout, report)
  }

  async export(
    record: ImportRecord,
    directory: string,
    options: ExportOptions,
  ): Promise<ExportedTorrent & { id: string }> {
    const torrent = await this.torrentOf(record)
    const { selectedFiles } = record
    if (!isComplete(torrent, selectedFiles)) throw incomplete(describeImport(record, torrent))
    const deps = { library: this.#library, torrent, ...(selectedFiles && { selectedFiles }) }
    return { id: record.id, ...(await exportTorrent(deps, directory, options)) }
  }

  /** What `running` says of an import that is fetched here: a file that is not there yet is read as it comes. */
  async openFile(
    record: ImportRecord,
    path: string,
    options: ReadFileOptions,
    running: RunningImport | undefined,
  ): Promise<AsyncIterable<Uint8Array>> {
    const torrent = await this.torrentOf(record)
    const files = importedFiles(torrent.layout)
    const found = files.find((file) => file.path === path)
    if (found === undefined)
      throw fileNotFound(
        path,
        files.map((file) => file.path),
      )
    if (isStored(torrent, found.file)) return this.#library.readFile(record.id, found.file.index, options)
    const isWanted = record.selectedFiles?.includes(found.file.index) ?? true
    if (running === undefined || !isWanted) throw fileIncomplete(describeImport(record, torrent), path)
    return readWhileFetched({ library: this.#library, id: record.id }, running, found.file, options)
  }

  async remove(record: ImportRecord): Promise<ImportSnapshot> {
    await using claim = await claimImport(this.#imports, record)
    const snapshot = await this.describe(record)
    await this.#library.removeTorrent(record.id)
    const reason = { code: 'removed', message: 'its user removed it' }
    await this.#imports.deleteImport(record.id, {
      claim,
      event: { atMs: this.#now(), from: record.state, reason },
    })
    return snapshot
  }

  async pin(record: ImportRecord): Promise<ImportSnapshot> {
    if (await this.#library.pin(record.id, 'user')) return await this.describe(record)
    throw incomplete(describeImport(record, undefined))
  }

  async unpin(record: ImportRecord): Promise<ImportSnapshot> {
    await this.#library.unpin(record.id, 'user')
    return await this.describe(record)
  }

  async #notBegun({ id }: ImportRecord): Promise<LibraryTorrent | undefined> {
    // Lists of records are without it.
    const torrentFile = (await this.#imports.findImport(id))?.torrentFile
    if (torrentFile === undefined) return undefined
    const layout = await this.#parseTorrentFile(torrentFile)
    return { id, layout, completedPieces: new Uint8Array(Math.ceil(totalPieces(layout) / 8)) }
  }
}
