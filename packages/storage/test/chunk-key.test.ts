import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  chunkKeyFromLeaves,
  chunkKeyOf,
  hashLeaves,
  isChunkKey,
  parseChunkKey,
  provesChunk,
} from '../src/chunk-key.js'
import { ChunkLeaves } from '../src/chunk-leaves.js'
import { patternBytes } from '../src/compliance/bytes.js'

const block = 16_384

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** BEP 52 by the book: all leaves of the full width, then halve until one node is left. */
function slowRoot(bytes: Uint8Array, width: number): string {
  let nodes: Buffer[] = Array.from({ length: width }, (_, leaf) => {
    const part = bytes.subarray(leaf * block, (leaf + 1) * block)
    return part.length > 0 ? sha256(part) : Buffer.alloc(32)
  })
  while (nodes.length > 1) {
    nodes = nodes.flatMap((node, index) => (index % 2 === 0 ? [sha256(node, nodes[index + 1] ?? node)] : []))
  }
  return (nodes[0] ?? Buffer.alloc(0)).toString('hex')
}

describe('a chunk key', () => {
  it('is the BEP 52 merkle root as wide as the chunk size, for any length', () => {
    for (const width of [1, 2, 8, 64]) {
      for (const length of [
        0,
        1,
        100,
        block - 1,
        block,
        block + 1,
        3 * block,
        5 * block + 7,
        width * block,
      ]) {
        if (length > width * block) continue
        const bytes = patternBytes(length, length)
        expect(chunkKeyOf(bytes, width * block), `${length} of ${width} blocks`).toBe(slowRoot(bytes, width))
      }
    }
  })

  it('of one block alone is the SHA-256 that everybody knows', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(chunkKeyOf(Buffer.from('abc'), block)).toBe(abc)
  })

  it('proves its bytes, and no others, to one who does not know the chunk size', () => {
    for (const width of [1, 2, 8, 64]) {
      for (const length of [0, 1, block, block + 1, 5 * block + 7, width * block]) {
        if (length > width * block) continue
        const bytes = patternBytes(length, length)
        const key = chunkKeyOf(bytes, width * block)
        expect(provesChunk(key, bytes), `${length} of ${width} blocks`).toBe(true)
        if (length === 0) continue
        expect(provesChunk(key, bytes.subarray(1))).toBe(false)
        bytes[length - 1] = (bytes[length - 1] ?? 0) ^ 1
        expect(provesChunk(key, bytes)).toBe(false)
      }
    }
  })

  it('does not take zeroes at the end for nothing', () => {
    const short = patternBytes(1, 1000)
    const padded = new Uint8Array(2000)
    padded.set(short)
    expect(chunkKeyOf(short, 4 * block)).not.toBe(chunkKeyOf(padded, 4 * block))
    expect(chunkKeyOf(new Uint8Array(block), 4 * block)).not.toBe(
      chunkKeyOf(new Uint8Array(2 * block), 4 * block),
    )
  })

  it('is refused for more bytes or leaves than a chunk has', () => {
    expect(() => chunkKeyOf(new Uint8Array(block + 1), block)).toThrow(RangeError)
    expect(() => chunkKeyFromLeaves(new Uint8Array(64), block)).toThrow(RangeError)
    expect(() => chunkKeyFromLeaves(new Uint8Array(31), block)).toThrow(RangeError)
  })

  it('is 64 hex digits in lower case and nothing else', () => {
    const key = chunkKeyOf(patternBytes(1, 10), block)
    expect(parseChunkKey(key)).toBe(key)
    for (const text of ['', key.slice(1), `${key}0`, key.toUpperCase(), `../${key.slice(3)}`, `${key}\n`]) {
      expect(isChunkKey(text)).toBe(false)
      expect(() => parseChunkKey(text)).toThrow(RangeError)
    }
  })
})

describe('the leaves of a chunk that grows', () => {
  const length = 5 * block + 700
  const bytes = patternBytes(9, length)
  const cuts = [0, 100, 2 * block + 5, 2 * block + 6, 4 * block, length]

  function grow(leaves: ChunkLeaves): void {
    for (const [index, from] of cuts.slice(0, -1).entries()) {
      const part = bytes.subarray(from, cuts[index + 1])
      leaves.forget(3, from, part.length)
      leaves.add(3, leaves.hash(from, part, length))
    }
  }

  async function keyAndReads(leaves: ChunkLeaves): Promise<{ key: string; reads: number[][] }> {
    const reads: number[][] = []
    const digests = await leaves.all(3, 6, async (first, end) => {
      reads.push([first, end])
      return hashLeaves(bytes.subarray(first * block, Math.min(end * block, length)))
    })
    return { key: chunkKeyFromLeaves(digests, 8 * block), reads }
  }

  it('make the key of the whole, and only leaves that two parts share are read back', async () => {
    const leaves = new ChunkLeaves(8 * block)
    grow(leaves)
    const { key, reads } = await keyAndReads(leaves)
    expect(key).toBe(chunkKeyOf(bytes, 8 * block))
    expect(reads).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  it('are read back where bytes changed under them', async () => {
    const leaves = new ChunkLeaves(8 * block)
    leaves.add(3, leaves.hash(0, bytes, length))
    leaves.forget(3, 4 * block + 1, block)
    const { key, reads } = await keyAndReads(leaves)
    expect(key).toBe(chunkKeyOf(bytes, 8 * block))
    expect(reads).toEqual([[4, 6]])
  })

  it('of the chunk touched longest ago are forgotten when there are too many, and cost a read', async () => {
    const leaves = new ChunkLeaves(8 * block, { maxChunks: 2 })
    leaves.add(3, leaves.hash(0, bytes, length))
    for (const other of [4, 5]) leaves.add(other, leaves.hash(0, patternBytes(other, block), 8 * block))
    const { key, reads } = await keyAndReads(leaves)
    expect(key).toBe(chunkKeyOf(bytes, 8 * block))
    expect(reads).toEqual([[0, 6]])
  })
})
