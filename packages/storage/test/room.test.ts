import { describe, expect, it, vi } from 'vitest'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { createStorageFactory } from '../src/storage-factory.js'
import type { TorrentId, TorrentLayout } from '../src/torrent-layout.js'

const id = '0190b0a0-0000-7000-8000-000000000001' as TorrentId
const metadata = { infoSection: Uint8Array.of(1) }
const block = 16_384

/** Two pieces of two blocks; the second file is followed by padding of one block. */
const layout: TorrentLayout = {
  infoHashV1: 'ab'.repeat(20),
  name: 'padded',
  singleFile: false,
  pieceLengthBytes: 2 * block,
  totalLengthBytes: 4 * block,
  files: [
    { index: 0, path: ['a'], offsetBytes: 0, lengthBytes: 2 * block, kind: 'file', executable: false },
    { index: 1, path: ['b'], offsetBytes: 2 * block, lengthBytes: block, kind: 'file', executable: false },
    {
      index: 2,
      path: ['.pad'],
      offsetBytes: 3 * block,
      lengthBytes: block,
      kind: 'padding',
      executable: false,
    },
  ],
}

/** A store with a measured amount of room. */
class RoomyStore extends MemoryChunkStore {
  room = 0
  override async freeBytes(): Promise<number> {
    return this.room
  }
}

function library() {
  const chunkStore = new RoomyStore()
  const database = new MemoryDatabase()
  return {
    chunkStore,
    database,
    open: createStorageFactory({ chunkStore, database }, { chunkSizeBytes: block }),
  }
}

describe('room for a torrent', () => {
  it('is enough when its files fit, padding aside', async () => {
    const { chunkStore, open } = library()
    chunkStore.room = 3 * block
    await (await open(id, layout, metadata)).close()
  })

  it('is not asked for by a torrent that has all of it, nor is anything taken over where nothing is staged', async () => {
    const { chunkStore, open } = library()
    chunkStore.room = 3 * block
    const storage = await open(id, layout, metadata)
    await storage.writePiece(0, 0, new Uint8Array(2 * block))
    await storage.writePiece(1, 0, new Uint8Array(2 * block))
    await storage.completePiece(0)
    await storage.completePiece(1)
    await storage.close()
    const asked = vi.spyOn(chunkStore, 'freeBytes')
    const takenOver = vi.spyOn(chunkStore.staging, 'takeOver')
    const again = await open(id, layout, metadata)
    expect(await again.completedPieces()).toEqual(Uint8Array.of(0b1100_0000))
    await again.close()
    expect(asked).not.toHaveBeenCalled()
    expect(takenOver).not.toHaveBeenCalled()
  })

  it('is asked for before anything is saved, and both figures are told', async () => {
    const { chunkStore, database, open } = library()
    chunkStore.room = 3 * block - 1
    await expect(open(id, layout, metadata)).rejects.toMatchObject({
      code: 'STORAGE_NO_SPACE',
      message: expect.stringContaining(`${3 * block} bytes more, and ${3 * block - 1} are free`),
    })
    expect(await database.listTorrents()).toEqual([])
  })

  it('is needed only for what is missing', async () => {
    const { chunkStore, open } = library()
    chunkStore.room = 3 * block
    const storage = await open(id, layout, metadata)
    await storage.writePiece(0, 0, new Uint8Array(2 * block))
    await storage.completePiece(0)
    await storage.close()
    chunkStore.room = block
    await (await open(id, layout, metadata)).close()
    chunkStore.room = block - 1
    await expect(open(id, layout, metadata)).rejects.toMatchObject({ code: 'STORAGE_NO_SPACE' })
  })

  it('is needed only for the pieces of the files that are wanted', async () => {
    const { chunkStore, open } = library()
    chunkStore.room = block
    await (await open(id, layout, metadata, { wantedFiles: [1] })).close()
    await expect(open(id, layout, metadata, { wantedFiles: [0] })).rejects.toMatchObject({
      code: 'STORAGE_NO_SPACE',
      message: expect.stringContaining(`${2 * block} bytes more`),
    })
  })

  it('is needed for what a wanted piece has of other files, too', async () => {
    const { chunkStore, open } = library()
    const shared = { ...layout, pieceLengthBytes: 4 * block }
    chunkStore.room = 3 * block - 1
    await expect(open(id, shared, metadata, { wantedFiles: [1] })).rejects.toMatchObject({
      code: 'STORAGE_NO_SPACE',
    })
  })
})
