import type { StorageFactory, TorrentId } from '@bae/storage'
import { MapStorage, type StoredPiece } from './map-storage.js'

/** The storages of a client, by torrent: what is completed outlives a close, as it would on a disk. */
export class MapLibrary {
  /** Every storage that was opened, in that order. */
  readonly storages: MapStorage[] = []
  /** Runs before each opening: throwing or rejecting fails it, waiting holds it. */
  beforeOpen: (torrentId: TorrentId) => Promise<void> | void = () => {}
  /** Given to each storage that is opened from now on. */
  before: MapStorage['before'] | undefined
  readonly #pieces = new Map<TorrentId, Map<number, StoredPiece>>()
  readonly #latest = new Map<TorrentId, MapStorage>()

  readonly createStorage: StorageFactory = async (torrentId, layout) => {
    await this.beforeOpen(torrentId)
    const pieces = this.#pieces.get(torrentId) ?? new Map<number, StoredPiece>()
    this.#pieces.set(torrentId, pieces)
    const storage = new MapStorage(layout, pieces)
    if (this.before !== undefined) storage.before = this.before
    this.storages.push(storage)
    this.#latest.set(torrentId, storage)
    return storage
  }

  /** The storage of this torrent that was opened last. */
  storageOf(torrentId: TorrentId): MapStorage {
    const storage = this.#latest.get(torrentId)
    if (storage === undefined) throw new Error(`no storage was opened for torrent ${torrentId}`)
    return storage
  }

  get openStorages(): readonly MapStorage[] {
    return this.storages.filter((storage) => !storage.isClosed)
  }

  /** Pieces that are completed for this torrent, by whichever storage. */
  completedPieces(torrentId: TorrentId): readonly number[] {
    const pieces = [...(this.#pieces.get(torrentId) ?? [])]
    return pieces
      .filter(([, { completed }]) => completed)
      .map(([piece]) => piece)
      .sort((a, b) => a - b)
  }
}
