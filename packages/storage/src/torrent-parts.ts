import { ChunkLeaves } from './chunk-leaves.js'
import { ChunkSealer } from './chunk-sealer.js'
import type { TorrentRecord } from './database.js'
import { FlushBarrier } from './durability.js'
import { KeyedQueue } from './keyed-queue.js'
import { ManifestWriter } from './manifest-writer.js'
import { PieceReader } from './piece-reader.js'
import { PieceSet } from './piece-set.js'
import { ProgressRecorder } from './progress-recorder.js'
import { RecordedKeys } from './recorded-keys.js'
import type { TorrentDeps } from './torrent-deps.js'
import { WrittenBlocks } from './written-blocks.js'

/** The things that together are the storage of one torrent. */
export interface TorrentParts {
  readonly completed: PieceSet
  readonly written: WrittenBlocks
  readonly leaves: ChunkLeaves
  readonly keys: RecordedKeys
  readonly sealer: ChunkSealer
  readonly recorder: ProgressRecorder
  readonly barrier: FlushBarrier
  readonly reader: PieceReader
  readonly manifest: ManifestWriter
}

/** `haveBits` is what the database says. */
export function createTorrentParts(
  deps: TorrentDeps,
  record: TorrentRecord,
  haveBits: Uint8Array,
): TorrentParts {
  const completed = new PieceSet(deps.mapper.pieceCount, haveBits)
  const leaves = new ChunkLeaves(deps.mapper.chunkSizeBytes)
  const keys = new RecordedKeys(deps.database, deps.torrentId, deps.mapper.chunkCount)
  const sealer = new ChunkSealer(deps, leaves)
  const steps = new KeyedQueue<'step'>()
  const barrier = new FlushBarrier({ ...deps, steps })
  const recorder = new ProgressRecorder(deps, { completed, keys, sealer, barrier, steps })
  const reader = new PieceReader({
    ...deps,
    keyOf: async (ordinal, again) => {
      if (again) keys.forget(ordinal)
      return recorder.isSealed(ordinal) ? await keys.find(ordinal) : undefined
    },
  })
  return {
    completed,
    written: new WrittenBlocks(deps.mapper),
    leaves,
    keys,
    sealer,
    recorder,
    barrier,
    reader,
    manifest: new ManifestWriter(deps, record, completed),
  }
}
