import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { BaeStorage } from '../src/bae-storage.js'
import { CacheManager } from '../src/cache/cache-manager.js'
import { MemoryChunkStore } from '../src/chunk-store/memory-chunk-store.js'
import { collectGarbage } from '../src/collect-garbage.js'
import { sampleKey, sampleRecord, sealed, setPieces } from '../src/compliance/database-samples.js'
import { collect, sameBytes } from '../src/compliance/expectations.js'
import { layoutOf } from '../src/compliance/layouts.js'
import { allPieces } from '../src/compliance/storage-subject.js'
import { deleteObjects, destroyTorrent } from '../src/delete-chunks.js'
import { scrubTorrent } from '../src/scrub-torrent.js'
import { SlowChunkStore } from '../src/testing/slow-chunk-store.js'
import { openTypeOrmDatabase, type TypeOrmDatabase } from '../src/typeorm/index.js'
import { chunkSizeBytes, chunksOf } from './cached-library.js'
import { CuttableWay } from './cut-connections.js'
import { hasSettled, Library } from './library.js'
import { ThrowawayServer } from './throwaway-server.js'

let server: ThrowawayServer
let way: CuttableWay

beforeAll(async () => {
  server = await ThrowawayServer.make()
  await server.start()
  way = await CuttableWay.listen(join(server.directory, '.s.PGSQL.5432'))
})

afterEach(async () => {
  if (!server.isRunning) await server.start()
})

afterAll(async () => {
  await way.close()
  await server.remove()
})

function newSchema(): string {
  return `test_${randomUUID().replaceAll('-', '')}`
}

async function open(
  options: { url?: string; schema?: string; databaseWaitMs?: number } = {},
): Promise<TypeOrmDatabase> {
  return await openTypeOrmDatabase({ url: server.url, schema: newSchema(), ...options })
}

function overTheWay(): string {
  return `postgres://bae@127.0.0.1:${way.port}/postgres`
}

describe('while the server is away', () => {
  it('reads and writes wait, and go on when it is back', async () => {
    await using database = await open()
    const record = sampleRecord(9)
    await database.saveTorrent(record)
    await server.stop()
    const recording = database.recordProgress(record.id, { completedPieces: [3], sealedChunks: [] })
    const reading = database.findTorrent(record.id)
    await server.start()
    expect(await reading).toEqual(record)
    await recording
    expect(setPieces(await database.completedPieces(record.id), 9)).toEqual([3])
  })

  it('they wait for databaseWaitMs at most, and the error has the cause', async () => {
    await using database = await open({ databaseWaitMs: 200 })
    const record = sampleRecord(9)
    await database.saveTorrent(record)
    await server.stop()
    for (const call of [
      () => database.findTorrent(record.id),
      () => database.recordProgress(record.id, { completedPieces: [3], sealedChunks: [] }),
    ]) {
      await expect(call()).rejects.toMatchObject({
        code: 'STORAGE_DATABASE_UNAVAILABLE',
        cause: expect.objectContaining({ code: 'ENOENT' }),
      })
    }
    await server.start()
    expect(setPieces(await database.completedPieces(record.id), 9)).toEqual([])
  })

  it('nothing is lost or counted twice over kill -9 of a server in the middle of many batches', async () => {
    await using database = await open()
    const record = sampleRecord(400)
    await database.saveTorrent(record)
    let recorded = 0
    const workers = [0, 1, 2].map(async (worker) => {
      for (let index = worker; index < 400; index += 3) {
        const sealedChunks = [sealed(index, index % 50)]
        await database.recordProgress(record.id, { completedPieces: [index], sealedChunks })
        recorded += 1
      }
    })
    for (const share of [50, 200]) {
      await expect.poll(() => recorded, { interval: 1 }).toBeGreaterThan(share)
      await server.restart('SIGKILL')
    }
    await Promise.all(workers)
    expect(setPieces(await database.completedPieces(record.id), 400)).toHaveLength(400)
    // Each of the 50 chunks has eight references, so with the last torrent they are all gone, exactly.
    expect(await database.deleteTorrent(record.id)).toHaveLength(50)
  })

  it('one that is read-only after a failover is waited for, on connections of its own', async () => {
    await using database = await open()
    const record = sampleRecord(9)
    await database.saveTorrent(record)
    const readOnly = (value: string) =>
      server.query(
        `SET transaction_read_only = off; ALTER DATABASE postgres SET default_transaction_read_only = ${value}`,
      )
    // Holds for connections that are made from now on, as those to another server after a failover.
    await readOnly('on')
    await server.restart()
    const recording = database.recordProgress(record.id, { completedPieces: [3], sealedChunks: [] })
    const refused = 'SELECT sum(xact_rollback) > 0 AS refused FROM pg_stat_database'
    await expect.poll(() => server.query(refused)).toEqual([{ refused: true }])
    await readOnly('off')
    await recording
    expect(setPieces(await database.completedPieces(record.id), 9)).toEqual([3])
  })

  it('closing waits for what was begun before', async () => {
    const schema = newSchema()
    const database = await openTypeOrmDatabase({ url: server.url, schema })
    const record = sampleRecord(9)
    await database.saveTorrent(record)
    await server.stop()
    const recording = database.recordProgress(record.id, { completedPieces: [3], sealedChunks: [] })
    const closing = database.close()
    await server.start()
    await Promise.all([recording, closing])
    await using again = await openTypeOrmDatabase({ url: server.url, schema })
    expect(setPieces(await again.completedPieces(record.id), 9)).toEqual([3])
  })
})

