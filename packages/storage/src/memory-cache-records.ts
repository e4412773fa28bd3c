import {
  type CacheRecords,
  type CacheUsage,
  type CapacityClaim,
  type Eviction,
  type PinReason,
  type PinTarget,
  recencyMs,
  type WaitingChunk,
} from './cache-records.js'
import type { ChunkKey } from './chunk-store.js'
import type { TorrentRecord } from './database.js'
import type { TorrentId } from './torrent-layout.js'

export interface MemoryTorrent {
  readonly record: TorrentRecord
  readonly have: Uint8Array
  readonly flushed: Uint8Array
  bootId: string | undefined
  /** The highest that was seen. */
  fence: number | undefined
  readonly keys: Map<number, ChunkKey>
  /** Roots of files by their first ordinal. */
  readonly files: Map<number, string>
}

interface MemoryChunk {
  readonly lengthBytes: number
  references: number
  /** Away: only in the remote store. */
  place: 'local' | 'both' | 'away'
  lastUsedMs: number | undefined
  /** Another number after each record of its bytes. */
  version: number
}

/** Everything a MemoryDatabase holds. */
export interface MemoryContents {
  readonly torrents: Map<TorrentId, MemoryTorrent>
  readonly chunks: Map<ChunkKey, MemoryChunk>
  readonly pins: Map<TorrentId | ChunkKey, Map<PinReason, number>>
  readonly claim: { holder: object | undefined }
  readonly versions: { last: number }
}

export function emptyContents(): MemoryContents {
  return {
    torrents: new Map(),
    chunks: new Map(),
    pins: new Map(),
    claim: { holder: undefined },
    versions: { last: 0 },
  }
}

/** The cache's part of a MemoryDatabase: everything is looked up when it is asked for, nothing is counted. */
export class MemoryCacheRecords implements CacheRecords {
  readonly #contents: MemoryContents
  readonly #write: <T>(work: () => T | Promise<T>) => Promise<T>

  constructor(contents: MemoryContents, write: <T>(work: () => T | Promise<T>) => Promise<T>) {
    this.#contents = contents
    this.#write = write
  }

  /** The chunk's row, made where there is none. */
  rowOf(key: ChunkKey, lengthBytes: number): MemoryChunk {
    const known = this.#contents.chunks.get(key)
    if (known !== undefined) return known
    const version = this.#contents.versions.last++
    const made: MemoryChunk = { lengthBytes, references: 0, place: 'local', lastUsedMs: undefined, version }
    this.#contents.chunks.set(key, made)
    return made
  }

  /** The bytes of this chunk have come, perhaps once more. */
  recorded(key: ChunkKey, lengthBytes: number): void {
    const chunk = this.rowOf(key, lengthBytes)
    chunk.references++
    chunk.place = 'local'
    chunk.version = this.#contents.versions.last++
  }

