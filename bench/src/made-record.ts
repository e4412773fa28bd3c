import { randomBytes, randomUUID } from 'node:crypto'
import type { FileLayout, TorrentId, TorrentRecord } from '@bae/storage'
import { mebibyte } from 'bae-e2e/harness/sizes.js'

const files = 20

/** A torrent of 20 files in so many pieces of 1 MiB, one chunk each, that nobody has ever seen. */
export function makeRecord(pieces: number): TorrentRecord {
  const totalLengthBytes = pieces * mebibyte
  const lengthBytes = Math.floor(totalLengthBytes / files)
  const fileLayouts = Array.from({ length: files }, (_, index): FileLayout => {
    const offsetBytes = index * lengthBytes
    return {
      index,
      path: [`${index} of an album with a long name.flac`],
      offsetBytes,
      lengthBytes: index === files - 1 ? totalLengthBytes - offsetBytes : lengthBytes,
      kind: 'file',
      executable: false,
    }
  })
  return {
    id: randomUUID() as string as TorrentId,
    layout: {
      infoHashV1: randomBytes(20).toString('hex'),
      name: 'an album with a long name',
      singleFile: false,
      pieceLengthBytes: mebibyte,
      totalLengthBytes,
      files: fileLayouts,
    },
    metadata: {
      infoSection: randomBytes(20 * pieces + 2000),
      pieceHashesV1: randomBytes(20 * pieces),
    },
    chunkSizeBytes: mebibyte,
    addedAtMs: Date.now(),
  }
}
