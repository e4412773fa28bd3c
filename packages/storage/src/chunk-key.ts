import { hash } from 'node:crypto'
import type { ChunkKey } from './chunk-store.js'
import { blockBytes } from './piece-mapper.js'

/** Bytes of a SHA-256 digest. */
export const leafBytes = 32

const pairBytes = 2 * leafBytes

/**
 * The BEP 52 merkle root of a chunk: SHA-256 over 16 KiB leaves, a short last leaf hashed as it is, missing
 * leaves 32 zero bytes, in a tree as wide as the chunk size. So a file of whole chunks has the same keys in
 * every library of that chunk size, and where a v2 torrent has a piece layer of that size they are in it.
 */
export function chunkKeyOf(bytes: Uint8Array, chunkSizeBytes: number): ChunkKey {
  if (bytes.length > chunkSizeBytes) {
    throw new RangeError(`${bytes.length} bytes are more than a chunk of ${chunkSizeBytes}`)
  }
  return chunkKeyFromLeaves(hashLeaves(bytes), chunkSizeBytes)
}

/** The digests of consecutive leaves, 32 bytes each. `bytes` begins where a leaf begins. */
export function hashLeaves(bytes: Uint8Array): Uint8Array {
  const leaves = new Uint8Array(Math.ceil(bytes.length / blockBytes) * leafBytes)
  hashEach(bytes, blockBytes, leaves)
  return leaves
}

/** The root of a merkle tree `width` leaves wide, a power of two, over digests of 32 bytes each; missing ones are zeroes (BEP 52). */
export type MerkleRoot = (leaves: Uint8Array, width: number) => Uint8Array

/** The key of a chunk all of whose leaves are known, in order. */
export function chunkKeyFromLeaves(
  leaves: Uint8Array,
  chunkSizeBytes: number,
  rootOf: MerkleRoot = merkleRoot,
): ChunkKey {
  const width = chunkSizeBytes / blockBytes
  if (leaves.length % leafBytes !== 0 || leaves.length > width * leafBytes) {
    throw new RangeError(`${leaves.length} bytes are not the leaves of a chunk of ${chunkSizeBytes}`)
  }
  return hexOf(rootOf(leaves, width)) as ChunkKey
}

/** Trees of so many levels: far more than any chunk has. */
const maxLevels = 32

/**
 * Whether `key` is the key of `bytes` in a library of any chunk size: a wider tree only has more missing leaves
 * on its right, so that who does not know the chunk size can prove a chunk too.
 */
export function provesChunk(key: ChunkKey, bytes: Uint8Array): boolean {
  const expected = Buffer.from(key, 'hex')
  let level = hashLeaves(bytes)
  for (let height = 0; height < maxLevels; height++) {
    const root = level.length > 0 ? level : missingNode(height)
    if (root.length === leafBytes && Buffer.compare(root, expected) === 0) return true
    level = parentsOf(level, height)
  }
  return false
}

/**
 * The key of the only chunk of a file, from the root of the file's own tree (BEP 52): that tree is as wide as
 * the file, the chunk's as wide as the chunk size. A file of more than one chunk is a RangeError.
 */
export function chunkKeyOfFile(root: string, lengthBytes: number, chunkSizeBytes: number): ChunkKey {
  if (lengthBytes > chunkSizeBytes) throw new RangeError(`a file of ${lengthBytes} bytes has several chunks`)
  let node: Uint8Array = Buffer.from(root, 'hex')
  for (let height = 0; blockBytes * 2 ** height < chunkSizeBytes; height++)
    if (blockBytes * 2 ** height >= lengthBytes) node = parentsOf(node, height)
  return hexOf(node) as ChunkKey
}

/** The root of the tree of a file of more than one chunk (BEP 52), 64 hex digits, from the keys of all of them: 32 bytes each. */
export function rootOfChunkKeys(keys: Uint8Array, chunkSizeBytes: number): string {
  let level = keys
  for (let height = Math.log2(chunkSizeBytes / blockBytes); level.length > leafBytes; height++)
    level = parentsOf(level, height)
  return hexOf(level)
}

export function isChunkKey(text: string): text is ChunkKey {
  return /^[0-9a-f]{64}$/.test(text)
}

/** For keys that come from outside: a name of a file, an argument. RangeError where it is none. */
export function parseChunkKey(text: string): ChunkKey {
  if (!isChunkKey(text)) throw new RangeError(`"${text}" is no chunk key: 64 hex digits, lower case`)
  return text
}

function merkleRoot(leaves: Uint8Array, width: number): Uint8Array {
  const height = Math.log2(width)
  let level = leaves
  for (let at = 0; at < height; at++) level = parentsOf(level, at)
  return level.length > 0 ? level : missingNode(height)
}

/** The level above the nodes of height `height`. What stands beside the last one of an odd level is missing. */
function parentsOf(level: Uint8Array, height: number): Uint8Array {
  const pairs = Math.ceil(level.length / pairBytes)
  const parents = new Uint8Array(pairs * leafBytes)
  if (level.length === pairs * pairBytes) hashEach(level, pairBytes, parents)
  else {
    const filled = new Uint8Array(pairs * pairBytes)
    filled.set(level)
    filled.set(missingNode(height), level.length)
    hashEach(filled, pairBytes, parents)
  }
  return parents
}

const missingNodes: Uint8Array[] = [new Uint8Array(leafBytes)]

/** The root of a tree of so many levels none of whose leaves is there. */
function missingNode(height: number): Uint8Array {
  let node = missingNodes[height]
  for (let last = missingNodes.length - 1; node === undefined; last++) {
    missingNodes.push(parentsOf(missingNodes[last] ?? new Uint8Array(leafBytes), last))
    node = missingNodes[height]
  }
  return node
}

/** SHA-256 of each `partBytes` of `bytes`, into `digests`. As text, since a Buffer for each costs more than the hash of a pair. */
function hashEach(bytes: Uint8Array, partBytes: number, digests: Uint8Array): void {
  const target = Buffer.from(digests.buffer, digests.byteOffset, digests.length)
  for (let part = 0; part * leafBytes < digests.length; part++) {
    const digest = hash('sha256', bytes.subarray(part * partBytes, (part + 1) * partBytes), 'binary')
    target.write(digest, part * leafBytes, 'latin1')
  }
}

function hexOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString('hex')
}
