import { adoptFiles } from './adopt-files.js'
import { BaeStorage } from './bae-storage.js'
import type { MerkleRoot } from './chunk-key.js'
import type { StagingChunkStore } from './chunk-store.js'
import { crashPoint } from './crash-point.js'
import type { Database, TorrentRecord } from './database.js'
import type { Durability } from './durability.js'
import { findAdoption } from './find-adoption.js'
import type { CreateHashLane } from './hash-lane.js'
import { withBits } from './have-bits.js'
import { type Logger, silentLogger } from './logger.js'
import { PieceMapper } from './piece-mapper.js'
import { assertRoom } from './room.js'
import type { StorageFactory } from './storage.js'
import type { TorrentId } from './torrent-layout.js'

export interface StorageFactoryDeps {
  readonly chunkStore: StagingChunkStore
  readonly database: Database
  readonly logger?: Logger
  /** Where the factory keeps what it has opened and is not closed: a scrub of an open torrent goes through its storage. */
  readonly opened?: Map<TorrentId, BaeStorage>
  /** For scrubs of what it opens: hashes faster than Node. */
  readonly createHashLane?: CreateHashLane
  /** For the keys of chunks: hashes faster than Node. */
  readonly merkleRoot?: MerkleRoot
}

export interface StorageFactoryOptions {
  /** For torrents that are new: a power of two of at least 16 KiB. */
  readonly chunkSizeBytes?: number
  readonly durability?: Durability
  /**
   * Who opens the torrent, as a number that is larger for a newer owner: see `FenceOptions`. Left out, or without an
   * answer: nobody else does.
   */
  readonly fenceOf?: (torrentId: TorrentId) => number | undefined
}

export const defaultStorageFactoryOptions = { chunkSizeBytes: 1 << 20, durability: 'process' } as const

/**
 * Opens torrents of one library. A new torrent is saved before anything of it is stored; a known one keeps
 * the layout and the chunk size it was added with. Files of v2 and hybrid torrents that the library has already,
 * under whatever torrent, are complete at once. Rejects STORAGE_NO_SPACE where the missing bytes of its wanted files
 * exceed what is free, STORAGE_FENCED where a newer owner has the torrent. Store and database are lent.
 */
export function createStorageFactory(
  { chunkStore, database, logger = silentLogger, opened, createHashLane, merkleRoot }: StorageFactoryDeps,
  options: StorageFactoryOptions = {},
): StorageFactory {
  const { chunkSizeBytes, durability, fenceOf } = { ...defaultStorageFactoryOptions, ...options }
  return async (torrentId, layout, metadata, { signal, wantedFiles } = {}) => {
    signal?.throwIfAborted()
    const fence = fenceOf?.(torrentId)
    const known = await database.findTorrent(torrentId)
    const record = known ?? { id: torrentId, layout, metadata, chunkSizeBytes, addedAtMs: Date.now() }
    // A layout that makes no sense is refused before it is saved.
    const mapper = new PieceMapper(record.layout, record)
    const completedPieces = await completedPiecesOf(database, known, mapper)
    const torrent = { record, mapper, completedPieces }
    const adoption = await findAdoption(database, torrent)
    await assertRoom(chunkStore, {
      torrentId,
      layout: record.layout,
      mapper,
      completedPieces: withBits(completedPieces, adoption.pieces),
      ...(wantedFiles && { wantedFiles }),
    })
    if (known === undefined) {
      await database.saveTorrent(record)
      crashPoint('torrent is saved')
    }
    const abort = signal === undefined ? {} : { signal }
    if (adoption.chunks.length > 0) {
      if (fence !== undefined) await database.raiseFence(torrentId, fence)
      await chunkStore.staging.takeOver(torrentId, { ...abort, fence })
      await adoptFiles({ chunkStore, database, fence }, torrent, adoption, abort)
    }
    const onEnd = (): void => {
      if (opened?.get(torrentId) === storage) opened.delete(torrentId)
    }
    // With a fence an older owner may have recorded more until it is raised.
    const isLast = fence === undefined && adoption.chunks.length === 0
    const storage = await BaeStorage.open(
      {
        ...{ record, chunkStore, database, logger, durability, onEnd, fence, createHashLane, merkleRoot },
        ...(isLast && { completedPieces }),
      },
      abort,
    )
    opened?.set(torrentId, storage)
    return storage
  }
}

async function completedPiecesOf(
  database: Database,
  known: TorrentRecord | undefined,
  mapper: PieceMapper,
): Promise<Uint8Array> {
  return known === undefined
    ? new Uint8Array(Math.ceil(mapper.pieceCount / 8))
    : await database.completedPieces(known.id)
}
