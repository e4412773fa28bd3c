import type { AbortOptions } from '../abort-options.js'
import type { ByteRange } from '../byte-range.js'
import type { ChunkKey, StagedChunk, StagingArea } from '../chunk-store.js'
import { StorageError } from '../errors.js'
import type { TorrentId } from '../torrent-layout.js'
import { assertByteRange } from './read-exactly.js'

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

  async read(chunk: StagedChunk, range: ByteRange, options?: AbortOptions): Promise<Uint8Array | undefined> {
    this.#begin(options)
    assertByteRange(range)
    const staged = this.#staged.get(nameOf(chunk))
    const end = range.offset + range.length
    if (staged === undefined || end > staged.lengthBytes) return undefined
    return staged.memory.slice(range.offset, end)
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

  async discardAll(torrentId: TorrentId): Promise<void> {
    this.#begin()
    for (const [name, { chunk }] of this.#staged) {
      if (chunk.torrentId === torrentId) this.#staged.delete(name)
    }
  }

  async *listTorrents(): AsyncIterable<TorrentId> {
    this.#begin()
    yield* new Set(Array.from(this.#staged.values(), ({ chunk }) => chunk.torrentId))
  }

  #begin(options?: AbortOptions): void {
    this.#deps.refuseWhenClosed()
    options?.signal?.throwIfAborted()
  }
}

function nameOf({ torrentId, fileIndex, chunk }: StagedChunk): string {
  return `${torrentId}/${fileIndex}-${chunk}`
}
