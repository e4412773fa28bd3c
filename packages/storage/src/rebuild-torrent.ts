import type { AbortOptions } from './abort-options.js'
import { batchesOf } from './batches-of.js'
import { chunkKeyOf } from './chunk-key.js'
import type { ChunkKey, StagingChunkStore } from './chunk-store.js'
import { crashPoint } from './crash-point.js'
import type { Database, SealedChunk, TorrentRecord } from './database.js'
import { forEachBounded } from './for-each-bounded.js'
import { setBits } from './have-bits.js'
import { getIfSound } from './lost-bytes.js'
import { keyBytes, packedKeyAt } from './packed-keys.js'
import { PieceMapper } from './piece-mapper.js'
import { PieceSet } from './piece-set.js'
import { storedFilesOf } from './stored-files.js'

export interface RebuildTorrentDeps {
  readonly chunkStore: StagingChunkStore
  readonly database: Database
}

export interface RebuildTorrentOptions extends AbortOptions {
  /** Reads every chunk and compares it with its key, instead of only looking whether it is there. */
  readonly verify?: boolean
}

/** What was found of a torrent. */
export interface RebuiltPieces {
  readonly completePieces: number
  readonly pieceCount: number
  /** Chunks whose keys are known and that are not there, or are damaged. */
  readonly missingChunks: number
}

const maxChunksAtOnce = 8

/** In one transaction. */
const chunksPerBatch = 4_096
const piecesPerBatch = 32_768

/** Records of one torrent from its manifest and what the store has of its chunks. Doing it again is fine. */
export async function rebuildTorrent(
  deps: RebuildTorrentDeps,
  record: TorrentRecord,
  keys: Uint8Array | undefined,
  options: RebuildTorrentOptions,
): Promise<RebuiltPieces> {
  const mapper = new PieceMapper(record.layout, record)
  const { pieceCount } = mapper
  // The fences of lost records were numbers of a database that is not there any more: later ones may be lower.
  if ((await deps.database.findTorrent(record.id)) === undefined)
    await deps.chunkStore.staging.takeOver(record.id, options)
  await deps.database.saveTorrent(record)
  crashPoint('torrent is saved again')
  const recorded = new PieceSet(pieceCount, await deps.database.completedPieces(record.id))
  if (recorded.isFull() || keys === undefined)
    return { completePieces: recorded.count(), pieceCount, missingChunks: 0 }
  const found = new FoundChunks(deps, { record, mapper, keys, recorded }, options)
  await found.look()
  await found.stageShared()
  await found.record()
  return { completePieces: found.pieces().count(), pieceCount, missingChunks: found.missingChunks }
}

interface Known {
  readonly record: TorrentRecord
  readonly mapper: PieceMapper
  /** Of the manifest. */
  readonly keys: Uint8Array
  /** What the database says already. */
  readonly recorded: PieceSet
}

/** Which chunks of a torrent are there, and what can be claimed because of them. */
class FoundChunks {
  missingChunks = 0
  readonly #deps: RebuildTorrentDeps
  readonly #known: Known
  readonly #options: RebuildTorrentOptions
  /** A bit for each ordinal. */
  readonly #there: PieceSet
  readonly #staged = new Set<number>()

  constructor(deps: RebuildTorrentDeps, known: Known, options: RebuildTorrentOptions) {
    this.#deps = deps
    this.#known = known
    this.#options = options
    this.#there = new PieceSet(known.mapper.chunkCount)
  }

