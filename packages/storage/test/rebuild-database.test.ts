import { describe, expect, it } from 'vitest'
import { CheckedChunkStore } from '../src/checked-chunk-store.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import type { StagingChunkStore } from '../src/chunk-store.js'
import { collect } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { allPieces, completedOf } from '../src/compliance/storage-subject.js'
import type { Database } from '../src/database.js'
import { encodeManifest, manifestName } from '../src/manifest.js'
import { readPackedKeys } from '../src/packed-keys.js'
import { PieceSet } from '../src/piece-set.js'
import {
  type NotRebuilt,
  type RebuildOptions,
  type RebuiltTorrent,
  rebuildDatabase,
} from '../src/rebuild-database.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import { storedFilesOf } from '../src/stored-files.js'
import { Library, WatchedDatabase } from './library.js'

const block = 16_384
const album = layoutOf('album', 3 * block, [150_001, 0, 70_001, 99_999])
const other = layoutOf('other', block, [40_000, 150_001])
/** With padding, and pieces that are larger than a chunk. */
const padded = layoutOf('padded', 8 * block, [100_000, { padding: 31_072 }, 65_536 * 3])

async function filled(
  layout: typeof album,
  store: StagingChunkStore,
  withoutPieceHashes = false,
): Promise<Library> {
  const library = new Library(layout, { store, withoutPieceHashes })
  const storage = await library.open()
  await library.complete(storage, ...allPieces(layout))
  await storage.close()
  return library
}

async function rebuild(chunkStore: StagingChunkStore, database: Database, options?: RebuildOptions) {
  const steps = await collect(rebuildDatabase({ chunkStore, database }, options))
  const isRebuilt = (step: RebuiltTorrent | NotRebuilt): step is RebuiltTorrent => 'record' in step
  return {
    torrents: steps.filter(isRebuilt),
    failures: steps.filter((step): step is NotRebuilt => !isRebuilt(step)),
  }
}

/** The same torrent on other records. */
function onDatabase(library: Library, database: WatchedDatabase): Library {
  return Object.assign(Object.create(Library.prototype), library, { database }) as Library
}

async function piecesOf(database: Database, { record, mapper }: Library): Promise<number[]> {
  const complete = new PieceSet(mapper.pieceCount, await database.completedPieces(record.id))
  return allPieces(record.layout).filter((piece) => complete.has(piece))
}

async function damageOf(database: Database, { record, chunkStore }: Library) {
  return (await scrubTorrent({ record, database, chunkStore })).damage
}