describe('opening', () => {
  it.each(['57P03', '53300'])('waits for a server that answers %s', async (code) => {
    const refused = way.refuse(code, 3)
    await using database = await open({ url: overTheWay() })
    await refused
    expect(await database.listTorrents()).toEqual([])
  })

  it('rejects STORAGE_DATABASE_UNAVAILABLE at once where there is no server', async () => {
    const opening = openTypeOrmDatabase({ url: 'postgres://bae@127.0.0.1:1/postgres', schema: 'bae' })
    await expect(opening).rejects.toMatchObject({
      code: 'STORAGE_DATABASE_UNAVAILABLE',
      cause: { code: 'ECONNREFUSED' },
    })
  })

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const refused = way.refuse('57P03', 1)
    const opening = openTypeOrmDatabase({ url: overTheWay(), schema: newSchema(), signal: stop.signal })
    const ended = expect(opening).rejects.toBe(reason)
    await refused
    stop.abort(reason)
    await ended
  })
})

describe('when the connection breaks after COMMIT was sent', () => {
  it('a torrent that was saved is saved once', async () => {
    await using database = await open({ url: overTheWay() })
    const record = sampleRecord(9)
    const cut = way.cutAfter('COMMIT')
    await Promise.all([cut, database.saveTorrent(record)])
    expect(await database.listTorrents()).toEqual([record.id])
  })

  it('progress that was recorded has its references once', async () => {
    await using database = await open({ url: overTheWay() })
    const record = sampleRecord(9)
    await database.saveTorrent(record)
    const progress = { completedPieces: [1], sealedChunks: [sealed(0, 'x'), sealed(1, 'x')], flushed: true }
    const cut = way.cutAfter('COMMIT')
    await Promise.all([cut, database.recordProgress(record.id, progress)])
    expect(setPieces(await database.completedPieces(record.id), 9)).toEqual([1])
    expect(await database.clearProgress(record.id, { pieces: [1], ordinals: [0] })).toEqual([])
    expect(await database.clearProgress(record.id, { pieces: [], ordinals: [1] })).toEqual([sampleKey('x')])
  })

  it('chunks that lost their last reference are still told', async () => {
    await using database = await open({ url: overTheWay() })
    const record = sampleRecord(9)
    await database.saveTorrent(record)
    const sealedChunks = [sealed(0, 'x'), sealed(1, 'y'), sealed(2, 'y')]
    await database.recordProgress(record.id, { completedPieces: [], sealedChunks })
    const cleared = way.cutAfter('COMMIT')
    const clearing = database.clearProgress(record.id, { pieces: [], ordinals: [0, 1] })
    await cleared
    expect(await clearing).toEqual([sampleKey('x')])
    const deleted = way.cutAfter('COMMIT')
    const deleting = database.deleteTorrent(record.id)
    await deleted
    expect(await deleting).toEqual([sampleKey('y')])
  })

  it('a pin that was set or taken counts once', async () => {
    await using database = await open({ url: overTheWay() })
    const record = sampleRecord(9)
    await database.saveTorrent(record)
    const pinned = way.cutAfter('COMMIT')
    expect((await Promise.all([pinned, database.cache.pin({ torrentId: record.id }, 'user')]))[1]).toBe(true)
    expect(await database.cache.pinCount({ torrentId: record.id }, 'user')).toBe(1)
    await database.cache.pin({ torrentId: record.id }, 'user')
    const taken = way.cutAfter('COMMIT')
    await Promise.all([taken, database.cache.unpin({ torrentId: record.id }, 'user')])
    expect(await database.cache.pinCount({ torrentId: record.id }, 'user')).toBe(1)
  })

  it("a store's own broken connections end the deletion, and are not taken for the database's", async () => {
    await using database = await open()
    const record = sampleRecord(9)
    await database.saveTorrent(record)
    await database.recordProgress(record.id, { completedPieces: [], sealedChunks: [sealed(0, 'x')] })
    const keys = await database.deleteTorrent(record.id)
    const broken = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    const deleting = database.forgetChunks(keys, () => Promise.reject(broken))
    await expect(deleting).rejects.toBe(broken)
  })

  it('objects that were deleted are not deleted again', async () => {
    await using database = await open({ url: overTheWay() })
    const record = sampleRecord(9)
    await database.saveTorrent(record)
    await database.recordProgress(record.id, { completedPieces: [], sealedChunks: [sealed(0, 'x')] })
    const keys = await database.deleteTorrent(record.id)
    const deleted: string[] = []
    const cut = way.cutAfter('COMMIT')
    await Promise.all([cut, database.forgetChunks(keys, async (some) => void deleted.push(...some))])
    expect(deleted).toEqual([sampleKey('x')])
  })
})

