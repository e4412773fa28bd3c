import type { StagedChunk } from '../chunk-store.js'
import type { TorrentId } from '../torrent-layout.js'

/**
 * What the local store holds, as far as it is known: never less than there is. A chunk that is being filled
 * counts whole from its first byte, so that it can always be ended.
 */
export class SpaceAccount {
  readonly #capacityBytes: number
  readonly #staged = new Map<TorrentId, Map<string, number>>()
  #stagedBytes = 0
  #localBytes = 0

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes
  }

  get freeBytes(): number {
    return this.#capacityBytes - this.#localBytes - this.#stagedBytes
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

  add(bytes: number): void {
    this.#localBytes += bytes
  }

  /** So many bytes have gone. */
  remove(bytes: number): void {
    this.#localBytes = Math.max(0, this.#localBytes - bytes)
  }

  /** There are no more than that: of two upper bounds the lower one counts. */
  lower(localBytes: number): void {
    this.#localBytes = Math.min(this.#localBytes, localBytes)
  }

  /** What is kept for a chunk that is being filled. */
  kept(chunk: StagedChunk): number {
    return this.#staged.get(chunk.torrentId)?.get(placeOf(chunk)) ?? 0
  }

  keptForTorrent(torrentId: TorrentId): number {
    let bytes = 0
    for (const one of this.#staged.get(torrentId)?.values() ?? []) bytes += one
    return bytes
  }

  /** Keeps `bytes` for this chunk from now on. */
  keep(chunk: StagedChunk, bytes: number): void {
    const chunks = this.#staged.get(chunk.torrentId) ?? new Map<string, number>()
    this.#stagedBytes += bytes - (chunks.get(placeOf(chunk)) ?? 0)
    this.#staged.set(chunk.torrentId, chunks.set(placeOf(chunk), bytes))
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
}

function placeOf({ fileIndex, chunk }: StagedChunk): string {
  return `${fileIndex}-${chunk}`
}
