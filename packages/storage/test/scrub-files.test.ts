import { appendFile, mkdir, open, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CacheManager } from '../src/cache/cache-manager.js'
import { CheckedChunkStore } from '../src/checked-chunk-store.js'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import { nodeFileCalls } from '../src/chunk-store/node-file-calls.js'
import type { ChunkKey, StagingChunkStore } from '../src/chunk-store.js'
import { layoutOf, layoutV2Of } from '../src/compliance/layouts.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import type { TorrentLayout } from '../src/torrent-layout.js'
import { Library } from './library.js'
import { NodeHashLane } from './node-hash-lane.js'
import { temporaryDirectory } from './temporary-directory.js'

const mebibyte = 1 << 20
const createHashLane = () => new NodeHashLane()

/** Enough for a lane; pieces of v1 go over several chunks, begin and end within them, and have padding. */
const oddV1 = layoutOf('odd', 700_001, [9 * mebibyte + 5, { padding: 99 }, 8 * mebibyte, 7])
const v2 = layoutV2Of('v2', mebibyte / 2, [17 * mebibyte + 5, 300_000])

/** All of a torrent in a folder, every chunk sealed, and the chunks that are read by the store's own file calls. */
async function filled(layout: TorrentLayout) {
  const directory = await temporaryDirectory()
  const reads: string[] = []
  const fileCalls = {
    ...nodeFileCalls,
    read: (path: string, offset: number, into: Uint8Array) => {
      reads.push(path)
      return nodeFileCalls.read(path, offset, into)
    },
  }
  const store = await DirectoryChunkStore.open(directory, { fileCalls })
  const library = new Library(layout, { store, chunkSizeBytes: mebibyte / 4 })
  await library.database.saveTorrent(library.record)
  const ordinals = Array.from({ length: library.mapper.chunkCount }, (_, ordinal) => ordinal)
  for (const ordinal of ordinals) await store.put(library.key(ordinal), library.chunk(ordinal))
  await library.database.recordProgress(library.record.id, {
    completedPieces: Array.from({ length: library.mapper.pieceCount }, (_, piece) => piece),
    sealedChunks: ordinals.map((ordinal) => ({
      ...{ ordinal, key: library.key(ordinal), lengthBytes: library.chunk(ordinal).length },
    })),
  })
  const pathOf = (key: ChunkKey): string => join(directory, 'chunks', key.slice(0, 2), key)
  return { library, store, reads, file: (ordinal: number) => pathOf(library.key(ordinal)) }
}

async function flipByte(path: string): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(Uint8Array.of(0xff), 0, 1, 77_777)
  await file.close()
}

describe('a scrub of chunks in files, with lanes that read them', () => {
  for (const layout of [oddV1, v2]) {
    it(`reads nothing else where all is right: ${layout.name}`, async () => {
      const { library, reads } = await filled(layout)
      const { pieceCount: totalPieces } = library.mapper
      expect(await scrubTorrent({ ...library, createHashLane })).toEqual({
        ...{ checkedPieces: totalPieces, totalPieces, checkedBytes: layout.totalLengthBytes, damage: [] },
      })
      expect(reads).toEqual([])
    })

    it(`finds what one without lanes finds, whatever was done to a file: ${layout.name}`, async () => {
      const { library, store, reads, file } = await filled(layout)
      await flipByte(file(3))
      await rm(file(7))
      await truncate(file(12), 5)
      await appendFile(file(13), 'more')
      await store.staging.write(library.staged(16), 0, library.chunk(16))
      await rm(file(16))
      const expected = await scrubTorrent(library)
      expect(expected.damage.map(({ chunk }) => chunk)).toEqual([3, 7, 12, 13].map((at) => library.key(at)))
      reads.length = 0
      expect(await scrubTorrent({ ...library, createHashLane })).toEqual(expected)
      // Those of another length, for the store to say so.
      expect(reads.filter((path) => path.includes('chunks'))).toEqual([12, 13].map(file))
    })
  }

  it('rejects where a file cannot be read: that is no damage', async () => {
    const { library, file } = await filled(v2)
    await rm(file(5))
    await mkdir(file(5))
    await expect(scrubTorrent({ ...library, createHashLane })).rejects.toMatchObject({ code: 'STORAGE_IO' })
  })

  it('goes on where chunks are staged, and between those that are', async () => {
    const { library, store, file } = await filled(oddV1)
    for (const ordinal of [4, 5, 50]) {
      await store.staging.write(library.staged(ordinal), 0, library.chunk(ordinal))
      await rm(file(ordinal))
      await library.database.clearProgress(library.record.id, { pieces: [], ordinals: [ordinal] })
    }
    const report = await scrubTorrent({ ...library, createHashLane })
    expect(report).toMatchObject({ checkedPieces: library.mapper.pieceCount, damage: [] })
  })

  it('reads them through the stores that check and that cache, too', async () => {
    const { library, store, reads, file } = await filled(v2)
    const { database, record } = library
    const used: (readonly ChunkKey[])[] = []
    const cache = await CacheManager.open(
      { local: store, database, remote: await DirectoryChunkStore.open(await temporaryDirectory()) },
      { chunkSizeBytes: record.chunkSizeBytes, drainMs: 0 },
    )
    const touch = database.cache.touch.bind(database.cache)
    database.cache.touch = async (keys, at) => {
      used.push(keys)
      await touch(keys, at)
    }
    const chunkStore: StagingChunkStore = new CheckedChunkStore(cache, { checks: 'always' })
    await flipByte(file(2))
    const { damage } = await scrubTorrent({ record, database, chunkStore, createHashLane })
    expect(damage.map(({ chunk }) => chunk)).toEqual([library.key(2)])
    expect(reads).toEqual([])
    await chunkStore.close()
    expect(used.flat()).toContain(library.key(0))
  })
})