describe('while the objects of chunks are being deleted', () => {
  const layout = layoutOf('album', 32_768, [150_001])
  const ways = {
    'of a torrent that goes': async (library: Parts, gone: Library) => {
      await destroyTorrent(library, gone.record.id)
    },
    'that nothing knows': async (library: Parts, gone: Library) => {
      await library.database.deleteTorrent(gone.record.id)
      await library.database.forgetChunks(
        [0, 1, 2].map((at) => gone.key(at)),
        async () => {},
      )
      await collect(collectGarbage(library, { forgetUnknown: true }))
    },
  }

  it.each(Object.entries(ways))(
    'a connection that breaks lets nobody record those %s before they are gone',
    async (_, remove) => {
      const schema = newSchema()
      const store = new SlowChunkStore(new MemoryChunkStore())
      const [gone, comes] = [new Library(layout, { store }), new Library(layout, { store })]
      await using ours = await open({ schema })
      await complete(gone, { chunkStore: store, database: ours })
      store.hold('delete')
      // The five seconds that it may take do not pass while it is held.
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const removing = remove({ chunkStore: store, database: ours }, gone)
      await store.whenHeld('delete').finally(() => vi.useRealTimers())
      await server.query(breakAll)
      await using theirs = await open({ schema, url: overTheWay() })
      const waiting = way.whenSent('ROLLBACK')
      const completing = complete(comes, { chunkStore: store, database: theirs })
      await Promise.race([completing, waiting])
      store.release('delete')
      await Promise.all([removing, completing])
      const { record } = comes
      expect((await scrubTorrent({ record, chunkStore: store, database: theirs })).damage).toEqual([])
      expect(await comes.storedKeys()).toHaveLength(3)
    },
  )

  it('they are waited for no longer than it takes to know that whoever deleted them is dead', async () => {
    const schema = newSchema()
    await using database = await open({ schema, url: overTheWay() })
    const record = sampleRecord(9)
    await database.saveTorrent(record)
    await database.orphans.forgetUnknown([sampleKey('x')], async () => {
      const waiting = way.whenSent('ROLLBACK')
      const progress = { completedPieces: [], sealedChunks: [sealed(0, 'x', 77)] }
      const recording = database.recordProgress(record.id, progress)
      await Promise.race([recording, waiting])
      expect(await database.chunkKeys(record.id, 0, 1)).toEqual([undefined])
      await server.query(`UPDATE "${schema}".chunk SET last_used = last_used - 60`)
      await recording
    })
    expect(await database.chunkLengths([sampleKey('x')])).toEqual(new Map([[sampleKey('x'), 77]]))
    expect(await database.cache.usage()).toEqual({ localBytes: 77, awayBytes: 0 })
  })

  it('no deletion begins once others may take the chunks, and those that are left may be deleted later', async () => {
    await using database = await open()
    const keys = [sampleKey('x'), sampleKey('y')]
    const deleted: string[] = []
    const late = new MemoryChunkStore()
    late.delete = async (key) => {
      deleted.push(key)
      vi.advanceTimersByTime(5_000)
    }
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const forgetting = database.orphans.forgetUnknown(keys, async (some, options) => {
        for (const key of some) await deleteObjects(late, [key], options)
      })
      await expect(forgetting).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    } finally {
      vi.useRealTimers()
    }
    expect(deleted).toHaveLength(1)
    const again: string[] = []
    await database.orphans.forgetUnknown(keys, async (some) => void again.push(...some))
    expect(again).toHaveLength(2)
  })

  it('those that a dead process had begun with are taken up by the next one', async () => {
    const schema = newSchema()
    await using database = await open({ schema })
    const keys = [sampleKey('x'), sampleKey('y')]
    await database.orphans.forgetUnknown(keys, async () => {
      await server.query(`UPDATE "${schema}".chunk SET last_used = last_used - 60`)
      const again: string[] = []
      await database.forgetChunks(keys, async (some) => void again.push(...some))
      expect(again).toEqual([...keys].sort())
    })
    expect(await database.orphans.unreferenced(undefined, 9)).toEqual([])
  })
})

