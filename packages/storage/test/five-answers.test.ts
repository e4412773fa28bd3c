import { describe, expect, it } from 'vitest'
import type { BaeStorage } from '../src/bae-storage.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { collect } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { fill } from '../src/compliance/storage-subject.js'
import { destroyTorrent } from '../src/delete-chunks.js'
import { StorageError, type StorageErrorCode } from '../src/errors.js'
import { readFile } from '../src/read-file.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import { createStorageFactory } from '../src/storage-factory.js'
import { FaultyChunkStore } from '../src/testing/faulty-chunk-store.js'
import type { StoreOperation } from '../src/testing/intercepted-chunk-store.js'
import { TorrentReader } from '../src/torrent-reader.js'
import { Library } from './library.js'

const block = 16_384
/** Pieces 0 to 3 are under one sealed chunk, the last three under another one. */
const layout = layoutOf('five answers', block, [6 * block + 100])

interface Stage {
  readonly store: FaultyChunkStore
  readonly library: Library
  readonly storage: BaeStorage
}

/** All is sealed, or but for piece 5, which keeps the second chunk staged. */
async function prepare(
  state: 'sealed' | 'staged',
  durability: 'process' | 'power' = 'process',
): Promise<Stage> {
  const store = new FaultyChunkStore(new MemoryChunkStore())
  const library = new Library(layout, { store, durability })
  const storage = await library.open()
  if (state === 'sealed') await fill(storage, library.bytes)
  else await library.complete(storage, 0, 1, 2, 3, 4, 6)
  return { store, library, storage }
}

interface Path {
  readonly name: string
  readonly fails: StoreOperation
  readonly state?: 'sealed' | 'staged'
  readonly durability?: 'power'
  /** Codes that mean something else on this path, told by tests of their own. */
  readonly except?: readonly StorageErrorCode[]
  readonly run: (stage: Stage) => Promise<unknown>
}

const reopen = async ({ library, storage, store }: Stage): Promise<unknown> => {
  await storage.close()
  // A piece that is stored and not recorded has to be looked at.
  await store.staging.write(library.staged(1), block, library.piece(5))
  return library.open()
}

const paths: readonly Path[] = [
  {
    name: 'writing a piece',
    fails: 'staging.write',
    run: ({ library, storage }) => library.write(storage, 5),
  },
  {
    name: 'writing over a piece of a sealed chunk, which is read',
    fails: 'get',
    // Bytes that cannot be staged again are lost, and the write goes on.
    except: ['STORAGE_CORRUPT'],
    run: ({ library, storage }) => library.write(storage, 5),
  },
  {
    name: 'writing over a piece of a sealed chunk, which is staged',
    fails: 'staging.write',
    run: ({ library, storage }) => library.write(storage, 5),
  },
  {
    name: 'completing a piece, which is flushed',
    fails: 'flush',
    durability: 'power',
    state: 'staged',
    run: ({ library, storage }) => library.complete(storage, 5),
  },
  {
    name: 'completing a piece whose chunk is read back',
    fails: 'staging.read',
    state: 'staged',
    run: async ({ library }) => {
      // A new process knows no digests.
      const storage = await library.open()
      await library.complete(storage, 5)
    },
  },
  {
    name: 'clearing a piece of a sealed chunk',
    fails: 'get',
    except: ['STORAGE_CORRUPT'],
    run: ({ storage }) => storage.clearPiece(5),
  },
  { name: 'reading a sealed piece', fails: 'get', run: ({ storage }) => storage.readPiece(5, 0, 100) },
  {
    name: 'reading a staged piece',
    fails: 'staging.read',
    state: 'staged',
    run: ({ storage }) => storage.readPiece(4, 0, 100),
  },
  {
    name: 'reading a sealed piece without a session',
    fails: 'get',
    run: ({ library }) => new TorrentReader(library).readPiece(5, 0, 100),
  },
  {
    name: 'reading a staged piece without a session',
    fails: 'staging.read',
    state: 'staged',
    run: ({ library }) => new TorrentReader(library).readPiece(4, 0, 100),
  },
  {
    name: 'reading a file',
    fails: 'get',
    run: ({ library }) => collect(readFile(new TorrentReader(library), library.layout, 0)),
  },
  { name: 'opening, which lists what is staged', fails: 'staging.list', state: 'staged', run: reopen },
  { name: 'opening, which reads what is staged', fails: 'staging.read', state: 'staged', run: reopen },
  {
    name: 'a scrub of sealed chunks',
    fails: 'get',
    except: ['STORAGE_CORRUPT'],
    run: ({ library }) => scrubTorrent(library),
  },
  {
    name: 'a scrub of staged chunks',
    fails: 'staging.read',
    state: 'staged',
    run: ({ library }) => scrubTorrent(library),
  },
  {
    name: 'a scrub that asks where damage is',
    fails: 'places',
    run: async ({ library, store }) => {
      await store.delete(library.key(1))
      return scrubTorrent(library)
    },
  },
  {
    name: 'a repair that heals',
    fails: 'heal',
    run: async ({ library, storage, store }) => {
      await store.delete(library.key(1))
      return storage.scrub({ repair: true })
    },
  },
  {
    name: 'deleting a torrent',
    fails: 'delete',
    run: ({ library }) => destroyTorrent(library, library.record.id),
  },
  {
    name: 'deleting what is staged of a torrent',
    fails: 'staging.discardAll',
    run: ({ library }) => destroyTorrent(library, library.record.id),
  },
]

