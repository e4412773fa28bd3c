import { lending } from '../lent-bytes.js'
import type { StorageHandler } from '../native-session.js'
import type { TorrentLayout } from '../torrent-layout.js'

const BLOCK_BYTES = 16 * 1024

interface StoredRange {
  readonly storageIndex: number
  readonly piece: number
  readonly offset: number
  readonly length: number
}

/** How much of a piece native writes and reads: whole blocks, up to the last that is not all padding. */
export function payloadBytes(layout: TorrentLayout, piece: number): number {
  const start = piece * layout.pieceLengthBytes
  const end = Math.min(start + layout.pieceLengthBytes, layout.totalLengthBytes)
  const last = layout.files.findLast(
    ({ kind, offsetBytes, lengthBytes }) =>
      kind !== 'padding' && lengthBytes > 0 && offsetBytes < end && offsetBytes + lengthBytes > start,
  )
  if (last === undefined) return 0
  const bytes = Math.min(last.offsetBytes + last.lengthBytes, end) - start
  return Math.min(Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES, end - start)
}

/** Bytes of a piece, with zeroes for the padding that the storage is not asked for. */
export async function readPayload(
  handler: StorageHandler,
  layout: TorrentLayout,
  { storageIndex, piece, offset, length }: StoredRange,
): Promise<Uint8Array> {
  const whole = new Uint8Array(length)
  const asked = Math.max(0, Math.min(length, payloadBytes(layout, piece) - offset))
  const lent = new Uint8Array(asked)
  const read = () => handler.readPiece(storageIndex, piece, offset, asked, lent)
  const bytes = asked === 0 ? lent : await lending(lent, read)
  if (bytes.length !== asked) {
    throw Object.assign(new Error(`readPiece gave ${bytes.length} bytes instead of ${asked}`), {
      code: 'EIO',
    })
  }
  whole.set(bytes)
  spoil(lent)
  return whole
}

/** Who keeps bytes longer than they were lent shall notice. */
export function spoil(lent: Uint8Array): void {
  // Those that were transferred cannot be written to.
  if (lent.length > 0) lent.fill(0xdb)
}
