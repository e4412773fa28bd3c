import { crashPoint } from './crash-point.js'
import type { TorrentRecord } from './database.js'
import { encodeManifest, type ManifestKind, manifestName } from './manifest.js'
import { readPackedKeys } from './packed-keys.js'
import type { PieceSet } from './piece-set.js'
import type { TorrentDeps } from './torrent-deps.js'

/**
 * Keeps the manifest of one torrent: a partial one from the moment it is open, a complete one once all its
 * pieces are recorded. What cannot be written now is written when the torrent is opened next, and costs nobody
 * a piece: so nothing here rejects.
 */
export class ManifestWriter {
  readonly #deps: TorrentDeps
  readonly #record: TorrentRecord
  readonly #completed: PieceSet
  /** How many pieces the partial manifest may know of. */
  #knownPieces = 0
  #last: Promise<void> = Promise.resolve()

  constructor(deps: TorrentDeps, record: TorrentRecord, completed: PieceSet) {
    this.#deps = deps
    this.#record = record
    this.#completed = completed
  }

  /** Writes what the last process did not come to write. */
  async opened(): Promise<void> {
    this.#knownPieces = this.#completed.count()
    if (this.#completed.isFull()) return await this.complete()
    await this.#attempt(async () => {
      if ((await this.#has('complete')) || (await this.#has('partial'))) return
      await this.#put('partial', undefined)
      crashPoint('partial manifest is written')
    })
  }

  /** All pieces are recorded. */
  async complete(): Promise<void> {
    await this.#attempt(async () => {
      if (await this.#has('complete')) return
      const { database, torrentId, mapper } = this.#deps
      const keys = await readPackedKeys(database, torrentId, mapper.chunkCount)
      await this.#put('complete', keys)
      crashPoint('complete manifest is written')
      await this.#deps.chunkStore.manifests.delete(manifestName(torrentId, 'partial'))
    })
  }

  /** The keys known so far go into the partial manifest: an import that was stopped need not fetch those chunks again. */
  async closing(): Promise<void> {
    const pieces = this.#completed.count()
    if (this.#completed.isFull() || pieces === this.#knownPieces) return
    this.#knownPieces = pieces
    await this.#attempt(async () => {
      if (await this.#has('complete')) return
      const { database, torrentId, mapper } = this.#deps
      await this.#put('partial', await readPackedKeys(database, torrentId, mapper.chunkCount))
    })
  }

  async #put(kind: ManifestKind, chunkKeys: Uint8Array | undefined): Promise<void> {
    const manifest = { record: this.#record, ...(chunkKeys === undefined ? {} : { chunkKeys }) }
    const { chunkStore, torrentId } = this.#deps
    await chunkStore.manifests.put(manifestName(torrentId, kind), await encodeManifest(manifest))
  }

  async #has(kind: ManifestKind): Promise<boolean> {
    return await this.#deps.chunkStore.manifests.has(manifestName(this.#deps.torrentId, kind))
  }

  /** One after the other. */
  async #attempt(write: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(write).catch((error: unknown) => {
      const { logger, torrentId } = this.#deps
      logger.warn({ torrentId, err: error }, 'the manifest of a torrent could not be written yet')
    })
    await this.#last
  }
}
