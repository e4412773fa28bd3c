import type { AbortOptions, ReadOptions } from '../abort-options.js'
import type { ByteRange } from '../byte-range.js'
import type { ChunkKey, StagedChunk, StagingArea } from '../chunk-store.js'
import { StorageError } from '../errors.js'
import { assertFence, type FenceOptions, isOlder } from '../fence.js'
import type { TorrentId } from '../torrent-layout.js'
import { copyInto } from './copy-into.js'
import { assertByteRange, assertInto } from './read-exactly.js'

interface Staged {
  readonly chunk: StagedChunk
  /** Room to grow in; the first `lengthBytes` of it are the chunk. */
  memory: Uint8Array
  lengthBytes: number
}

export interface MemoryStagingDeps {
  readonly chunks: Map<ChunkKey, Uint8Array>
  readonly refuseWhenClosed: () => void
}

/** The staging area of a MemoryChunkStore. */
export class MemoryStagingArea implements StagingArea {
  readonly #deps: MemoryStagingDeps
  readonly #staged = new Map<string, Staged>()

  constructor(deps: MemoryStagingDeps) {
    this.#deps = deps
  }

  async write(chunk: StagedChunk, offset: number, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    this.#begin(options)
    if (chunk.fence !== undefined) assertFence(chunk.fence)
    assertByteRange({ offset, length: bytes.length })
    const staged = this.#staged.get(nameOf(chunk)) ?? { chunk, memory: new Uint8Array(0), lengthBytes: 0 }
    const end = offset + bytes.length
    if (end > staged.memory.length) {
      const grown = new Uint8Array(Math.max(end, staged.memory.length * 2))
      grown.set(staged.memory)
      staged.memory = grown
    }
    staged.memory.set(bytes, offset)
    staged.lengthBytes = Math.max(staged.lengthBytes, end)
    this.#staged.set(nameOf(chunk), staged)
  }

  async read(chunk: StagedChunk, range: ByteRange, options?: ReadOptions): Promise<Uint8Array | undefined> {
    this.#begin(options)
    assertByteRange(range)
    assertInto(range, options?.into)
    const staged = this.#staged.get(nameOf(chunk)) ?? this.#newest(chunk)
    const end = range.offset + range.length
    if (staged === undefined || end > staged.lengthBytes) return undefined
    return copyInto(options?.into, staged.memory.subarray(range.offset, end))
  }

  async seal(chunk: StagedChunk, key: ChunkKey): Promise<void> {
    this.#begin()
    const staged = this.#staged.get(nameOf(chunk))
    if (staged !== undefined) this.#deps.chunks.set(key, staged.memory.slice(0, staged.lengthBytes))
    this.#staged.delete(nameOf(chunk))
    if (this.#deps.chunks.has(key)) return
    throw new StorageError(
      'STORAGE_CHUNK_MISSING',
      `chunk ${nameOf(chunk)} is neither staged nor stored as ${key}`,
    )
  }

  async discard(chunk: StagedChunk): Promise<void> {
    this.#begin()
    this.#staged.delete(nameOf(chunk))
  }

  async *list(torrentId: TorrentId): AsyncIterable<StagedChunk> {
    this.#begin()
    for (const { chunk } of this.#staged.values()) {
      if (chunk.torrentId === torrentId) yield chunk
    }
  }

  async takeOver(torrentId: TorrentId, options: FenceOptions & AbortOptions = {}): Promise<void> {
    this.#begin(options)
    const { fence } = options
    // Without a fence anything that has one is newer than what is there.
    const kept = new Set(fence === undefined ? [] : this.#staged.keys())
    for (const [name, staged] of [...this.#staged].sort(
      ([, a], [, b]) => rankOf(a.chunk) - rankOf(b.chunk),
    )) {
      const { torrentId: id, fileIndex, chunk } = staged.chunk
      if (id !== torrentId || !isOlder(staged.chunk.fence, fence)) continue
      this.#staged.delete(name)
      const own = { torrentId, fileIndex, chunk, ...(fence !== undefined && { fence }) }
      if (kept.has(nameOf(own))) continue
      this.#staged.set(nameOf(own), { ...staged, chunk: own, memory: new Uint8Array(staged.memory) })
    }
  }

  async discardAll(torrentId: TorrentId, { fence }: FenceOptions = {}): Promise<void> {
    this.#begin()
    for (const [name, { chunk }] of this.#staged) {
      const isNewer = fence !== undefined && rankOf(chunk) > fence
      if (chunk.torrentId === torrentId && !isNewer) this.#staged.delete(name)
    }
  }

  async *listTorrents(): AsyncIterable<TorrentId> {
    this.#begin()
    yield* new Set(Array.from(this.#staged.values(), ({ chunk }) => chunk.torrentId))
  }

  /** For who names no fence: of a chunk that somebody with one fills. */
  #newest(place: StagedChunk): Staged | undefined {
    if (place.fence !== undefined) return undefined
    const all = [...this.#staged.values()].filter(
      ({ chunk: { torrentId, fileIndex, chunk } }) =>
        torrentId === place.torrentId && fileIndex === place.fileIndex && chunk === place.chunk,
    )
    return all.sort((a, b) => rankOf(b.chunk) - rankOf(a.chunk))[0]
  }

  #begin(options?: AbortOptions): void {
    this.#deps.refuseWhenClosed()
    options?.signal?.throwIfAborted()
  }
}

function nameOf({ torrentId, fileIndex, chunk, fence }: StagedChunk): string {
  return `${torrentId}/${fileIndex}-${chunk}${fence === undefined ? '' : `-${fence}`}`
}

function rankOf({ fence }: StagedChunk): number {
  return fence ?? -1
}