describe('a database that is made anew', () => {
  it('has every torrent as it was: record, pieces, keys and references', async () => {
    const store = new MemoryChunkStore()
    const libraries = [
      await filled(album, store),
      await filled(other, store),
      await filled(padded, store, true),
    ]
    const database = new WatchedDatabase()
    const { torrents, failures } = await rebuild(store, database)
    expect(failures).toEqual([])
    expect(torrents.map(({ missingChunks }) => missingChunks)).toEqual([0, 0, 0])
    for (const library of libraries) {
      const { record, mapper } = library
      expect(await database.findTorrent(record.id)).toEqual(record)
      expect(await piecesOf(database, library)).toEqual(allPieces(record.layout))
      const keys = await database.chunkKeys(record.id, 0, mapper.chunkCount)
      expect(keys).toEqual(await library.recordedKeys())
      expect(await damageOf(database, library)).toEqual([])
      const { unflushedPieces } = await database.flushState(record.id)
      expect(unflushedPieces.every((byte) => byte === 0)).toBe(true)
    }
    const everyKey = (await collect(store.list(''))).sort()
    const freed = []
    for (const { record } of libraries) freed.push(...(await database.deleteTorrent(record.id)))
    expect(freed.sort()).toEqual(everyKey)
  })

  it('knows again which files there are', async () => {
    const store = new MemoryChunkStore()
    const library = await filled(album, store)
    const database = new WatchedDatabase()
    await rebuild(store, database)
    const roots = await rootsIn(library)
    expect(roots.length).toBeGreaterThan(1)
    expect(await database.files.find(roots)).toEqual(await library.database.files.find(roots))
    expect(await database.files.find(roots)).toHaveLength(roots.length)
  })

  it('does not claim pieces whose chunks are gone, keeps those beside them, and gets the rest', async () => {
    for (const layout of [album, other, padded]) {
      const store = new MemoryChunkStore()
      const before = await filled(layout, store)
      const gone = 1
      await store.delete(before.key(gone))
      const database = new WatchedDatabase()
      const { torrents } = await rebuild(store, database)
      const { first, end } = before.mapper.pieceRangeOfChunk(gone)
      const lost = allPieces(layout).filter((piece) => piece >= first && piece < end)
      expect(torrents).toMatchObject([
        { missingChunks: 1, completePieces: before.mapper.pieceCount - lost.length },
      ])
      const library = onDatabase(before, database)
      expect(await damageOf(database, library)).toEqual([])
      const storage = await library.open()
      expect(await completedOf(storage)).toEqual(allPieces(layout).filter((piece) => !lost.includes(piece)))
      await library.complete(storage, ...lost)
      await storage.close()
      expect(await damageOf(database, library)).toEqual([])
      expect(await library.stagedOrdinals()).toEqual([])
      expect(await library.recordedKeys()).toEqual(await before.recordedKeys())
    }
  })

  it('believes that a chunk is what its key says, unless it is to read it', async () => {
    const store = new MemoryChunkStore()
    const library = await filled(album, store)
    await store.put(
      library.key(2),
      library.chunk(2).map((byte) => byte ^ 1),
    )
    const believing = await rebuild(store, new WatchedDatabase())
    expect(believing.torrents).toMatchObject([
      { missingChunks: 0, completePieces: library.mapper.pieceCount },
    ])
    for (const asked of [store, new CheckedChunkStore(store, { checks: 'always' })]) {
      const database = new WatchedDatabase()
      const reading = await rebuild(asked, database, { verify: true })
      expect(reading.torrents).toMatchObject([{ missingChunks: 1 }])
      expect(await damageOf(database, library)).toEqual([])
    }
  })

  it('goes on with a half-done import: what was sealed is found, what was staged is hashed', async () => {
    for (const layout of [album, other, padded]) {
      const store = new MemoryChunkStore()
      const before = new Library(layout, { store })
      const storage = await before.open()
      const [missing, ...had] = allPieces(layout).reverse()
      await before.complete(storage, ...had)
      await storage.close()
      const database = new WatchedDatabase()
      await rebuild(store, database)
      const library = onDatabase(before, database)
      const again = await library.open()
      expect(await completedOf(again)).toEqual(had.toSorted((a, b) => a - b))
      await library.complete(again, missing!)
      await again.close()
      expect(await damageOf(database, library)).toEqual([])
    }
  })

  it('goes on with an import that was killed: what was staged is hashed', async () => {
    const store = new MemoryChunkStore()
    const before = new Library(padded, { store })
    const storage = await before.open()
    await before.write(storage, 0)
    // The process dies here.
    const library = onDatabase(before, new WatchedDatabase())
    await rebuild(store, library.database)
    expect(await completedOf(await library.open())).toEqual([0])
  })
})

