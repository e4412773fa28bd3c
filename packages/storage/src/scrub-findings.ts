import type { AbortOptions } from './abort-options.js'
import type { ChunkKey, ChunkPlaces } from './chunk-store.js'
import type { PieceMapper } from './piece-mapper.js'
import type { PieceProofs } from './piece-proofs.js'
import { PieceSet } from './piece-set.js'
import type { HashAnswer } from './scrub-hasher.js'
import type { Damage, ScrubProgress, ScrubReport } from './scrub-report.js'
import type { TorrentReaderDeps } from './torrent-reader.js'

interface FoundChunk {
  /** `undefined`: staged. */
  readonly key: ChunkKey | undefined
  readonly isThere: boolean
}

/** Puts together what a scrub finds. Memory: two bits a piece, and the damage. */
export class ScrubFindings {
  readonly #mapper: PieceMapper
  readonly #proofs: PieceProofs
  readonly #wanted: PieceSet
  readonly #onProgress: ((progress: ScrubProgress) => void) | undefined
  /** Proven by the torrent's own hash. */
  readonly #right: PieceSet
  readonly #wrong = new Set<number>()
  /** Sealed chunks that are not what their keys say, by ordinal. */
  readonly #unsound = new Map<number, ChunkKey>()
  readonly #totalPieces: number
  #checkedPieces = 0
  #checkedBytes = 0

  constructor(
    mapper: PieceMapper,
    proofs: PieceProofs,
    wanted: PieceSet,
    onProgress: ((progress: ScrubProgress) => void) | undefined,
  ) {
    this.#mapper = mapper
    this.#proofs = proofs
    this.#wanted = wanted
    this.#onProgress = onProgress
    this.#right = new PieceSet(mapper.pieceCount)
    this.#totalPieces = wanted.count()
  }

  /** Pieces of nothing but padding: nothing is stored of them, so nothing can be wrong. */
  addPadding(pieces: readonly number[]): void {
    for (const piece of pieces) {
      if (this.#mapper.chunksOfPiece(piece).length > 0) continue
      this.#right.add(piece)
      this.#count(piece)
    }
  }

  add(ordinal: number, { key, isThere }: FoundChunk, answers: readonly HashAnswer[]): void {
    if (key !== undefined && !(isThere && answers.every((one) => one.key === key)))
      this.#unsound.set(ordinal, key)
    for (const { piece, actual } of answers.flatMap(({ pieces }) => pieces)) {
      const verdict = actual === undefined ? 'wrong' : this.#proofs.judge(piece, actual)
      if (verdict === 'right') this.#right.add(piece)
      if (verdict === 'wrong') this.#wrong.add(piece)
      this.#count(piece)
    }
  }

  async report({ record, chunkStore }: TorrentReaderDeps, options: AbortOptions): Promise<ScrubReport> {
    const found: { ordinal: number; pieces: readonly number[]; chunk?: ChunkKey }[] = []
    const explained = new Set<number>()
    for (const [ordinal, chunk] of this.#unsound) {
      const pieces = this.#spoiltBy(ordinal)
      for (const piece of pieces) explained.add(piece)
      found.push({ ordinal, pieces, chunk })
    }
    for (const piece of this.#wrong) {
      if (!explained.has(piece)) found.push(...this.#filesUnder(piece))
    }
    const damage: Damage[] = []
    for (const { ordinal, ...one } of found.sort((a, b) => a.ordinal - b.ordinal)) {
      const { fileIndex } = this.#mapper.chunkAt(ordinal)
      const file = record.layout.files[fileIndex]?.path.join('/') ?? ''
      const places: ChunkPlaces = one.chunk
        ? await chunkStore.places(one.chunk, options)
        : { local: true, remote: false }
      damage.push({ fileIndex, file, ...one, places })
    }
    return { ...this.#progress(), damage }
  }

  /** Those that are not proven by their own hashes; where all are, the record of the key is wrong, which spoils each of them. */
  #spoiltBy(ordinal: number): readonly number[] {
    const { first, end } = this.#mapper.pieceRangeOfChunk(ordinal)
    const over: number[] = []
    for (let piece = first; piece < end; piece++) if (this.#wanted.has(piece)) over.push(piece)
    const wrong = over.filter((piece) => !this.#right.has(piece))
    return wrong.length > 0 ? wrong : over
  }

  /** A wrong piece whose chunks are all as their keys say, or staged: once for each file in it. */
  #filesUnder(piece: number): { ordinal: number; pieces: readonly number[] }[] {
    const files = new Map(
      this.#mapper.chunksOfPiece(piece).map(({ fileIndex, ordinal }) => [fileIndex, ordinal] as const),
    )
    return Array.from(files.values(), (ordinal) => ({ ordinal, pieces: [piece] }))
  }

  #count(piece: number): void {
    this.#checkedPieces++
    this.#checkedBytes += this.#mapper.pieceLengthBytes(piece)
    this.#onProgress?.(this.#progress())
  }

  #progress(): ScrubProgress {
    const { checkedPieces, checkedBytes, totalPieces } = {
      checkedPieces: this.#checkedPieces,
      checkedBytes: this.#checkedBytes,
      totalPieces: this.#totalPieces,
    }
    return { checkedPieces, totalPieces, checkedBytes }
  }
}
