import type { ChunkKey } from './chunk-store.js'
import type { Database, FlushState, Progress, TorrentOverview, TorrentRecord } from './database.js'
import type { DeleteObjects } from './delete-objects.js'
import { StorageError } from './errors.js'
import { assertFence, type FenceOptions, refuseOlder } from './fence.js'
import { clearBit, hasBit, setBit, withoutBits } from './have-bits.js'
import {
  emptyContents,
  MemoryCacheRecords,
  type MemoryContents,
  type MemoryTorrent,
} from './memory-cache-records.js'
import { MemoryFileRecords } from './memory-file-records.js'
import { MemoryOrphanRecords } from './memory-orphan-records.js'
import { pieceCount, type TorrentId } from './torrent-layout.js'

/** A database that lives as long as the process: for libraries in memory, and below the tests of everything else. */
export class MemoryDatabase implements Database {
  readonly cache: MemoryCacheRecords
  readonly orphans: MemoryOrphanRecords
  readonly files: MemoryFileRecords
  readonly #contents: MemoryContents
  #writes: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(contents: MemoryContents = emptyContents()) {
    this.#contents = contents
    const write = <T>(work: () => T | Promise<T>): Promise<T> => this.#write(work)
    this.cache = new MemoryCacheRecords(contents, write)
    this.orphans = new MemoryOrphanRecords(contents, write)
    this.files = new MemoryFileRecords(contents, write)
  }

  /** The same records again, as after a restart. Close the first one before. */
  static reopen(closed: MemoryDatabase): MemoryDatabase {
    return new MemoryDatabase(closed.contentsOfNextProcess())
  }

  /** What another process finds; a claim ends with its own. */
  protected contentsOfNextProcess(): MemoryContents {
    return { ...this.#contents, claim: { holder: undefined } }
  }

  async saveTorrent(record: TorrentRecord): Promise<void> {
    await this.#write(() => {
      const { torrents } = this.#contents
      for (const { record: other } of torrents.values()) refuseOther(record, other)
      if (torrents.has(record.id)) return
      const bytes = Math.ceil(pieceCount(record.layout) / 8)
      torrents.set(record.id, {
        record: structuredClone(record),
        have: new Uint8Array(bytes),
        flushed: new Uint8Array(bytes),
        bootId: undefined,
        fence: undefined,
        keys: new Map(),
        files: new Map(),
      })
    })
  }

  async findTorrent(id: TorrentId): Promise<TorrentRecord | undefined> {
    this.#refuseClosed()
    return structuredClone(this.#contents.torrents.get(id)?.record)
  }

  async findTorrentByInfoHash(infoHash: string): Promise<TorrentRecord | undefined> {
    this.#refuseClosed()
    for (const { record } of this.#contents.torrents.values()) {
      const { infoHashV1, infoHashV2 } = record.layout
      if (infoHash === infoHashV1 || infoHash === infoHashV2) return structuredClone(record)
    }
    return undefined
  }

  async listTorrents(): Promise<readonly TorrentId[]> {
    this.#refuseClosed()
    const records = Array.from(this.#contents.torrents.values(), ({ record }) => record)
    records.sort((a, b) => a.addedAtMs - b.addedAtMs || (a.id < b.id ? -1 : 1))
    return records.map(({ id }) => id)
  }

  async overviewTorrents(ids: readonly TorrentId[]): Promise<readonly TorrentOverview[]> {
    this.#refuseClosed()
    return ids.flatMap((id) => {
      const torrent = this.#contents.torrents.get(id)
      if (torrent === undefined) return []
      const layout = structuredClone(torrent.record.layout)
      return [{ id, layout, completedPieces: torrent.have.slice() }]
    })
  }

  async deleteTorrent(id: TorrentId, { fence }: FenceOptions = {}): Promise<readonly ChunkKey[]> {
    return await this.#write(() => {
      const torrent = this.#contents.torrents.get(id)
      if (torrent === undefined) return []
      refuseOlder(id, fence, torrent.fence)
      this.#contents.torrents.delete(id)
      this.#contents.pins.delete(id)
      return this.#dropReferences([...torrent.keys.values()])
    })
  }

  async raiseFence(id: TorrentId, fence: number): Promise<void> {
    assertFence(fence)
    await this.#write(() => {
      const torrent = this.#contents.torrents.get(id)
      refuseOlder(id, fence, torrent?.fence)
      if (torrent !== undefined) torrent.fence = fence
    })
  }

  async recordProgress(id: TorrentId, progress: Progress, { fence }: FenceOptions = {}): Promise<void> {
    await this.#write(() => {
      const torrent = this.#contents.torrents.get(id)
      if (torrent === undefined)
        throw new StorageError('STORAGE_DATABASE', `torrent ${id} is not in the library`)
      refuseOlder(id, fence, torrent.fence)
      refusePieces(torrent.record, progress.completedPieces)
      refuseOrdinals(progress.sealedChunks.map(({ ordinal }) => ordinal))
      refuseOtherKeys(torrent, progress)
      for (const piece of progress.completedPieces) {
        setBit(torrent.have, piece)
        if (progress.flushed) setBit(torrent.flushed, piece)
      }
      for (const { ordinal, key, lengthBytes } of progress.sealedChunks) {
        if (torrent.keys.has(ordinal)) continue
        torrent.keys.set(ordinal, key)
        this.cache.recorded(key, lengthBytes)
      }
    })
  }

  async completedPieces(id: TorrentId): Promise<Uint8Array> {
    this.#refuseClosed()
    return this.#contents.torrents.get(id)?.have.slice() ?? new Uint8Array(0)
  }

  async clearProgress(
    id: TorrentId,
    lost: { pieces: readonly number[]; ordinals: readonly number[] },
    { fence }: FenceOptions = {},
  ): Promise<readonly ChunkKey[]> {
    return await this.#write(() => {
      const torrent = this.#contents.torrents.get(id)
      if (torrent === undefined) return []
      refuseOlder(id, fence, torrent.fence)
      refusePieces(torrent.record, lost.pieces)
      refuseOrdinals(lost.ordinals)
      for (const piece of lost.pieces) {
        clearBit(torrent.have, piece)
        clearBit(torrent.flushed, piece)
      }
      const keys: ChunkKey[] = []
      for (const ordinal of lost.ordinals) {
        const key = torrent.keys.get(ordinal)
        if (key === undefined) continue
        torrent.keys.delete(ordinal)
        keys.push(key)
      }
      return this.#dropReferences(keys)
    })
  }

  async markFlushed(id: TorrentId, pieces: readonly number[], { fence }: FenceOptions = {}): Promise<void> {
    await this.#write(() => {
      const torrent = this.#contents.torrents.get(id)
      if (torrent === undefined) return
      refuseOlder(id, fence, torrent.fence)
      refusePieces(torrent.record, pieces)
      for (const piece of pieces) if (hasBit(torrent.have, piece)) setBit(torrent.flushed, piece)
    })
  }

  async flushState(id: TorrentId): Promise<FlushState> {
    this.#refuseClosed()
    const torrent = this.#contents.torrents.get(id)
    if (torrent === undefined) return { unflushedPieces: new Uint8Array(0), bootId: undefined }
    return { unflushedPieces: withoutBits(torrent.have, torrent.flushed), bootId: torrent.bootId }
  }

  async saveBootId(id: TorrentId, bootId: string, { fence }: FenceOptions = {}): Promise<void> {
    await this.#write(() => {
      const torrent = this.#contents.torrents.get(id)
      refuseOlder(id, fence, torrent?.fence)
      if (torrent !== undefined) torrent.bootId = bootId
    })
  }

  async chunkKeys(id: TorrentId, first: number, count: number): Promise<readonly (ChunkKey | undefined)[]> {
    this.#refuseClosed()
    const keys = this.#contents.torrents.get(id)?.keys
    return Array.from({ length: count }, (_, index) => keys?.get(first + index))
  }

  async chunkLengths(keys: readonly ChunkKey[]): Promise<ReadonlyMap<ChunkKey, number>> {
    this.#refuseClosed()
    const { chunks } = this.#contents
    return new Map(keys.flatMap((key) => (chunks.has(key) ? [[key, chunks.get(key)?.lengthBytes ?? 0]] : [])))
  }

  async forgetChunks(keys: readonly ChunkKey[], deleteObjects: DeleteObjects): Promise<void> {
    await this.#write(async () => {
      const unreferenced = [...new Set(keys)].filter(
        (key) => this.#contents.chunks.get(key)?.references === 0,
      )
      if (unreferenced.length === 0) return
      await deleteObjects(unreferenced)
      for (const key of unreferenced) {
        this.#contents.chunks.delete(key)
        this.#contents.pins.delete(key)
      }
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#writes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #dropReferences(keys: readonly ChunkKey[]): ChunkKey[] {
    const { chunks } = this.#contents
    for (const key of keys) {
      const chunk = chunks.get(key)
      if (chunk !== undefined) chunk.references--
    }
    return [...new Set(keys)].filter((key) => chunks.get(key)?.references === 0)
  }

  /** One write after the other: what `forgetChunks` is deleting cannot gain a reference meanwhile. */
  #write<T>(work: () => T | Promise<T>): Promise<T> {
    this.#refuseClosed()
    const result = this.#writes.then(work)
    // Only the order counts here; the error goes to whoever awaits `result`.
    this.#writes = result.catch(() => undefined)
    return result
  }

  #refuseClosed(): void {
    if (this.#closed) throw new StorageError('STORAGE_CLOSED', 'the database is closed')
  }
}

