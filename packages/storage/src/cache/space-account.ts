import type { StagedChunk } from '../chunk-store.js'
import type { TorrentId } from '../torrent-layout.js'

/** A chunk that is being filled. */
interface Kept {
  readonly bytes: number
  /** Bytes that were written to it, or are being written; those that come twice count twice. */
  writtenBytes: number
}

/**
 * What the local store holds, as far as it is known: never less than there is. A chunk that is being filled
 * counts whole from its first byte, so that it can always be ended.
 */
export class SpaceAccount {
  readonly #capacityBytes: number
  readonly #staged = new Map<TorrentId, Map<string, Kept>>()
  #stagedBytes = 0
  #localBytes = 0
  #addedBytes = 0
  #arrivingBytes = 0

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes
  }

  get freeBytes(): number {
    return this.#capacityBytes - this.#localBytes - this.#arrivingBytes - this.#stagedBytes
  }

  get stagedBytes(): number {
    return this.#stagedBytes
  }

  get localBytes(): number {
    return this.#localBytes
  }

  /** Forgets all; `localBytes` are there. */
  reset(localBytes: number): void {
    this.#staged.clear()
    this.#stagedBytes = 0
    this.#localBytes = localBytes
  }

  /** All that was ever added: what comes while the records are counted may be missing in their answer. */
  get addedBytes(): number {
    return this.#addedBytes
  }

  add(bytes: number): void {
    this.#localBytes += bytes
    this.#addedBytes += bytes
  }

  /** So many bytes come, and are not in the records yet: no count of those knows of them. */
  arriving(bytes: number): void {
    this.#arrivingBytes += bytes
  }

  /** They are recorded, or do not come after all. */
  arrived(bytes: number, { recorded }: { readonly recorded: boolean }): void {
    this.#arrivingBytes -= bytes
    if (recorded) this.add(bytes)
  }

  /** So many bytes have gone. */
  remove(bytes: number): void {
    this.#localBytes = Math.max(0, this.#localBytes - bytes)
  }

  /**
   * The records told `localBytes` when they were asked, and `addedBytes` was that much then. Of two upper bounds
   * the lower one counts.
   */
  lower(localBytes: number, addedBytes: number): void {
    this.#localBytes = Math.min(this.#localBytes, localBytes + this.#addedBytes - addedBytes)
  }

  /** What is kept for a chunk that is being filled. */
  kept(chunk: StagedChunk): number {
    return this.#find(chunk)?.bytes ?? 0
  }

  keptForTorrent(torrentId: TorrentId): number {
    let bytes = 0
    for (const one of this.#staged.get(torrentId)?.values() ?? []) bytes += one.bytes
    return bytes
  }

  /** Keeps `bytes` for this chunk from now on. */
  keep(chunk: StagedChunk, bytes: number): void {
    const chunks = this.#staged.get(chunk.torrentId) ?? new Map<string, Kept>()
    const { bytes: before, writtenBytes } = chunks.get(placeOf(chunk)) ?? { bytes: 0, writtenBytes: 0 }
    this.#stagedBytes += bytes - before
    this.#staged.set(chunk.torrentId, chunks.set(placeOf(chunk), { bytes, writtenBytes }))
  }

  /** So many bytes come, also where nothing is kept for them yet. */
  writing(chunk: StagedChunk, bytes: number): void {
    const chunks = this.#staged.get(chunk.torrentId) ?? new Map<string, Kept>()
    const kept = chunks.get(placeOf(chunk)) ?? { bytes: 0, writtenBytes: 0 }
    kept.writtenBytes += bytes
    this.#staged.set(chunk.torrentId, chunks.set(placeOf(chunk), kept))
  }

  /** They were not written after all. */
  notWritten(chunk: StagedChunk, bytes: number): void {
    const kept = this.#find(chunk)
    if (kept === undefined) return
    kept.writtenBytes -= bytes
    if (kept.bytes === 0 && kept.writtenBytes <= 0) this.end(chunk)
  }

  /** True when a chunk has all its bytes, or they are on their way: it waits for nothing but to be sealed. */
  get hasWholeStaged(): boolean {
    for (const chunks of this.#staged.values()) {
      for (const { bytes, writtenBytes } of chunks.values())
        if (bytes > 0 && writtenBytes >= bytes) return true
    }
    return false
  }

  /** The chunk is staged no longer. Answers what was kept for it. */
  end(chunk: StagedChunk): number {
    const bytes = this.kept(chunk)
    const chunks = this.#staged.get(chunk.torrentId)
    chunks?.delete(placeOf(chunk))
    if (chunks?.size === 0) this.#staged.delete(chunk.torrentId)
    this.#stagedBytes -= bytes
    return bytes
  }

  endTorrent(torrentId: TorrentId): void {
    this.#stagedBytes -= this.keptForTorrent(torrentId)
    this.#staged.delete(torrentId)
  }

  #find(chunk: StagedChunk): Kept | undefined {
    return this.#staged.get(chunk.torrentId)?.get(placeOf(chunk))
  }
}

/** What an older writer has left of a chunk takes room, too. */
function placeOf({ fileIndex, chunk, fence }: StagedChunk): string {
  return `${fileIndex}-${chunk}-${fence}`
}
