import { randomUUID } from 'node:crypto'
import { BaeStorage } from '../src/bae-storage.js'
import { chunkKeyOf } from '../src/chunk-key.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { ChunkKey, StagedChunk, StagingChunkStore } from '../src/chunk-store.js'
import { collect } from '../src/compliance/expectations.js'
import { pieceBytes, pieceHashesV1, pieceHashesV2, torrentBytes } from '../src/compliance/layouts.js'
import { anotherTorrent, writeWhole } from '../src/compliance/storage-subject.js'
import type { Progress, TorrentRecord } from '../src/database.js'
import type { Durability } from '../src/durability.js'
import type { Logger } from '../src/logger.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { PieceMapper } from '../src/piece-mapper.js'
import type { TorrentId, TorrentLayout } from '../src/torrent-layout.js'

type RecordArguments = Parameters<MemoryDatabase['recordProgress']>
type ClearArguments = Parameters<MemoryDatabase['clearProgress']>

/** A database that tells a test what it is about to do and what it did, and fails where the test throws. */
export class WatchedDatabase extends MemoryDatabase {
  readonly transactions: Progress[] = []
  beforeRecord: () => Promise<void> = async () => {}
  afterRecord: () => Promise<void> = async () => {}
  beforeClear: () => Promise<void> = async () => {}

  static reopenWatched(closed: WatchedDatabase): WatchedDatabase {
    return new WatchedDatabase(closed.contentsOfNextProcess())
  }

  override async recordProgress(...parameters: RecordArguments): Promise<void> {
    this.transactions.push(parameters[1])
    await this.beforeRecord()
    await super.recordProgress(...parameters)
    await this.afterRecord()
  }

  override async clearProgress(...parameters: ClearArguments): Promise<readonly ChunkKey[]> {
    await this.beforeClear()
    return await super.clearProgress(...parameters)
  }
}

export interface LoggedLine {
  readonly level: 'warn' | 'error'
  readonly message: string
}

/** One torrent in a library of its own, whose storage can die and be opened again. */
export class Library {
  readonly layout: TorrentLayout
  readonly bytes: Uint8Array
  readonly record: TorrentRecord
  readonly mapper: PieceMapper
  readonly chunkStore: StagingChunkStore
  readonly database: WatchedDatabase
  readonly log: LoggedLine[] = []
  readonly durability: Durability
  /** Another one for every boot of the imaginary machine. */
  bootId = 'the first boot'

  constructor(
    layout: TorrentLayout,
    options: {
      chunkSizeBytes?: number
      store?: StagingChunkStore
      database?: WatchedDatabase
      withoutPieceHashes?: boolean
      durability?: Durability
      /** Makes other bytes of the usual ones. */
      change?: (bytes: Uint8Array) => void
    } = {},
    known?: TorrentRecord,
  ) {
    this.layout = known?.layout ?? anotherTorrent(layout)
    this.bytes = torrentBytes(layout)
    options.change?.(this.bytes)
    this.chunkStore = options.store ?? new MemoryChunkStore()
    this.database = options.database ?? new WatchedDatabase()
    this.durability = options.durability ?? 'process'
    this.record = known ?? {
      id: randomUUID() as string as TorrentId,
      layout: this.layout,
      metadata: {
        infoSection: Uint8Array.of(0x64, 0x65),
        ...(options.withoutPieceHashes ? {} : hashesOf(layout, this.bytes)),
      },
      chunkSizeBytes: options.chunkSizeBytes ?? 65_536,
      addedAtMs: 1_795_000_000_000,
    }
    this.mapper = new PieceMapper(layout, this.record)
  }

  /** Opens the torrent as a new process would; whatever was open before is simply forgotten. */
  async open(chunkStore: StagingChunkStore = this.chunkStore): Promise<BaeStorage> {
    await this.database.saveTorrent(this.record)
    const keep =
      (level: 'warn' | 'error') =>
      (_: object, message: string): void =>
        void this.log.push({ level, message })
    const logger: Logger = { debug: () => {}, info: () => {}, warn: keep('warn'), error: keep('error') }
    const { record, database, durability, bootId } = this
    return await BaeStorage.open({ record, chunkStore, database, logger, durability, bootId })
  }

  piece(piece: number): Uint8Array {
    return pieceBytes(this.layout, this.bytes, piece)
  }

  async write(storage: BaeStorage, ...pieces: number[]): Promise<void> {
    await Promise.all(pieces.map((piece) => writeWhole(storage, this.bytes, piece)))
  }

  async complete(storage: BaeStorage, ...pieces: number[]): Promise<void> {
    await this.write(storage, ...pieces)
    await Promise.all(pieces.map((piece) => storage.completePiece(piece)))
  }

  /** The right bytes of a chunk. */
  chunk(ordinal: number): Uint8Array {
    const { fileIndex, chunk } = this.mapper.chunkAt(ordinal)
    const start = (this.layout.files[fileIndex]?.offsetBytes ?? 0) + chunk * this.record.chunkSizeBytes
    return this.bytes.subarray(start, start + this.mapper.chunkLengthBytes(ordinal))
  }

  key(ordinal: number): ChunkKey {
    return chunkKeyOf(this.chunk(ordinal), this.record.chunkSizeBytes)
  }

  staged(ordinal: number): StagedChunk {
    return { torrentId: this.record.id, ...this.mapper.chunkAt(ordinal) }
  }

  async stagedOrdinals(): Promise<number[]> {
    const places = await collect(this.chunkStore.staging.list(this.record.id))
    return places
      .map(({ fileIndex, chunk }) => this.mapper.chunkOrdinal(fileIndex, chunk))
      .sort((a, b) => a - b)
  }

  async storedKeys(): Promise<ChunkKey[]> {
    return (await collect(this.chunkStore.list(''))).sort()
  }

  async recordedKeys(): Promise<readonly (ChunkKey | undefined)[]> {
    return await this.database.chunkKeys(this.record.id, 0, this.mapper.chunkCount)
  }
}

/** A promise that a test settles. */
export function held(): { promise: Promise<void>; release: () => void } {
  let release = (): void => {}
  const promise = new Promise<void>((resolve) => {
    release = resolve
  })
  return { promise, release }
}

/** Whether a promise has settled by the end of this turn of the event loop. */
export async function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const settle = (): void => {
    settled = true
  }
  promise.then(settle, settle)
  await new Promise((resolve) => setImmediate(resolve))
  return settled
}

/** Of a v2 torrent where the layout has no v1 hash, of a hybrid one where it has both. */
function hashesOf(layout: TorrentLayout, bytes: Uint8Array) {
  return {
    ...(layout.infoHashV1 && { pieceHashesV1: pieceHashesV1(layout, bytes) }),
    ...(layout.infoHashV2 && { pieceHashesV2: pieceHashesV2(layout, bytes) }),
  }
}
