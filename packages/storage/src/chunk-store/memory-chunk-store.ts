import type { AbortOptions } from '../abort-options.js'
import type {
  ChunkKey,
  ChunkPlaces,
  FlushOptions,
  GetOptions,
  LeftoverOptions,
  StagingChunkStore,
} from '../chunk-store.js'
import { InFlightCalls } from '../in-flight-calls.js'
import { copyInto } from './copy-into.js'
import { MemoryManifestStore } from './memory-manifest-store.js'
import { MemoryStagingArea } from './memory-staging-area.js'
import { assertByteRange, assertInto } from './read-exactly.js'

/** Chunks in memory, for libraries that need not outlive the process and below the tests of everything else. */
export class MemoryChunkStore implements StagingChunkStore {
  readonly name = 'memory'
  readonly staging: MemoryStagingArea
  readonly manifests: MemoryManifestStore
  readonly #chunks = new Map<ChunkKey, Uint8Array>()
  readonly #calls = new InFlightCalls('the chunk store in memory')

  constructor() {
    const refuseWhenClosed = (): void => this.#calls.refuseWhenClosed()
    this.staging = new MemoryStagingArea({ chunks: this.#chunks, refuseWhenClosed })
    this.manifests = new MemoryManifestStore({ refuseWhenClosed })
  }

  /** Nothing here survives the process, and so nothing more could be done. */
  async flush(options?: FlushOptions): Promise<void> {
    this.#begin(options)
  }

  /** A call that ends leaves nothing, and one that does not takes all of it along. */
  async *leftovers(options: LeftoverOptions): AsyncIterable<string> {
    this.#begin(options)
    yield* []
  }

  async freeBytes(): Promise<number | undefined> {
    return undefined
  }

  async places(key: ChunkKey, options?: AbortOptions): Promise<ChunkPlaces> {
    return { local: await this.has(key, options), remote: false }
  }

  /** There is no other copy. */
  async heal(_: ChunkKey, options?: AbortOptions): Promise<boolean> {
    this.#begin(options)
    return false
  }

  async put(key: ChunkKey, bytes: Uint8Array, options?: AbortOptions): Promise<void> {
    this.#begin(options)
    // A Buffer's slice would share the memory.
    this.#chunks.set(key, new Uint8Array(bytes))
  }

  async get(key: ChunkKey, options?: GetOptions): Promise<Uint8Array | undefined> {
    this.#begin(options)
    const bytes = this.#chunks.get(key)
    const range = options?.range ?? { offset: 0, length: bytes?.length ?? 0 }
    assertByteRange(range)
    const into = options?.range && options.into
    assertInto(range, into)
    if (bytes === undefined) return undefined
    const end = range.offset + range.length
    if (end > bytes.length) throw new RangeError(`bytes ${range.offset} to ${end} are beyond chunk ${key}`)
    return copyInto(into, bytes.subarray(range.offset, end))
  }

  async has(key: ChunkKey, options?: AbortOptions): Promise<boolean> {
    this.#begin(options)
    return this.#chunks.has(key)
  }

  async delete(key: ChunkKey, options?: AbortOptions): Promise<void> {
    this.#begin(options)
    this.#chunks.delete(key)
  }

  async *list(prefix: string, options?: AbortOptions): AsyncIterable<ChunkKey> {
    this.#begin(options)
    for (const key of this.#chunks.keys()) {
      if (key.startsWith(prefix)) yield key
    }
  }

  async close(): Promise<void> {
    await this.#calls.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #begin(options?: AbortOptions): void {
    this.#calls.refuseWhenClosed()
    options?.signal?.throwIfAborted()
  }
}
