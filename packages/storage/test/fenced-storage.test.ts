import { describe, expect, it } from 'vitest'
import { BaeStorage } from '../src/bae-storage.js'
import { collect, rejectsWithCode } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { completedOf } from '../src/compliance/storage-subject.js'
import { silentLogger } from '../src/logger.js'
import { MemoryDatabase } from '../src/memory-database.js'
import { rebuildDatabase } from '../src/rebuild-database.js'
import { createStorageFactory } from '../src/storage-factory.js'
import { TorrentReader } from '../src/torrent-reader.js'
import { Library } from './library.js'

const block = 16_384

/** A torrent of seven pieces and two chunks, which the factory opens for whoever has the fence. */
function newLibrary() {
  const library = new Library(layoutOf('fenced', block, [7 * block]))
  const { chunkStore, database, record } = library
  let fence: number | undefined
  const warnings: object[] = []
  const warn = (fields: object): void => void warnings.push(fields)
  const createStorage = createStorageFactory(
    { chunkStore, database, logger: { ...silentLogger, warn } },
    { chunkSizeBytes: 65_536, fenceOf: () => fence },
  )
  const openAs = async (own: number | undefined) => {
    fence = own
    return await createStorage(record.id, record.layout, record.metadata)
  }
  const complete = async (storage: Awaited<ReturnType<typeof openAs>>, ...pieces: number[]) => {
    for (const piece of pieces) {
      await storage.writePiece(piece, 0, library.piece(piece))
      await storage.completePiece(piece)
    }
  }
  return { library, openAs, complete, warnings }
}

describe('a torrent that another owner has opened', () => {
  it('records nothing more for the one before, who stores nothing more either', async () => {
    const { library, openAs, complete, warnings } = newLibrary()
    const older = await openAs(1)
    await complete(older, 0)
    await older.writePiece(1, 0, library.piece(1))
    await older.writePiece(5, 0, library.piece(5))
    const newer = await openAs(2)
    expect(await completedOf(newer)).toEqual([0, 1, 5])
    await rejectsWithCode('STORAGE_FENCED', older.completePiece(5))
    await rejectsWithCode('STORAGE_FENCED', older.writePiece(6, 0, library.piece(6)))
    await rejectsWithCode('STORAGE_FENCED', older.clearPiece(0))
    // Told once.
    expect(warnings).toMatchObject([{ torrentId: library.record.id, err: { code: 'STORAGE_FENCED' } }])
    await complete(newer, 2, 3, 4, 6)
    await older.close()
    await newer.close()
    const all = [0, 1, 2, 3, 4, 5, 6]
    expect(await completedOf(await openAs(2))).toEqual(all)
    expect(await library.storedKeys()).toEqual([library.key(0), library.key(1)].sort())
  })

  it('is not opened by an older one, and nothing of it changes', async () => {
    const { library, openAs, complete } = newLibrary()
    const newer = await openAs(2)
    await complete(newer, 0)
    await rejectsWithCode('STORAGE_FENCED', openAs(1))
    await complete(newer, 1)
    expect(await library.stagedOrdinals()).toEqual([0])
  })

  it('is not deleted by an older one: records, bytes and manifest stay', async () => {
    const { library, openAs, complete } = newLibrary()
    const older = await openAs(1)
    const newer = await openAs(2)
    await complete(newer, 0, 1, 2, 3, 4)
    await rejectsWithCode('STORAGE_FENCED', older.destroy())
    expect(await collect(library.chunkStore.manifests.list())).toHaveLength(1)
    expect(await library.stagedOrdinals()).toEqual([1])
    expect(await library.storedKeys()).toEqual([library.key(0)])
    await newer.destroy()
    expect(await library.database.listTorrents()).toEqual([])
    expect(await library.stagedOrdinals()).toEqual([])
  })

  it('is there for who comes without a fence, and for who only reads', async () => {
    const { library, openAs, complete } = newLibrary()
    const fenced = await openAs(3)
    await complete(fenced, 0, 5)
    const reader = new TorrentReader(library)
    for (const piece of [0, 5]) {
      const bytes = await reader.readPiece(piece, 0, block)
      expect(Buffer.compare(bytes, library.piece(piece))).toBe(0)
    }
    await fenced.close()
    const plain = await openAs(undefined)
    expect(await completedOf(plain)).toEqual([0, 5])
    await complete(plain, 1)
    await plain.close()
    const again = await openAs(4)
    expect(await completedOf(again)).toEqual([0, 1, 5])
    await complete(again, 2, 3, 4, 6)
    await again.close()
    expect(await library.stagedOrdinals()).toEqual([])
  })
})

it('what was staged under the fences of records that are lost is there for those of new ones', async () => {
  const { library, openAs, complete } = newLibrary()
  const storage = await openAs(9)
  await complete(storage, 0)
  await storage.writePiece(5, 0, library.piece(5))
  const { chunkStore, record } = library
  const database = new MemoryDatabase()
  await collect(rebuildDatabase({ chunkStore, database }))
  const again = await BaeStorage.open({ record, chunkStore, database, fence: 1 })
  expect(await completedOf(again)).toEqual([0, 5])
})

it('a fence that is none is refused before anything is done', async () => {
  const { library, openAs } = newLibrary()
  await expect(openAs(-1)).rejects.toThrow(RangeError)
  expect(await library.stagedOrdinals()).toEqual([])
})
