/** What a cache may hold. Bytes; without a capacity all are Infinity. */
export interface CacheLimits {
  /** Of everything in the local store, chunks that are being filled included. */
  readonly capacityBytes: number
  /** Of chunks that are being filled. */
  readonly stagingBytes: number
  /** With more than that being filled no further chunk is begun: those that are begun must be able to end. */
  readonly beginBytes: number
}

/** A cache that is smaller could not fill one chunk beside another. */
export const minCapacityChunks = 4

/**
 * Without a remote store nothing can go away: then filling may take all there is, as a torrent that does not
 * fit is not added. With one, half of the capacity stays for chunks that are read.
 */
export function limitsOf(capacityBytes: number, hasRemote: boolean): CacheLimits {
  const stagingBytes = hasRemote ? capacityBytes / 2 : capacityBytes
  return { capacityBytes, stagingBytes, beginBytes: hasRemote ? (stagingBytes * 3) / 4 : stagingBytes }
}

/** Whether a chunk of `lengthBytes` may be begun beside `stagedBytes` that are kept for others. */
export function mayBegin(limits: CacheLimits, stagedBytes: number, lengthBytes: number): boolean {
  return stagedBytes <= limits.beginBytes && stagedBytes + lengthBytes <= limits.stagingBytes
}

/** How much goes in one step when room is needed: more than is wanted, so that the next ones find some. */
export function evictionBytes(limits: CacheLimits, wantedBytes: number): number {
  const maxBytes = 16 << 20
  return Math.max(wantedBytes, Math.min(limits.capacityBytes / 64, maxBytes))
}
