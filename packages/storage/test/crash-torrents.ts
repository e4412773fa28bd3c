import { randomUUID } from 'node:crypto'
import { chunkKeyOf, rootOfChunkKeys } from '../src/chunk-key.js'
import {
  layoutOf,
  layoutV2Of,
  pieceHashesV1,
  pieceHashesV2,
  torrentBytes,
} from '../src/compliance/layouts.js'
import type { TorrentRecord } from '../src/database.js'
import type { TorrentId, TorrentLayout } from '../src/torrent-layout.js'

export interface CrashTorrent {
  readonly record: TorrentRecord
  readonly bytes: Uint8Array
}

export const chunkSizeBytes = 65_536

const block = 16_384
const sharedBytes = 3 * chunkSizeBytes + 77

/** Of the cache in which a part of the life takes place: the first torrent fills it nearly, and the fourth does not fit. */
export const capacityBytes = 5 * chunkSizeBytes

/**
 * Five torrents. The third is a v2 one with a file of the first; so is the fifth, which says the roots of its files.
 * No two numbers have bytes in common.
 */
export function crashTorrents(number: number): readonly CrashTorrent[] {
  const first = torrentOf(layoutOf(`first ${number}`, 3 * block, [sharedBytes, 40_001]), number)
  const second = torrentOf(layoutOf(`second ${number}`, block, [70_000, 0, 90_000]), number + 100_000)
  const third = torrentOf(
    layoutV2Of(`third ${number}`, 2 * block, [20_000, 90_000, sharedBytes]),
    number + 200_000,
    first.bytes.subarray(0, sharedBytes),
  )
  const fourth = torrentOf(layoutOf(`fourth ${number}`, block, [100_000]), number + 300_000)
  const fifth = torrentOf(
    layoutV2Of(`fifth ${number}`, 2 * block, [30_000, 80_000, sharedBytes]),
    number + 400_000,
    first.bytes.subarray(0, sharedBytes),
  )
  return [first, second, third, fourth, withRoots(fifth)]
}

/** Of its files of more than one chunk. */
function withRoots({ record, bytes }: CrashTorrent): CrashTorrent {
  const { layout } = record
  const files = layout.files.map((file) => {
    const { kind, offsetBytes, lengthBytes } = file
    if (kind === 'padding' || lengthBytes <= chunkSizeBytes) return file
    const keys: string[] = []
    for (let at = 0; at < lengthBytes; at += chunkSizeBytes) {
      const end = offsetBytes + Math.min(at + chunkSizeBytes, lengthBytes)
      keys.push(chunkKeyOf(bytes.subarray(offsetBytes + at, end), chunkSizeBytes))
    }
    return { ...file, piecesRoot: rootOfChunkKeys(Buffer.from(keys.join(''), 'hex'), chunkSizeBytes) }
  })
  return { bytes, record: { ...record, layout: { ...layout, files } } }
}

/** `lastFile`: its bytes. */
function torrentOf(
  layout: TorrentLayout,
  seed: number,
  lastFile: Uint8Array = new Uint8Array(0),
): CrashTorrent {
  const bytes = torrentBytes(layout, seed)
  bytes.set(lastFile, bytes.length - lastFile.length)
  const hashes = layout.infoHashV2
    ? { pieceHashesV2: pieceHashesV2(layout, bytes) }
    : { pieceHashesV1: pieceHashesV1(layout, bytes) }
  const metadata = { infoSection: Uint8Array.of(0x64, 0x65), ...hashes }
  const id = randomUUID() as string as TorrentId
  return { record: { id, layout, metadata, chunkSizeBytes, addedAtMs: Date.now() }, bytes }
}
