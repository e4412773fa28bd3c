import { readFileSync } from 'node:fs'
import type { SessionSettings } from '@bae/native'

/** The kernel gives twice as much, its own bookkeeping included: 15 MB/s from one peer that is 100 ms away. */
const receiveBufferBytes = 1.5 * 1024 * 1024

/**
 * How much of a peer waits in the kernel. libtorrent reads all of it at once, into memory of its own, and hands it to
 * the storage, however much that has to do already: so with a few fast peers this is what bounds the memory of a
 * download. Where Linux allows no buffer of that size its own largest, of 6 MiB unless tuned, is left as it is: asking
 * for more than it allows would give a far smaller one.
 */
export function receiveBufferSettings(largestAllowedBytes: number | undefined): SessionSettings {
  if (largestAllowedBytes === undefined || largestAllowedBytes < receiveBufferBytes) return {}
  return { recv_socket_buffer_size: receiveBufferBytes }
}

/** What a program may ask for; undefined where the system does not tell. */
export function readLargestReceiveBuffer(): number | undefined {
  try {
    const bytes = Number(readFileSync('/proc/sys/net/core/rmem_max', 'latin1'))
    return Number.isFinite(bytes) ? bytes : undefined
  } catch {
    return undefined
  }
}