  async look(): Promise<void> {
    await forEachBounded(this.#ordinals(), maxChunksAtOnce, async (ordinal) => {
      this.#options.signal?.throwIfAborted()
      const key = packedKeyAt(this.#known.keys, ordinal)
      if (key === undefined) return
      const { local, remote } = await this.#deps.chunkStore.places(key, this.#options)
      const there =
        (local || remote) && (!this.#options.verify || (await this.#read(ordinal, key)) !== undefined)
      if (!there) return void this.missingChunks++
      this.#there.add(ordinal)
    })
  }

  /** The pieces that are recorded, or wholly in chunks that are there and padding. */
  pieces(): PieceSet {
    const { mapper, recorded } = this.#known
    const complete = new PieceSet(mapper.pieceCount, recorded.bits())
    for (let piece = 0; piece < complete.pieceCount; piece++) {
      if (mapper.chunksOfPiece(piece).every(({ ordinal }) => this.#there.has(ordinal))) complete.add(piece)
    }
    return complete
  }

  /**
   * A chunk that lies under pieces that are not complete, too, is not a sealed one: it becomes a staged copy, so
   * that the complete pieces keep their bytes, and the others need not fetch them again.
   */
  async stageShared(): Promise<void> {
    for (let again = true; again; ) {
      again = false
      const complete = this.pieces()
      for (const ordinal of setBits(this.#there.bits())) {
        if (this.#staged.has(ordinal) || this.#isSealed(ordinal, complete)) continue
        if (await this.#stage(ordinal)) continue
        this.#there.delete(ordinal)
        this.missingChunks++
        again = true
      }
    }
    await this.#deps.chunkStore.flush(this.#options)
    crashPoint('shared chunks are staged again')
  }

  async record(): Promise<void> {
    const { database } = this.#deps
    const { id, layout } = this.#known.record
    const complete = this.pieces()
    const sealed = [...setBits(this.#there.bits())].filter((ordinal) => this.#isSealed(ordinal, complete))
    for (const ordinals of batchesOf(sealed, chunksPerBatch)) {
      this.#options.signal?.throwIfAborted()
      const sealedChunks = ordinals.map((ordinal) => this.#sealedChunk(ordinal))
      await database.recordProgress(id, { completedPieces: [], sealedChunks })
      crashPoint('keys are recorded again')
    }
    for (const completedPieces of batchesOf([...setBits(complete.bits())], piecesPerBatch)) {
      await database.recordProgress(id, { completedPieces, sealedChunks: [], flushed: true })
      crashPoint('pieces are recorded again')
    }
    const known = new Uint8Array(this.#known.keys.length)
    for (const ordinal of sealed) {
      const start = ordinal * keyBytes
      known.set(this.#known.keys.subarray(start, start + keyBytes), start)
    }
    await database.files.save(id, storedFilesOf(layout, this.#known.mapper, known))
  }

  #isSealed(ordinal: number, complete: PieceSet): boolean {
    const { first, end } = this.#known.mapper.pieceRangeOfChunk(ordinal)
    for (let piece = first; piece < end; piece++) if (!complete.has(piece)) return false
    return true
  }

  /** False, and nothing staged, where its bytes are not what its key says. */
  async #stage(ordinal: number): Promise<boolean> {
    const key = packedKeyAt(this.#known.keys, ordinal)
    const bytes = key === undefined ? undefined : await this.#read(ordinal, key)
    if (bytes === undefined) return false
    const place = { torrentId: this.#known.record.id, ...this.#known.mapper.chunkAt(ordinal) }
    await this.#deps.chunkStore.staging.write(place, 0, bytes, this.#options)
    this.#staged.add(ordinal)
    return true
  }

  async #read(ordinal: number, key: ChunkKey): Promise<Uint8Array | undefined> {
    const bytes = await getIfSound(this.#deps.chunkStore, key, this.#options)
    if (bytes === 'damaged' || bytes?.length !== this.#known.mapper.chunkLengthBytes(ordinal))
      return undefined
    return chunkKeyOf(bytes, this.#known.mapper.chunkSizeBytes) === key ? bytes : undefined
  }

  #sealedChunk(ordinal: number): SealedChunk {
    const key = packedKeyAt(this.#known.keys, ordinal)
    if (key === undefined) throw new RangeError(`chunk ${ordinal} has no key`)
    return { ordinal, key, lengthBytes: this.#known.mapper.chunkLengthBytes(ordinal) }
  }

  *#ordinals(): Iterable<number> {
    for (let ordinal = 0; ordinal < this.#known.mapper.chunkCount; ordinal++) yield ordinal
  }
}
