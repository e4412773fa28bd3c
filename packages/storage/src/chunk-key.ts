import { hash } from 'node:crypto'
import type { ChunkKey } from './chunk-store.js'
import { blockBytes } from './piece-mapper.js'

/** Bytes of a SHA-256 digest. */
export const leafBytes = 32

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
  for (let leaf = 0; leaf * leafBytes < leaves.length; leaf++) {
    const block = bytes.subarray(leaf * blockBytes, (leaf + 1) * blockBytes)
    leaves.set(hash('sha256', block, 'buffer'), leaf * leafBytes)
  }
  return leaves
}

/** The key of a chunk all of whose leaves are known, in order. */
export function chunkKeyFromLeaves(leaves: Uint8Array, chunkSizeBytes: number): ChunkKey {
  const width = chunkSizeBytes / blockBytes
  if (leaves.length % leafBytes !== 0 || leaves.length > width * leafBytes) {
    throw new RangeError(`${leaves.length} bytes are not the leaves of a chunk of ${chunkSizeBytes}`)
  }
  let level = leaves
  let missing = new Uint8Array(leafBytes)
  for (let nodes = width; nodes > 1; nodes /= 2) {
    level = parentsOf(level, missing)
    missing = hashPair(missing, missing)
  }
  return Buffer.from(level.length > 0 ? level : missing).toString('hex') as ChunkKey
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
  let missing = new Uint8Array(leafBytes)
  for (let height = 0; height < maxLevels; height++) {
    if (level.length <= leafBytes && Buffer.compare(level.length > 0 ? level : missing, expected) === 0)
      return true
    level = parentsOf(level, missing)
    missing = hashPair(missing, missing)
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
  let missing = new Uint8Array(leafBytes)
  for (let width = 1; width < chunkSizeBytes / blockBytes; width *= 2) {
    if (width * blockBytes >= lengthBytes) node = hashPair(node, missing)
    missing = hashPair(missing, missing)
  }
  return Buffer.from(node).toString('hex') as ChunkKey
}

/** The root of the tree of a file of more than one chunk (BEP 52), 64 hex digits, from the keys of all of them: 32 bytes each. */
export function rootOfChunkKeys(keys: Uint8Array, chunkSizeBytes: number): string {
  let missing = new Uint8Array(leafBytes)
  for (let width = 1; width < chunkSizeBytes / blockBytes; width *= 2) missing = hashPair(missing, missing)
  let level = keys
  while (level.length > leafBytes) {
    level = parentsOf(level, missing)
    missing = hashPair(missing, missing)
  }
  return Buffer.from(level).toString('hex')
}

export function isChunkKey(text: string): text is ChunkKey {
  return /^[0-9a-f]{64}$/.test(text)
}

/** For keys that come from outside: a name of a file, an argument. RangeError where it is none. */
export function parseChunkKey(text: string): ChunkKey {
  if (!isChunkKey(text)) throw new RangeError(`"${text}" is no chunk key: 64 hex digits, lower case`)
  return text
}

/** The level above; `missing` is what stands beside the last node of an odd level. */
function parentsOf(level: Uint8Array, missing: Uint8Array): Uint8Array {
  const parents = new Uint8Array(Math.ceil(level.length / (2 * leafBytes)) * leafBytes)
  for (let at = 0; at * leafBytes < parents.length; at++) {
    const pair = level.subarray(at * 2 * leafBytes, (at + 1) * 2 * leafBytes)
    const parent = pair.length === 2 * leafBytes ? hash('sha256', pair, 'buffer') : hashPair(pair, missing)
    parents.set(parent, at * leafBytes)
  }
  return parents
}

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const pair = new Uint8Array(2 * leafBytes)
  pair.set(left)
  pair.set(right, leafBytes)
  return new Uint8Array(hash('sha256', pair, 'buffer'))
}
