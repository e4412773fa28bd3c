import type { AbortOptions } from './abort-options.js'
import { chunkKeyOf } from './chunk-key.js'
import type { ChunkKey } from './chunk-store.js'
import type { ChunkSpan, PieceMapper } from './piece-mapper.js'
import { RecordedKeys } from './recorded-keys.js'
import type { TorrentReaderDeps } from './torrent-reader.js'

/** A chunk, or the wanted part of a staged one, as it was found. */
export interface ScrubbedChunk {
  readonly ordinal: number
  readonly fileIndex: number
  readonly key: ChunkKey | undefined
  /** Where in the chunk `bytes` begins. */
  readonly offset: number
  /** `undefined`: not there. */
  readonly bytes: Uint8Array | undefined
  /** False when it is not there or is not what its key says. */
  readonly sound: boolean
  /** Set once a piece was named for it. */
  blamed: boolean
}

/** Loads and checks chunks in the order of their bytes; keeps the last one, which the next piece may need too. */
export class ScrubbedChunks {
  readonly #deps: TorrentReaderDeps
  readonly #mapper: PieceMapper
  readonly #options: AbortOptions
  readonly #keys: RecordedKeys
  #last: ScrubbedChunk | undefined

  constructor(deps: TorrentReaderDeps, mapper: PieceMapper, options: AbortOptions) {
    this.#deps = deps
    this.#mapper = mapper
    this.#options = options
    this.#keys = new RecordedKeys(deps.database, deps.record.id, mapper.chunkCount)
  }

  async load(span: ChunkSpan): Promise<ScrubbedChunk> {
    if (this.#last?.ordinal === span.ordinal) return this.#last
    const staged =
      (await this.#keys.find(span.ordinal)) === undefined ? await this.#loadStaged(span) : undefined
    if (staged?.sound) return staged
    // It may have been sealed between the two looks.
    const key = await this.#keys.find(span.ordinal)
    if (key === undefined) return await this.#loadStaged(span)
    this.#last = await this.#loadSealed(span, key)
    return this.#last
  }

  async #loadSealed({ ordinal, fileIndex, chunk }: ChunkSpan, key: ChunkKey): Promise<ScrubbedChunk> {
    const { chunkStore, record } = this.#deps
    const range = { offset: 0, length: this.#mapper.chunkLengthBytes(ordinal) }
    const place = { torrentId: record.id, fileIndex, chunk }
    const bytes =
      (await chunkStore.get(key, this.#options)) ??
      (await chunkStore.staging.read(place, range, this.#options)) ??
      // Between its record and its name it moves from the one place to the other.
      (await chunkStore.get(key, this.#options))
    const sound = bytes?.length === range.length && chunkKeyOf(bytes, this.#mapper.chunkSizeBytes) === key
    return { ordinal, fileIndex, key, offset: 0, bytes, sound, blamed: false }
  }

  async #loadStaged({ ordinal, fileIndex, chunk, chunkOffset, length }: ChunkSpan): Promise<ScrubbedChunk> {
    const { chunkStore, record } = this.#deps
    const place = { torrentId: record.id, fileIndex, chunk }
    const bytes = await chunkStore.staging.read(place, { offset: chunkOffset, length }, this.#options)
    return {
      ordinal,
      fileIndex,
      key: undefined,
      offset: chunkOffset,
      bytes,
      sound: bytes !== undefined,
      blamed: false,
    }
  }
}
