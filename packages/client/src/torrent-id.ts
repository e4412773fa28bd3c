import { randomBytes } from 'node:crypto'
import type { TorrentId } from '@bae/storage'

/** A new UUID v7 (RFC 9562): 48 bits of milliseconds since 1970, so that ids sort by age, then 74 random bits. */
export function createTorrentId(nowAtMs: number = Date.now()): TorrentId {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(nowAtMs, 0, 6)
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join(
    '-',
  ) as TorrentId
}
