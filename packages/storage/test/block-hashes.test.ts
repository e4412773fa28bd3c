import { describe, expect, it } from 'vitest'
import { chunkKeyFromLeaves, chunkKeyOf, hashLeaves } from '../src/chunk-key.js'
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

/** Of the blocks of files that are wholly in [start, end) of the torrent. */
function fileBlockHashes(
  { files }: TorrentLayout,
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  const hashes = files.flatMap(({ offsetBytes, lengthBytes }) => {
    const fileEnd = offsetBytes + lengthBytes
    const blocks: Uint8Array[] = []
    for (let at = offsetBytes; at < fileEnd; at += block) {
      const blockEnd = Math.min(at + block, fileEnd)
      if (at >= start && blockEnd <= end) blocks.push(hashLeaves(bytes.subarray(at, blockEnd)))
    }
    return blocks
  })
  return new Uint8Array(Buffer.concat(hashes))
}

async function open(layout: TorrentLayout) {
  const database = new MemoryDatabase()
  const factory = createStorageFactory({ chunkStore: new MemoryChunkStore(), database }, { chunkSizeBytes })
  return { database, storage: await factory(id, layout, { infoSection: Uint8Array.of(1) }) }
}

describe('block hashes that come with a piece', () => {
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

  it('are those of the blocks of files, wherever in a piece these begin and end', async () => {
    const lengths = [100, 0, 5 * block + 3, 77, 9 * block]
    const layout = layoutOf(lengths)
    const { database, storage } = await open(layout)
    const bytes = patternBytes(8, layout.totalLengthBytes)
    for (let start = 0; start < bytes.length; start += layout.pieceLengthBytes) {
      const piece = bytes.subarray(start, start + layout.pieceLengthBytes)
      const blockHashes = fileBlockHashes(layout, bytes, start, start + piece.length)
      await storage.writePiece(start / layout.pieceLengthBytes, 0, piece, { blockHashes })
      await storage.completePiece(start / layout.pieceLengthBytes)
    }
    await storage.close()
    const keys = layout.files.flatMap(({ offsetBytes, lengthBytes }) => {
      const file = bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
      const starts = Array.from(
        { length: Math.ceil(lengthBytes / chunkSizeBytes) },
        (_, at) => at * chunkSizeBytes,
      )
      return starts.map((at) => chunkKeyOf(file.subarray(at, at + chunkSizeBytes), chunkSizeBytes))
    })
    expect(await database.chunkKeys(id, 0, keys.length)).toEqual(keys)
  })

  it('are believed, so that nobody hashes what its caller has hashed', async () => {
    const layout = layoutOf([100, block])
    const { database, storage } = await open(layout)
    const bytes = patternBytes(8, layout.totalLengthBytes)
    const blockHashes = hashLeaves(new Uint8Array(2 * block))
    await storage.writePiece(0, 0, bytes, { blockHashes })
    await storage.completePiece(0)
    await storage.close()
    const key = chunkKeyFromLeaves(blockHashes.subarray(0, 32), chunkSizeBytes)
    expect(await database.chunkKeys(id, 0, 2)).toEqual([key, key])
  })

  it.each([0, 1, 3])('are a RangeError when they are not as many as the blocks: %i', async (count) => {
    const layout = layoutOf([block, block])
    const { storage } = await open(layout)
    const options = { blockHashes: new Uint8Array(count * 32) }
    await expect(storage.writePiece(0, 0, new Uint8Array(2 * block), options)).rejects.toThrow(RangeError)
  })
})
