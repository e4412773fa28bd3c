import type { PieceHashes, StorageHandler } from '@bae/native'
import type { OpenStorageOptions, Storage, TorrentId, TorrentLayout, TorrentMetadata } from '@bae/storage'
import { ClientError } from './errors.js'
import type { StorageIndexMap } from './storage-index-map.js'
import type { StorageRegistry } from './storage-registry.js'

/** What the bridge tells upwards. Pieces are counted from here, never from alerts. */
export interface StorageBridgeListener {
  /** Asked before a storage is opened. */
  wantedFilesOf(torrentId: TorrentId, layout: TorrentLayout): Pick<OpenStorageOptions, 'wantedFiles'>
  storageOpened(torrentId: TorrentId, storage: Storage, metadata: TorrentMetadata, bits: Uint8Array): void
  /** The storage has completed the piece: it survives a crash. */
  pieceCompleted(torrentId: TorrentId, piece: number): void
  /** The piece is written again or cleared, and so no longer complete. */
  pieceCleared(torrentId: TorrentId, piece: number): void
  /** The storage could not complete a piece that libtorrent found right. */
  completionFailed(torrentId: TorrentId, piece: number, error: unknown): void
  /** A call failed; native gets the same error and decides what becomes of the torrent. */
  storageFailed(torrentId: TorrentId, error: unknown): void
}

/** What was asked of the storages since the client began. */
export interface StorageCounts {
  readonly writtenPieces: number
  readonly writtenBytes: number
  readonly reads: number
  readonly readBytes: number
  readonly completedPieces: number
  readonly failedCalls: number
  /** Calls that have not settled. */
  readonly openCalls: number
}

/** Between native and the storages: looks up the storage of an index, calls it, tells what came of it. */
export class StorageBridge implements StorageHandler {
  readonly #registry: StorageRegistry
  readonly #indices: StorageIndexMap
  readonly #listener: StorageBridgeListener
  readonly #counts = {
    writtenPieces: 0,
    writtenBytes: 0,
    reads: 0,
    readBytes: 0,
    completedPieces: 0,
    failedCalls: 0,
    openCalls: 0,
  }

  constructor(deps: {
    readonly registry: StorageRegistry
    readonly indices: StorageIndexMap
    readonly listener: StorageBridgeListener
  }) {
    this.#registry = deps.registry
    this.#indices = deps.indices
    this.#listener = deps.listener
  }

  get counts(): StorageCounts {
    return { ...this.#counts }
  }

  async openStorage(
    storageIndex: number,
    id: string,
    layout: TorrentLayout,
    metadata: TorrentMetadata,
  ): Promise<{ havePieces: Uint8Array; blockHashes?: boolean; hashPieces: boolean }> {
    const torrentId = id as TorrentId
    const registered = this.#indices.has(storageIndex) && this.#indices.get(storageIndex) === torrentId
    if (!registered) this.#indices.set(storageIndex, torrentId)
    return this.#reported(torrentId, async () => {
      const wanted = this.#listener.wantedFilesOf(torrentId, layout)
      const storage = await this.#registry.open(torrentId, layout, metadata, wanted)
      const havePieces = await storage.completedPieces()
      this.#listener.storageOpened(torrentId, storage, metadata, havePieces)
      const hashPieces = storage.hashPiece !== undefined
      return { havePieces, hashPieces, ...(storage.wantsBlockHashes && { blockHashes: true }) }
    })
  }

  async writePiece(
    storageIndex: number,
    piece: number,
    offset: number,
    bytes: Uint8Array,
    blockHashes?: Uint8Array,
  ): Promise<void> {
    const torrentId = this.#indices.get(storageIndex)
    this.#listener.pieceCleared(torrentId, piece)
    await this.#call(torrentId, (storage) =>
      storage.writePiece(piece, offset, bytes, blockHashes && { blockHashes }),
    )
    this.#counts.writtenPieces++
    this.#counts.writtenBytes += bytes.length
  }

  async readPiece(
    storageIndex: number,
    piece: number,
    offset: number,
    length: number,
    into?: Uint8Array,
  ): Promise<Uint8Array> {
    const torrentId = this.#indices.get(storageIndex)
    const bytes = await this.#call(torrentId, (storage) =>
      storage.readPiece(piece, offset, length, into && { into }),
    )
    this.#counts.reads++
    this.#counts.readBytes += length
    return bytes
  }

  async hashPiece(
    storageIndex: number,
    piece: number,
    want: { readonly sha1: boolean; readonly sha256Blocks: boolean },
  ): Promise<PieceHashes | undefined> {
    const torrentId = this.#indices.get(storageIndex)
    return this.#call(torrentId, async (storage) => storage.hashPiece?.(piece, want))
  }

  async completePiece(storageIndex: number, piece: number): Promise<void> {
    const torrentId = this.#indices.get(storageIndex)
    try {
      await this.#call(torrentId, (storage) => storage.completePiece(piece))
    } catch (error) {
      this.#listener.completionFailed(torrentId, piece, error)
      throw error
    }
    this.#counts.completedPieces++
    this.#listener.pieceCompleted(torrentId, piece)
  }

  async clearPiece(storageIndex: number, piece: number): Promise<void> {
    const torrentId = this.#indices.get(storageIndex)
    this.#listener.pieceCleared(torrentId, piece)
    await this.#call(torrentId, (storage) => storage.clearPiece(piece))
  }

  async closeStorage(storageIndex: number, deleteData: boolean): Promise<void> {
    const torrentId = this.#indices.get(storageIndex)
    this.#indices.delete(storageIndex)
    // libtorrent may open a torrent's next storage before it closes the last one.
    if (this.#indices.hasTorrent(torrentId)) return
    await this.#registry.close(torrentId, { deleteData })
  }

  /** Waits for a storage that is still opening. */
  #call<T>(torrentId: TorrentId, call: (storage: Storage) => Promise<T>): Promise<T> {
    const opening = this.#registry.get(torrentId)
    return this.#reported(torrentId, async () => {
      if (opening === undefined) {
        throw new ClientError('CLIENT_UNKNOWN_STORAGE', `torrent ${torrentId} has no open storage`)
      }
      return call(await opening)
    })
  }

  async #reported<T>(torrentId: TorrentId, call: () => Promise<T>): Promise<T> {
    this.#counts.openCalls++
    try {
      return await call()
    } catch (error) {
      this.#counts.failedCalls++
      this.#listener.storageFailed(torrentId, error)
      throw error
    } finally {
      this.#counts.openCalls--
    }
  }
}
