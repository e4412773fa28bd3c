import type {
  AbortOptions,
  ByteRange,
  Garbage,
  GarbageOptions,
  NotRebuilt,
  PinReason,
  RebuildOptions,
  RebuiltTorrent,
  TorrentId,
  TorrentLayout,
} from '@bae/storage'
import { ImportError } from '../errors.js'
import { totalPieces } from '../import-snapshot.js'
import type { Damage, LibraryLike, LibraryTorrent, VerifyOptions, VerifyReport } from '../library-like.js'

/** A library in memory whose torrents a test puts in, or a FakeTorrentClient. Bytes of files are up to `contents`. */
export class FakeLibrary implements LibraryLike {
  readonly #torrents = new Map<TorrentId, LibraryTorrent>()
  /** What `verify` finds wrong. */
  damage: readonly Damage[] = []
  /** Chunks that `verify` can heal; the pieces of others are lost. */
  healableChunks: ReadonlySet<string> = new Set()
  /** Where it is set, every call that reads or removes rejects with it. */
  failure: Error | undefined
  /** The bytes of a file, or of a range of it, in the parts that a read gives. */
  contents: (fileIndex: number, range?: ByteRange) => Iterable<Uint8Array> | AsyncIterable<Uint8Array> =
    () => []
  /** What `rebuild` finds, and what it was asked. */
  rebuilt: readonly (RebuiltTorrent | NotRebuilt)[] = []
  rebuiltWith: RebuildOptions | undefined
  /** What `collectGarbage` finds, and what it was asked. */
  garbage: readonly Garbage[] = []
  collectedWith: GarbageOptions | undefined
  /** Why what is kept, as `reason id`. */
  readonly pins = new Set<string>()
  /** Nothing is removed before somebody makes room. */
  isFull = false
  isClosed = false
  isAllSound = false

  save(id: TorrentId, layout: TorrentLayout, pieces: Iterable<number> = []): void {
    const completedPieces = new Uint8Array(Math.ceil(totalPieces(layout) / 8))
    for (const piece of pieces) setBit(completedPieces, piece)
    this.#torrents.set(id, { id, layout, completedPieces })
  }

  completePiece(id: TorrentId, piece: number): void {
    const torrent = this.#torrents.get(id)
    if (torrent !== undefined) setBit(torrent.completedPieces, piece)
  }

  async findTorrent(id: TorrentId): Promise<LibraryTorrent | undefined> {
    if (this.failure !== undefined) throw this.failure
    return this.#torrents.get(id)
  }

  async findTorrents(ids: readonly TorrentId[]): Promise<readonly LibraryTorrent[]> {
    if (this.failure !== undefined) throw this.failure
    return ids.flatMap((id) => this.#torrents.get(id) ?? [])
  }

  async *readFile(
    id: TorrentId,
    fileIndex: number,
    options: AbortOptions & { readonly range?: ByteRange } = {},
  ): AsyncIterable<Uint8Array> {
    if (!this.#torrents.has(id)) throw new ImportError('IMPORT_NOT_FOUND', `no torrent ${id}`)
    for await (const part of this.contents(fileIndex, options.range)) {
      options.signal?.throwIfAborted()
      yield part
    }
  }

  async verify(id: TorrentId, options: VerifyOptions = {}): Promise<VerifyReport> {
    const torrent = await this.findTorrent(id)
    const checkedPieces = torrent === undefined ? 0 : totalPieces(torrent.layout)
    options.onProgress?.({ checkedPieces, totalPieces: checkedPieces })
    const { damage } = this
    if (!options.repair || damage.length === 0) return { checkedPieces, damage }
    return { checkedPieces, damage, repair: this.#repair(torrent) }
  }

  #repair(torrent: LibraryTorrent | undefined): NonNullable<VerifyReport['repair']> {
    const isHealed = ({ chunk }: Damage): boolean => chunk !== undefined && this.healableChunks.has(chunk)
    const lost = this.damage.filter((one) => !isHealed(one)).flatMap(({ pieces }) => pieces)
    for (const piece of lost) if (torrent) clearBit(torrent.completedPieces, piece)
    const healedChunks = this.damage.filter(isHealed).length
    this.damage = []
    return { healedChunks, lostPieces: lost }
  }

  async noteAllSound(): Promise<void> {
    this.isAllSound = true
  }

  async pin(id: TorrentId, reason: PinReason): Promise<boolean> {
    if (!this.#torrents.has(id)) return false
    this.pins.add(`${reason} ${id}`)
    return true
  }

  async unpin(id: TorrentId, reason: PinReason): Promise<boolean> {
    return this.pins.delete(`${reason} ${id}`)
  }

  async removeTorrent(id: TorrentId): Promise<void> {
    if (this.failure !== undefined) throw this.failure
    if (this.isFull) throw new Error('no space left')
    for (const pin of this.pins) if (pin.endsWith(id)) this.pins.delete(pin)
    this.#torrents.delete(id)
  }

  async makingRoom<T>(job: () => Promise<T>): Promise<T> {
    try {
      return await job()
    } catch (error) {
      if (!this.isFull) throw error
      this.isFull = false
      return await job()
    }
  }

  async *rebuild(options: RebuildOptions = {}): AsyncIterable<RebuiltTorrent | NotRebuilt> {
    if (this.failure !== undefined) throw this.failure
    this.rebuiltWith = options
    yield* this.rebuilt
  }

  async *collectGarbage(options: GarbageOptions = {}): AsyncIterable<Garbage> {
    if (this.failure !== undefined) throw this.failure
    this.collectedWith = options
    yield* this.garbage
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}

function setBit(bits: Uint8Array, position: number): void {
  bits[position >> 3] = (bits[position >> 3] ?? 0) | (0x80 >> (position & 7))
}

function clearBit(bits: Uint8Array, position: number): void {
  bits[position >> 3] = (bits[position >> 3] ?? 0) & ~(0x80 >> (position & 7))
}
