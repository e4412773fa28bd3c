import { createHash } from 'node:crypto'

const stepBytes = 1 << 20
/** More than the caches of a processor hold: a piece comes from memory too. */
const bufferBytes = 256 << 20

/** CPU seconds of one pass of each hash that a torrent of this format needs over its bytes. */
export function measureHashPass(totalBytes: number, format: 'v1' | 'hybrid'): number {
  const bytes = Buffer.alloc(bufferBytes, 0x5a)
  const before = process.cpuUsage()
  for (let done = 0; done < totalBytes; done += stepBytes) {
    const at = done % bufferBytes
    const step = bytes.subarray(at, at + stepBytes)
    createHash('sha1').update(step).digest()
    if (format === 'hybrid') hashBlocks(step)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/** BEP 52 wants a digest of every block. */
function hashBlocks(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += 16_384) {
    createHash('sha256')
      .update(bytes.subarray(at, at + 16_384))
      .digest()
  }
}