function refuseOther(record: TorrentRecord, other: TorrentRecord): void {
  const sameV1 = record.layout.infoHashV1 === other.layout.infoHashV1
  const sameV2 = record.layout.infoHashV2 === other.layout.infoHashV2
  if (record.id === other.id && sameV1 && sameV2) return
  const shared = [
    record.id === other.id ? record.id : undefined,
    sameV1 ? record.layout.infoHashV1 : undefined,
    sameV2 ? record.layout.infoHashV2 : undefined,
  ].find((value) => value !== undefined)
  if (shared === undefined) return
  throw new StorageError(
    'STORAGE_DUPLICATE_TORRENT',
    `torrent ${other.id} of this library already has ${shared}`,
  )
}

function refusePieces(record: TorrentRecord, pieces: readonly number[]): void {
  const count = pieceCount(record.layout)
  for (const piece of pieces) {
    if (Number.isInteger(piece) && piece >= 0 && piece < count) continue
    throw new RangeError(`piece ${piece} is outside a torrent of ${count} pieces`)
  }
}

function refuseOrdinals(ordinals: readonly number[]): void {
  for (const ordinal of ordinals) {
    if (!Number.isInteger(ordinal) || ordinal < 0) throw new RangeError(`${ordinal} is no ordinal of a chunk`)
  }
}

/** The bytes of a place are fixed by the torrent: another key for it means that somebody is wrong. */
function refuseOtherKeys(torrent: MemoryTorrent, progress: Progress): void {
  const seen = new Map<number, ChunkKey>()
  for (const { ordinal, key } of progress.sealedChunks) {
    const known = torrent.keys.get(ordinal) ?? seen.get(ordinal) ?? key
    if (known !== key) {
      throw new StorageError(
        'STORAGE_DATABASE',
        `chunk ${ordinal} of torrent ${torrent.record.id} is ${known}, not ${key}`,
      )
    }
    seen.set(ordinal, key)
  }
}
