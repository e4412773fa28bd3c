import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkKeyOf, chunkKeyOfFile, rootOfChunkKeys } from '../src/chunk-key.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { layoutOf, torrentBytes } from '../src/compliance/layouts.js'
import { PieceMapper } from '../src/piece-mapper.js'
import { storedFilesOf } from '../src/stored-files.js'
import './same-examples.js'

const block = 16_384
const chunkSizes = [block, 2 * block, 4 * block, 16 * block]

/** As BEP 52 says, level by level: leaves of 16 KiB, zeroes for those that the tree lacks. */
function rootOf(bytes: Uint8Array): string {
  const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  let level: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += block) level.push(sha256(bytes.subarray(at, at + block)))
  while (!Number.isInteger(Math.log2(level.length))) level.push(new Uint8Array(32))
  while (level.length > 1)
    level = level.flatMap((left, at) => (at % 2 === 0 ? [sha256(left, level[at + 1]!)] : []))
  return Buffer.from(level[0]!).toString('hex')
}

function keysOf(bytes: Uint8Array, chunkSizeBytes: number): Buffer {
  const keys: string[] = []
  for (let at = 0; at < bytes.length; at += chunkSizeBytes)
    keys.push(chunkKeyOf(bytes.subarray(at, at + chunkSizeBytes), chunkSizeBytes))
  return Buffer.from(keys.join(''), 'hex')
}

describe('the root of a file', () => {
  it('says the key of its only chunk, and comes from the keys of several', () => {
    const edges = [
      1,
      block - 1,
      block,
      block + 1,
      2 * block,
      3 * block + 7,
      4 * block,
      16 * block + 1,
      40 * block,
    ]
    const length = fc.oneof(fc.constantFrom(...edges), fc.integer({ min: 1, max: 40 * block }))
    fc.assert(
      fc.property(length, fc.constantFrom(...chunkSizes), (lengthBytes, chunkSizeBytes) => {
        const bytes = patternBytes(lengthBytes, lengthBytes)
        const keys = keysOf(bytes, chunkSizeBytes)
        const actual =
          lengthBytes <= chunkSizeBytes
            ? chunkKeyOfFile(rootOf(bytes), lengthBytes, chunkSizeBytes)
            : rootOfChunkKeys(keys, chunkSizeBytes)
        expect(actual).toBe(lengthBytes <= chunkSizeBytes ? keys.toString('hex') : rootOf(bytes))
      }),
      { numRuns: 200 },
    )
  })

  it('does not say the keys of several chunks', () => {
    expect(() => chunkKeyOfFile('ab'.repeat(32), block + 1, block)).toThrow(RangeError)
  })
})

describe('the stored files of a torrent', () => {
  const chunkSizeBytes = 2 * block
  const layout = layoutOf('album', block, [
    5 * block + 1,
    0,
    { padding: 3 * block },
    block,
    chunkSizeBytes + 1,
    9 * block,
  ])
  const mapper = new PieceMapper(layout, { chunkSizeBytes })
  const bytes = torrentBytes(layout)
  const fileBytes = (index: number) => {
    const { offsetBytes, lengthBytes } = layout.files[index]!
    return bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
  }
  const keys = Buffer.concat(
    layout.files.map(({ kind, index }) =>
      kind === 'padding' ? Buffer.alloc(0) : keysOf(fileBytes(index), chunkSizeBytes),
    ),
  )

  it('are those of more than one chunk', () => {
    expect(storedFilesOf(layout, mapper, keys)).toEqual(
      [0, 4, 5].map((index) => ({
        root: rootOf(fileBytes(index)),
        firstOrdinal: mapper.chunkOrdinal(index, 0),
      })),
    )
  })

  it('are only those that have all their keys', () => {
    const last = mapper.chunkOrdinal(4, 1)
    const some = Buffer.from(keys).fill(0, last * 32, (last + 1) * 32)
    expect(storedFilesOf(layout, mapper, some).map(({ root }) => root)).toEqual(
      [0, 5].map((index) => rootOf(fileBytes(index))),
    )
  })
})
