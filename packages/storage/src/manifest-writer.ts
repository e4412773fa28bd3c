import type { ChunkKey } from './chunk-store.js'
import { crashPoint } from './crash-point.js'
import type { TorrentRecord } from './database.js'
import { setBits } from './have-bits.js'
import { encodeManifest, type ManifestKind, manifestName } from './manifest.js'
import { packedKeyAt, readPackedKeys } from './packed-keys.js'
import type { PieceSet } from './piece-set.js'
import { storedFilesOf } from './stored-files.js'
import type { TorrentDeps } from './torrent-deps.js'

/**
 * Keeps the manifest of one torrent: a partial one from the moment it is open, a complete one once all its
 * pieces are recorded. A key is in it only when the bytes of all pieces were flushed. What cannot be written
 * now is written when the torrent is opened next, and costs nobody a piece: so nothing here rejects.
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
    await this.#attempt(async () => {
      // Of most torrents the first that is looked for is there.
      if (this.#completed.isFull()) {
        if (await this.#has('complete')) return
        await this.#flushRest()
        await this.#putComplete()
      } else if (!(await this.#has('partial')) && !(await this.#has('complete'))) {
        await this.#put('partial', undefined)
        crashPoint('partial manifest is written')
      }
    })
  }

  /** All pieces are recorded, and a barrier has run. */
  async complete(): Promise<void> {
    await this.#attempt(async () => {
      if (!(await this.#has('complete'))) await this.#putComplete()
    })
  }

  /** A barrier has run. The keys known so far go into the partial manifest: what an import that was stopped has is found again by them. */
  async closing(): Promise<void> {
    const pieces = this.#completed.count()
    if (this.#completed.isFull() || pieces === this.#knownPieces) return
    this.#knownPieces = pieces
    await this.#attempt(async () => {
      if (!(await this.#has('complete'))) await this.#put('partial', await this.#keys())
    })
  }

  async #putComplete(): Promise<void> {
    const { chunkStore, torrentId } = this.#deps
    await this.#put('complete', await this.#keys())
    crashPoint('complete manifest is written')
    await chunkStore.manifests.delete(manifestName(torrentId, 'partial'))
  }

  /** Records on the way which files there are. */
  async #keys(): Promise<Uint8Array> {
    const { database, fence, torrentId, mapper } = this.#deps
    const { unflushedPieces } = await database.flushState(torrentId)
    if (unflushedPieces.some((byte) => byte !== 0)) throw new Error('some pieces are not flushed yet')
    const keys = await readPackedKeys(database, torrentId, mapper.chunkCount)
    await database.files.save(torrentId, storedFilesOf(this.#record.layout, mapper, keys), { fence })
    crashPoint('stored files are recorded')
    return keys
  }

  /** The last process recorded the last pieces and did not come to its barrier. */
  async #flushRest(): Promise<void> {
    const { chunkStore, database, fence, torrentId, mapper } = this.#deps
    const pieces = [...setBits((await database.flushState(torrentId)).unflushedPieces)]
    if (pieces.length === 0) return
    const keys = await readPackedKeys(database, torrentId, mapper.chunkCount)
    const chunks = new Set<ChunkKey>()
    for (const piece of pieces) {
      for (const { ordinal } of mapper.chunksOfPiece(piece)) {
        const key = packedKeyAt(keys, ordinal)
        if (key !== undefined) chunks.add(key)
      }
    }
    await chunkStore.flush({ chunks: [...chunks] })
    await database.markFlushed(torrentId, pieces, { fence })
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
