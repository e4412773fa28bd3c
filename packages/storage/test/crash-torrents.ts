import { randomUUID } from 'node:crypto'
import { layoutOf, pieceHashesV1, torrentBytes } from '../src/compliance/layouts.js'
import type { TorrentRecord } from '../src/database.js'
import type { TorrentId } from '../src/torrent-layout.js'

export interface CrashTorrent {
  readonly record: TorrentRecord
  readonly bytes: Uint8Array
}

export const chunkSizeBytes = 65_536

const block = 16_384
const sharedBytes = 3 * chunkSizeBytes + 77

/**
 * Three torrents. The third has a file of the first, and no piece hashes: what was not recorded of it cannot be
 * proven. No two numbers have bytes in common.
 */
export function crashTorrents(number: number): readonly CrashTorrent[] {
  const first = torrentOf(`first ${number}`, 3 * block, [sharedBytes, 40_001], number)
  const second = torrentOf(`second ${number}`, block, [70_000, 0, 90_000], number + 100_000)
  const third = torrentOf(`third ${number}`, 2 * block, [20_000, sharedBytes], number + 200_000, (bytes) =>
    bytes.set(first.bytes.subarray(0, sharedBytes), 20_000),
  )
  const { infoSection } = third.record.metadata
  return [first, second, { ...third, record: { ...third.record, metadata: { infoSection } } }]
}

function torrentOf(
  name: string,
  pieceLengthBytes: number,
  files: readonly number[],
  seed: number,
  change: (bytes: Uint8Array) => void = () => {},
): CrashTorrent {
  const layout = layoutOf(name, pieceLengthBytes, files)
  const bytes = torrentBytes(layout, seed)
  change(bytes)
  const metadata = { infoSection: Uint8Array.of(0x64, 0x65), pieceHashesV1: pieceHashesV1(layout, bytes) }
  const id = randomUUID() as string as TorrentId
  return { record: { id, layout, metadata, chunkSizeBytes, addedAtMs: Date.now() }, bytes }
}
