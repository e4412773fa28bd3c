import type { ChunkKey, ChunkPlaces } from './chunk-store.js'

/** Wrong bytes in one file. */
export interface Damage {
  readonly fileIndex: number
  /** Its path joined by '/', without the torrent's top folder. */
  readonly file: string
  /** Complete pieces that are not the torrent's because of it, in order. */
  readonly pieces: readonly number[]
  /** The sealed chunk that is gone or is not what its key says. None: the bytes are staged, or the record is wrong. */
  readonly chunk?: ChunkKey
  /** Where the chunk is; neither where it is gone. */
  readonly places: ChunkPlaces
}

export interface ScrubProgress {
  readonly checkedPieces: number
  /** Complete pieces in all. */
  readonly totalPieces: number
  readonly checkedBytes: number
}

export interface ScrubReport extends ScrubProgress {
  /** In the order of the torrent's bytes. Empty when all is right. */
  readonly damage: readonly Damage[]
}
