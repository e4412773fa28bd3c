import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { chunkKeyOf } from '../src/chunk-key.js'
import { DirectoryChunkStore } from '../src/chunk-store/directory-chunk-store.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { collectGarbage, type Garbage, type GarbageOptions } from '../src/collect-garbage.js'
import { patternBytes } from '../src/compliance/bytes.js'
import { collect } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { allPieces } from '../src/compliance/storage-subject.js'
import { destroyTorrent } from '../src/delete-chunks.js'
import { refuseLostRecords } from '../src/lost-records.js'
import { manifestName } from '../src/manifest.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import type { TorrentId } from '../src/torrent-layout.js'
import { Library } from './library.js'
import { temporaryDirectory } from './temporary-directory.js'

const layout = layoutOf('album', 32_768, [150_001, 70_001])
const stranger = '0199c0de-0000-7000-8000-000000000001' as TorrentId
const strayBytes = patternBytes(9, 5000)
const stray = chunkKeyOf(strayBytes, 65_536)

async function filled(library: Library): Promise<Library> {
  const storage = await library.open()
  await library.complete(storage, ...allPieces(library.layout))
  await storage.close()
  return library
}

async function collected(library: Library, options?: GarbageOptions): Promise<Garbage[]> {
  return await collect(collectGarbage(library, options))
}

/** All that a store has, by name. */
async function contentsOf({ chunkStore }: Library): Promise<string[]> {
  const staged = []
  for await (const id of chunkStore.staging.listTorrents())
    for await (const { fileIndex, chunk } of chunkStore.staging.list(id))
      staged.push(`${id} ${fileIndex}-${chunk}`)
  return [
    ...(await collect(chunkStore.list(''))),
    ...(await collect(chunkStore.manifests.list())),
    ...staged,
  ].sort()
}

/** A library with a complete torrent, and one that is on its way, and nothing else. */
async function busyLibrary(store = new MemoryChunkStore()): Promise<Library> {
  const library = await filled(new Library(layout, { store }))
  const half = new Library(layoutOf('half', 32_768, [300_000]), { store, database: library.database })
  const storage = await half.open()
  await half.complete(storage, 0, 1, 2)
  await half.write(storage, 5)
  return library
}

interface Orphan {
  readonly kind: string
  /** Brings it in, and answers what is expected to be found. */
  readonly make: (library: Library) => Promise<readonly Garbage[]>
}

const orphans: readonly Orphan[] = [
  {
    kind: 'an object without a record',
    make: async ({ chunkStore }) => {
      await chunkStore.put(stray, strayBytes)
      return [{ kind: 'object', name: stray }]
    },
  },
  {
    kind: 'chunks without a reference whose objects could not be deleted',
    make: async (library) => {
      const { database, chunkStore } = library
      const gone = await filled(
        new Library(layoutOf('gone', 32_768, [100_000]), { store: chunkStore, database }),
      )
      const broken = new FaultyChunkStore(chunkStore)
      broken.fail('delete', new Error('the disk is gone'), { times: 100 })
      // Another process may have found the bytes that both torrents have in common.
      await expect(destroyTorrent({ chunkStore: broken, database }, gone.record.id)).rejects.toThrow('gone')
      const own = [0, 1].map((ordinal) => gone.key(ordinal)).sort()
      return own.filter((key) => !known(library).includes(key)).map((name) => ({ kind: 'chunk', name }))
    },
  },
  {
    kind: 'staged chunks of a torrent that has no record',
    make: async ({ chunkStore }) => {
      for (const chunk of [0, 1])
        await chunkStore.staging.write({ torrentId: stranger, fileIndex: 0, chunk }, 0, strayBytes)
      return [{ kind: 'staging', name: stranger }]
    },
  },
]

function known(library: Library): readonly string[] {
  return Array.from({ length: library.mapper.chunkCount }, (_, ordinal) => library.key(ordinal))
}