  async usage(): Promise<CacheUsage> {
    return await this.#write(() => {
      let localBytes = 0
      let awayBytes = 0
      for (const { place, lengthBytes } of this.#contents.chunks.values()) {
        if (place === 'away') awayBytes += lengthBytes
        else localBytes += lengthBytes
      }
      return { localBytes, awayBytes }
    })
  }

  async addLocal(key: ChunkKey, lengthBytes: number): Promise<void> {
    await this.#write(() => {
      const chunk = this.rowOf(key, lengthBytes)
      if (chunk.place === 'away') chunk.place = 'both'
      chunk.version = this.#contents.versions.last++
    })
  }

  async markBack(key: ChunkKey, atMs: number): Promise<boolean> {
    const back = await this.#change([key], (chunk) => {
      if (chunk.place === 'away') chunk.place = 'both'
      if (chunk.place === 'both') chunk.lastUsedMs = atMs
      chunk.version = this.#contents.versions.last++
    })
    return back.length > 0
  }

  async markRemote(chunks: readonly WaitingChunk[], atMs: number): Promise<readonly ChunkKey[]> {
    return await this.#change(this.#unchanged(chunks), (chunk) => {
      if (chunk.place === 'local') chunk.place = 'both'
      chunk.lastUsedMs ??= atMs
    })
  }

  async markAway(chunks: readonly WaitingChunk[]): Promise<void> {
    await this.#change(this.#unchanged(chunks), (chunk) => {
      chunk.place = 'away'
    })
  }

  async forgetRemote(keys: readonly ChunkKey[]): Promise<void> {
    await this.#change(keys, (chunk) => {
      chunk.place = 'local'
    })
  }

  async notRemote(limit: number, except: readonly ChunkKey[]): Promise<readonly WaitingChunk[]> {
    return await this.#write(() => {
      const waiting = Array.from(this.#contents.chunks).filter(
        ([key, { place, references }]) => place === 'local' && references > 0 && !except.includes(key),
      )
      return waiting.slice(0, limit).map(([key, { version }]) => ({ key, version: String(version) }))
    })
  }

  async evict(
    wantedBytes: number,
    deleteObjects: (keys: readonly ChunkKey[]) => Promise<void>,
  ): Promise<Eviction> {
    return await this.#write(async () => {
      const pinned = this.#pinnedKeys()
      const evictable = Array.from(this.#contents.chunks).filter(
        ([key, { place }]) => place === 'both' && !pinned.has(key),
      )
      evictable.sort(([, a], [, b]) => (a.lastUsedMs ?? 0) - (b.lastUsedMs ?? 0))
      const keys: ChunkKey[] = []
      let bytes = 0
      for (const [key, { lengthBytes }] of evictable) {
        if (bytes >= wantedBytes) break
        keys.push(key)
        bytes += lengthBytes
      }
      if (keys.length === 0) return { keys, bytes }
      await deleteObjects(keys)
      for (const key of keys) this.rowOf(key, 0).place = 'away'
      return { keys, bytes }
    })
  }

  async touch(keys: readonly ChunkKey[], atMs: number): Promise<void> {
    await this.#change(keys, (chunk) => {
      if (chunk.lastUsedMs !== undefined && chunk.lastUsedMs <= atMs - recencyMs) chunk.lastUsedMs = atMs
    })
  }

  async pin(target: PinTarget, reason: PinReason): Promise<boolean> {
    return await this.#write(() => {
      const { torrents, chunks, pins } = this.#contents
      const known = 'key' in target ? chunks.has(target.key) : torrents.has(target.torrentId)
      if (!known) return false
      const name = nameOf(target)
      const reasons = pins.get(name) ?? new Map<PinReason, number>()
      pins.set(name, reasons.set(reason, (reasons.get(reason) ?? 0) + 1))
      return true
    })
  }

  async unpin(target: PinTarget, reason: PinReason): Promise<boolean> {
    return await this.#write(() => {
      const reasons = this.#contents.pins.get(nameOf(target))
      const count = reasons?.get(reason)
      if (reasons === undefined || count === undefined) return false
      if (count > 1) reasons.set(reason, count - 1)
      else reasons.delete(reason)
      if (reasons.size === 0) this.#contents.pins.delete(nameOf(target))
      return true
    })
  }

  async pinCount(target: PinTarget, reason: PinReason): Promise<number> {
    return await this.#write(() => this.#contents.pins.get(nameOf(target))?.get(reason) ?? 0)
  }

  async claimCapacity(): Promise<CapacityClaim | undefined> {
    return await this.#write(() => {
      const { claim } = this.#contents
      if (claim.holder !== undefined) return undefined
      const lost = new AbortController().signal
      const release = async (): Promise<void> => {
        if (claim.holder === held) claim.holder = undefined
      }
      const held: CapacityClaim = { lost, release }
      claim.holder = held
      return held
    })
  }

  /** Looked at when its turn has come. */
  #unchanged(chunks: readonly WaitingChunk[]): () => ChunkKey[] {
    const isUnchanged = ({ key, version }: WaitingChunk): boolean =>
      String(this.#contents.chunks.get(key)?.version) === version
    return () => chunks.filter(isUnchanged).map(({ key }) => key)
  }

  /** Answers the keys that have a row. */
  async #change(
    keys: readonly ChunkKey[] | (() => readonly ChunkKey[]),
    change: (chunk: MemoryChunk) => void,
  ): Promise<ChunkKey[]> {
    return await this.#write(() => {
      const known = [...new Set(typeof keys === 'function' ? keys() : keys)].filter((key) =>
        this.#contents.chunks.has(key),
      )
      for (const key of known) change(this.rowOf(key, 0))
      return known
    })
  }

  #pinnedKeys(): ReadonlySet<ChunkKey> {
    const keys = new Set<ChunkKey>()
    for (const name of this.#contents.pins.keys()) {
      const torrent = this.#contents.torrents.get(name as TorrentId)
      if (torrent === undefined) keys.add(name as ChunkKey)
      else for (const key of torrent.keys.values()) keys.add(key)
    }
    return keys
  }
}

function nameOf(target: PinTarget): TorrentId | ChunkKey {
  return 'key' in target ? target.key : target.torrentId
}