const codes = [
  'STORAGE_CORRUPT',
  'STORAGE_UNAVAILABLE',
  'STORAGE_NO_SPACE',
  'STORAGE_CLOSED',
  'STORAGE_IO',
] as const satisfies readonly StorageErrorCode[]

describe('what a chunk store answers', () => {
  for (const path of paths) {
    for (const code of codes) {
      if (path.except?.some((one) => one === code)) continue
      it(`keeps its meaning and its cause: ${code} while ${path.name}`, async () => {
        const stage = await prepare(path.state ?? 'sealed', path.durability)
        const cause = new Error('what happened below')
        const answer = new StorageError(code, 'said by the store', { cause })
        stage.store.fail(path.fails, answer)
        await expect(path.run(stage)).rejects.toBe(answer)
        expect(answer.cause).toBe(cause)
        expect(stage.store.scriptIsDone).toBe(true)
      })
    }
  }

  it('is never turned into absence: the pieces are there when the store answers again', async () => {
    for (const code of codes.filter((one) => one !== 'STORAGE_CORRUPT')) {
      const { library, storage, store } = await prepare('sealed')
      store.fail('get', new StorageError(code, 'said by the store'))
      await expect(storage.readPiece(5, 0, 100)).rejects.toMatchObject({ code })
      expect(await storage.readPiece(5, 0, block)).toEqual(library.piece(5))
    }
  })
})

describe('absence', () => {
  it('is STORAGE_PIECE_NOT_FOUND for what was never there, and STORAGE_CHUNK_MISSING for what was', async () => {
    const { library, storage, store } = await prepare('staged')
    const reader = new TorrentReader(library)
    for (const source of [storage, reader])
      await expect(source.readPiece(5, 0, 100)).rejects.toMatchObject({ code: 'STORAGE_PIECE_NOT_FOUND' })
    await expect(storage.completePiece(5)).rejects.toMatchObject({ code: 'STORAGE_PIECE_NOT_FOUND' })
    await store.delete(library.key(0))
    for (const source of [reader, storage])
      await expect(source.readPiece(0, 0, 100)).rejects.toMatchObject({ code: 'STORAGE_CHUNK_MISSING' })
  })
})

describe('a closed storage, and a full store', () => {
  it('say STORAGE_CLOSED to every call', async () => {
    const { library, storage } = await prepare('sealed')
    await storage.close()
    const calls: (() => Promise<unknown>)[] = [
      () => library.write(storage, 5),
      () => storage.readPiece(5, 0, 100),
      () => storage.completePiece(5),
      () => storage.clearPiece(5),
      () => storage.completedPieces(),
      () => storage.scrub(),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
  })

  it('say STORAGE_NO_SPACE before a byte of a new torrent is asked for', async () => {
    class FullChunkStore extends MemoryChunkStore {
      override async freeBytes(): Promise<number> {
        return block
      }
    }
    const library = new Library(layout, { store: new FullChunkStore() })
    const opening = createStorageFactory(library)(library.record.id, library.layout, library.record.metadata)
    await expect(opening).rejects.toMatchObject({ code: 'STORAGE_NO_SPACE' })
  })
})