it('a connection that breaks during an eviction takes no local copy that comes again', async () => {
  await using database = await open()
  const local = new SlowChunkStore(new MemoryChunkStore())
  let nowMs = Date.UTC(2026, 10, 26)
  await using store = await CacheManager.open(
    { local, remote: new MemoryChunkStore(), database, nowMs: () => nowMs },
    { capacityBytes: 6 * chunkSizeBytes, chunkSizeBytes },
  )
  const options = { store, chunkSizeBytes }
  const [old, comes] = [new Library(chunksOf(4), options), new Library(chunksOf(4), options)]
  const [first, second] = await Promise.all([opened(old, database, store), opened(comes, database, store)])
  for (const chunk of [0, 1, 2, 3]) {
    await old.complete(first, ...[0, 1, 2, 3].map((piece) => 4 * chunk + piece))
    await store.whenUploaded()
    nowMs += 1_000_000
  }
  await comes.write(second, 0, 1, 2, 3)
  await store.put(sampleKey('fills'), new Uint8Array(chunkSizeBytes))
  local.hold('delete')
  const evicting = store.put(sampleKey('evicts'), new Uint8Array(chunkSizeBytes))
  await local.whenHeld('delete')
  await server.query(breakAll)
  const completing = Promise.all([0, 1, 2, 3].map((piece) => second.completePiece(piece)))
  await expect.poll(() => database.chunkKeys(comes.record.id, 0, 1)).toEqual([comes.key(0)])
  await hasSettled(completing)
  local.release('delete')
  await Promise.allSettled([evicting, completing])
  sameBytes(await local.get(comes.key(0)), comes.chunk(0), 'what came again is there')
  await first.close()
  await second.close()
})

async function opened(torrent: Library, database: TypeOrmDatabase, store: CacheManager) {
  await database.saveTorrent(torrent.record)
  return await BaeStorage.open({ record: torrent.record, chunkStore: store, database })
}

const breakAll = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`

interface Parts {
  readonly chunkStore: SlowChunkStore
  readonly database: TypeOrmDatabase
}

/** All of the torrent, as another process would. */
async function complete(torrent: Library, parts: Parts): Promise<void> {
  await parts.database.saveTorrent(torrent.record)
  const storage = await BaeStorage.open({ record: torrent.record, ...parts })
  await torrent.complete(storage, ...allPieces(torrent.layout))
  await storage.close()
}