describe('a database that has records', () => {
  it('is refused, and nothing is changed', async () => {
    const store = new MemoryChunkStore()
    const library = await filled(album, store)
    const database = new WatchedDatabase()
    const stranger = new Library(other, { store: new MemoryChunkStore(), database })
    await stranger.open()
    await expect(rebuild(store, database)).rejects.toMatchObject({ code: 'STORAGE_DATABASE_NOT_EMPTY' })
    expect(await database.listTorrents()).toEqual([stranger.record.id])
    await expect(rebuild(store, library.database)).rejects.toMatchObject({
      code: 'STORAGE_DATABASE_NOT_EMPTY',
    })
  })

  it('gets what it lacks where it is told to, and doing it again changes nothing', async () => {
    const store = new MemoryChunkStore()
    const [first, second] = [await filled(album, store), await filled(other, store)]
    const database = new WatchedDatabase()
    await database.saveTorrent(first.record)
    for (let round = 0; round < 3; round++) {
      const { torrents } = await rebuild(store, database, { addToRecords: true })
      expect(torrents.map(({ completePieces, pieceCount }) => pieceCount - completePieces)).toEqual([0, 0])
    }
    const freed = [
      ...(await database.deleteTorrent(first.record.id)),
      ...(await database.deleteTorrent(second.record.id)),
    ]
    expect(freed.sort()).toEqual((await collect(store.list(''))).sort())
  })

  it('keeps its own torrent where a manifest has one of the same info hash', async () => {
    const store = new MemoryChunkStore()
    const library = await filled(album, store)
    const database = new WatchedDatabase()
    const record = {
      ...library.record,
      id: 'ffffffff-0000-7000-8000-000000000000' as typeof library.record.id,
    }
    await database.saveTorrent(record)
    const { torrents, failures } = await rebuild(store, database, { addToRecords: true })
    expect(torrents).toEqual([])
    expect(failures).toMatchObject([{ id: library.record.id, error: { code: 'STORAGE_DUPLICATE_TORRENT' } }])
  })
})

describe('a manifest that does not help', () => {
  it.each([
    ['is damaged', 'STORAGE_CORRUPT', (bytes: Uint8Array) => bytes.fill(0, 100, 110)],
    ['is empty', 'STORAGE_CORRUPT', () => new Uint8Array(0)],
  ])('that %s is told, and the other torrents are there', async (_, code, change) => {
    const store = new MemoryChunkStore()
    const [first, second] = [await filled(album, store), await filled(other, store)]
    const name = manifestName(first.record.id, 'complete')
    await store.manifests.put(name, change((await store.manifests.get(name))!))
    const database = new WatchedDatabase()
    const { torrents, failures } = await rebuild(store, database)
    expect(failures).toMatchObject([{ id: first.record.id, error: { code } }])
    expect(torrents.map(({ record }) => record.id)).toEqual([second.record.id])
    expect(await database.listTorrents()).toEqual([second.record.id])
  })

  it('is not needed where the partial one is still there', async () => {
    const store = new MemoryChunkStore()
    const library = await filled(album, store)
    await store.manifests.put(manifestName(library.record.id, 'complete'), new Uint8Array(50))
    const partial = await encodeManifest({ record: library.record })
    await store.manifests.put(manifestName(library.record.id, 'partial'), partial)
    const { torrents, failures } = await rebuild(store, new WatchedDatabase())
    expect(failures).toEqual([])
    expect(torrents).toMatchObject([{ record: { id: library.record.id }, completePieces: 0 }])
  })

  it('of another torrent, or with other keys than it has chunks, is refused', async () => {
    const store = new MemoryChunkStore()
    const [first, second] = [await filled(album, store), await filled(other, store)]
    const name = manifestName(second.record.id, 'complete')
    await store.manifests.put(manifestName(first.record.id, 'complete'), (await store.manifests.get(name))!)
    await store.manifests.put(
      name,
      await encodeManifest({ record: second.record, chunkKeys: new Uint8Array(32) }),
    )
    const { failures } = await rebuild(store, new WatchedDatabase())
    expect(failures.map(({ error }) => error)).toMatchObject([
      { code: 'STORAGE_CORRUPT' },
      { code: 'STORAGE_CORRUPT' },
    ])
  })

  it('stops nothing where it is no manifest at all', async () => {
    const store = new MemoryChunkStore()
    await store.manifests.put('readme', new Uint8Array(3))
    expect(await rebuild(store, new WatchedDatabase())).toEqual({ torrents: [], failures: [] })
  })
})

/** The roots of all files of more than one chunk, as the keys say. */
async function rootsIn({ database, record, mapper }: Library): Promise<string[]> {
  const keys = await readPackedKeys(database, record.id, mapper.chunkCount)
  return storedFilesOf(record.layout, mapper, keys).map(({ root }) => root)
}
