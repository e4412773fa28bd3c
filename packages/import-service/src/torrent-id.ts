import { randomBytes } from 'node:crypto'
import type { TorrentId } from '@bae/storage'

/** A new UUID v7 (RFC 9562): 48 bits of time, so that ids sort by age, and 74 random bits. */
export function createTorrentId(nowMs: number = Date.now()): TorrentId {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(nowMs, 0, 6)
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  const hex = bytes.toString('hex')
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
  return groups.join('-') as TorrentId
}
