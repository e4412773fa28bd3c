import { describe, expect, it } from 'vitest'
import { chunkKeyOf, hashLeaves } from '../src/chunk-key.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { createStorageFactory } from '../src/storage-factory.js'
import type { FileLayout, TorrentId, TorrentLayout } from '../src/torrent-layout.js'

const id = '0190b0a0-0000-7000-8000-000000000002' as TorrentId
const block = 16_384
const chunkSizeBytes = 4 * block

function layoutOf(lengths: readonly number[]): TorrentLayout {
  const files: FileLayout[] = []
  let offsetBytes = 0
  for (const lengthBytes of lengths) {
    const index = files.length
    files.push({ index, path: [`${index}`], offsetBytes, lengthBytes, kind: 'file', executable: false })
    offsetBytes += lengthBytes
  }
  const shape = {
    name: 'hashed',
    singleFile: false,
    pieceLengthBytes: 8 * block,
    totalLengthBytes: offsetBytes,
  }
  return { ...shape, infoHashV1: 'cd'.repeat(20), files }
}

async function open(layout: TorrentLayout) {
  const database = new MemoryDatabase()
  const factory = createStorageFactory({ chunkStore: new MemoryChunkStore(), database }, { chunkSizeBytes })
  return { database, storage: await factory(id, layout, { infoSection: Uint8Array.of(1) }) }
}

describe('block hashes that come with a piece', () => {
  it.each([
    ['one file', [100_000], true],
    ['files that end with a block, the last one anywhere', [2 * block, 0, block, 77], true],
    ['a file that ends inside a block, and one after it', [100, block], false],
  ])('are wanted where blocks are leaves: %s', async (_, lengths, wanted) => {
    const { storage } = await open(layoutOf(lengths))
    expect(storage.wantsBlockHashes).toBe(wanted)
  })

  it('become the keys of the chunks', async () => {
    const layout = layoutOf([6 * block + 5])
    const { database, storage } = await open(layout)
    const bytes = patternBytes(7, layout.totalLengthBytes)
    await storage.writePiece(0, 0, bytes, { blockHashes: hashLeaves(bytes) })
    await storage.completePiece(0)
    await storage.close()
    expect(await database.chunkKeys(id, 0, 2)).toEqual([
      chunkKeyOf(bytes.subarray(0, chunkSizeBytes), chunkSizeBytes),
      chunkKeyOf(bytes.subarray(chunkSizeBytes), chunkSizeBytes),
    ])
  })

  it('are not used where they are no leaves', async () => {
    const layout = layoutOf([100, block])
    const { database, storage } = await open(layout)
    const bytes = patternBytes(8, layout.totalLengthBytes)
    await storage.writePiece(0, 0, bytes, { blockHashes: hashLeaves(bytes) })
    await storage.completePiece(0)
    await storage.close()
    expect(await database.chunkKeys(id, 0, 2)).toEqual([
      chunkKeyOf(bytes.subarray(0, 100), chunkSizeBytes),
      chunkKeyOf(bytes.subarray(100), chunkSizeBytes),
    ])
  })

  it('are a RangeError when they are not as many as the blocks', async () => {
    const layout = layoutOf([2 * block])
    const { storage } = await open(layout)
    const write = storage.writePiece(0, 0, new Uint8Array(2 * block), { blockHashes: new Uint8Array(32) })
    await expect(write).rejects.toThrow(RangeError)
  })
})