describe('garbage', () => {
  it('is not in a library that is in use', async () => {
    const library = await busyLibrary()
    const before = await contentsOf(library)
    expect(await collected(library)).toEqual([])
    expect(await contentsOf(library)).toEqual(before)
  })

  it.each(orphans)(
    'that is $kind is told without being touched, then removed, and nothing else',
    async ({ make }) => {
      const library = await busyLibrary()
      const before = await contentsOf(library)
      const expected = await make(library)
      const withOrphan = await contentsOf(library)
      expect(expected.length).toBeGreaterThan(0)
      expect(withOrphan.length).toBeGreaterThan(before.length)
      expect(await collected(library, { dryRun: true })).toEqual(expected)
      expect(await contentsOf(library)).toEqual(withOrphan)
      expect(await collected(library)).toEqual(expected)
      expect(await contentsOf(library)).toEqual(before)
      expect(await collected(library)).toEqual([])
      expect((await scrubTorrent(library)).damage).toEqual([])
    },
  )

  it('that is a file of a put that never ended is removed once it is old, and not before', async () => {
    const directory = await temporaryDirectory()
    await using store = await DirectoryChunkStore.open(directory)
    const library = await filled(new Library(layout, { store }))
    const before = await contentsOf(library)
    const names = ['old', 'young']
    for (const name of names) await writeFile(join(directory, 'temp', name), 'half')
    const anHourAgo = new Date(Date.now() - 3_700_000)
    await utimes(join(directory, 'temp', 'old'), anHourAgo, anHourAgo)
    const old = [{ kind: 'temporary', name: 'old' }]
    expect(await collected(library, { dryRun: true })).toEqual(old)
    expect(await collected(library)).toEqual(old)
    expect(await collected(library)).toEqual([])
    expect(await collected(library, { graceMs: -1000 })).toEqual([{ kind: 'temporary', name: 'young' }])
    expect(await contentsOf(library)).toEqual(before)
  })

  it('of more keys than are looked up at a time is found, all of it', async () => {
    const library = await busyLibrary()
    const before = await contentsOf(library)
    for (let seed = 0; seed < 2500; seed++) {
      const bytes = patternBytes(seed + 100, 10)
      await library.chunkStore.put(chunkKeyOf(bytes, 65_536), bytes)
    }
    expect(await collected(library, { dryRun: true })).toHaveLength(2500)
    expect(await collected(library)).toHaveLength(2500)
    expect(await contentsOf(library)).toEqual(before)
  })
})

describe('a torrent that only its manifest knows', () => {
  async function lostRecords(): Promise<Library> {
    const full = await busyLibrary()
    return new Library(layout, { store: full.chunkStore })
  }

  it('is no garbage: nothing at all is deleted while the database may be the wrong one', async () => {
    const library = await lostRecords()
    const before = await contentsOf(library)
    await library.chunkStore.put(stray, strayBytes)
    await expect(collected(library)).rejects.toMatchObject({ code: 'STORAGE_REBUILD_NEEDED' })
    expect(await contentsOf(library)).toEqual([...before, stray].sort())
  })

  it('is told by a dry run, and deleted where that is asked for', async () => {
    const library = await lostRecords()
    const names = (await collect(library.chunkStore.manifests.list())).sort()
    const told = await collected(library, { dryRun: true })
    expect(
      told
        .filter(({ kind }) => kind === 'manifest')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names)
    const gone = await collected(library, { forgetUnknown: true })
    expect(gone).toEqual(told)
    expect(await contentsOf(library)).toEqual([])
  })

  it('shows that the records were lost, unless the database has torrents of its own', async () => {
    const library = await lostRecords()
    await expect(refuseLostRecords(library)).rejects.toMatchObject({ code: 'STORAGE_REBUILD_NEEDED' })
    await library.database.saveTorrent(library.record)
    await refuseLostRecords(library)
    await refuseLostRecords(new Library(layout, { store: new MemoryChunkStore() }))
  })

  it('that was added a moment ago stays', async () => {
    const library = await busyLibrary()
    const { database } = library
    const listTorrents = database.listTorrents.bind(database)
    // The list is as old as it can be.
    database.listTorrents = async () => (await listTorrents()).slice(0, 0)
    expect(await collected(library, { forgetUnknown: true })).toEqual([])
    expect(await library.chunkStore.manifests.has(manifestName(library.record.id, 'complete'))).toBe(true)
  })
})

describe('garbage is collected beside an import', () => {
  it('that has recorded a chunk and not yet sealed it, and takes nothing from it', async () => {
    const store = new SlowChunkStore(new MemoryChunkStore())
    const library = new Library(layout, { store })
    const storage = await library.open()
    store.hold('staging.seal')
    const completing = library.complete(storage, ...allPieces(layout))
    await store.whenHeld('staging.seal')
    expect(await collected(library)).toEqual([])
    store.release('staging.seal')
    await completing
    await storage.close()
    expect(await library.storedKeys()).toEqual([...new Set(known(library))].sort())
  })

  it('that completes the very chunk whose orphan is going, which then gets its object again', async () => {
    const store = new SlowChunkStore(new MemoryChunkStore())
    const library = new Library(layout, { store })
    const storage = await library.open()
    await library.write(storage, ...allPieces(layout))
    await store.put(library.key(0), library.chunk(0))
    store.hold('delete')
    const collecting = collected(library)
    await store.whenHeld('delete')
    const completing = Promise.all(allPieces(layout).map((piece) => storage.completePiece(piece)))
    store.release('delete')
    expect(await collecting).toEqual([{ kind: 'object', name: library.key(0) }])
    await completing
    await storage.close()
    expect((await scrubTorrent(library)).damage).toEqual([])
    expect(await library.storedKeys()).toEqual([...new Set(known(library))].sort())
  })
})
