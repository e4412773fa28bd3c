import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { ChunkKey } from '../chunk-store.js'
import type { Database } from '../database.js'
import type { TorrentId } from '../torrent-layout.js'
import { type DatabaseSubject, sampleKey, sampleRecord, sealed, withDatabase } from './database-samples.js'
import type { Clauses } from './test-api.js'

async function forgetUnknown(database: Database, ...keys: ChunkKey[]): Promise<ChunkKey[]> {
  const deleted: ChunkKey[] = []
  await database.orphans.forgetUnknown(keys, async (some) => void deleted.push(...some))
  return deleted.sort()
}

function root(name: string): string {
  return sampleKey(`root of ${name}`)
}

const lookups: Clauses<DatabaseSubject> = {
  'chunks that have a record have a length, others are not there': (subject) =>
    withDatabase(subject, async (database) => {
      const record = sampleRecord(3)
      await database.saveTorrent(record)
      const sealedChunks = [sealed(0, 'a', 100), sealed(1, 'b', 200)]
      await database.recordProgress(record.id, { completedPieces: [], sealedChunks })
      const keys = [sampleKey('b'), sampleKey('never'), sampleKey('a')]
      const lengths = await database.chunkLengths(keys)
      assert.deepEqual(
        new Map(lengths),
        new Map([
          [sampleKey('a'), 100],
          [sampleKey('b'), 200],
        ]),
      )
      assert.deepEqual(new Map(await database.chunkLengths([])), new Map())
    }),

  'chunks without a reference are told in the order of their keys, so many at a time': (subject) =>
    withDatabase(subject, async (database) => {
      const record = sampleRecord(30)
      await database.saveTorrent(record)
      const sealedChunks = Array.from({ length: 20 }, (_, index) => sealed(index, index))
      await database.recordProgress(record.id, { completedPieces: [], sealedChunks })
      assert.deepEqual(await database.orphans.unreferenced(undefined, 100), [])
      const ordinals = sealedChunks.map(({ ordinal }) => ordinal).filter((ordinal) => ordinal % 2 === 0)
      const expected = [...(await database.clearProgress(record.id, { pieces: [], ordinals }))].sort()
      assert.equal(expected.length, 10)
      assert.deepEqual(await database.orphans.unreferenced(undefined, 4), expected.slice(0, 4))
      assert.deepEqual(await database.orphans.unreferenced(expected[3], 4), expected.slice(4, 8))
      assert.deepEqual(await database.orphans.unreferenced(expected[7], 100), expected.slice(8))
      assert.deepEqual(await database.orphans.unreferenced(expected[9], 100), [])
    }),
}

const unknownChunks: Clauses<DatabaseSubject> = {
  'objects are unknown only where their chunk has no record, with a reference or without': (subject) =>
    withDatabase(subject, async (database) => {
      const record = sampleRecord(3)
      await database.saveTorrent(record)
      const sealedChunks = [sealed(0, 'kept'), sealed(1, 'unreferenced')]
      await database.recordProgress(record.id, { completedPieces: [], sealedChunks })
      await database.clearProgress(record.id, { pieces: [], ordinals: [1] })
      const keys = [sampleKey('kept'), sampleKey('unreferenced'), sampleKey('unknown')]
      assert.deepEqual(await forgetUnknown(database, ...keys), [sampleKey('unknown')])
      assert.deepEqual(await forgetUnknown(database, sampleKey('kept')), [])
      assert.deepEqual(await forgetUnknown(database, sampleKey('unknown')), [sampleKey('unknown')])
      const known = await database.chunkLengths(keys)
      assert.deepEqual([...known.keys()].sort(), [sampleKey('kept'), sampleKey('unreferenced')].sort())
      assert.deepEqual(await database.cache.usage(), { localBytes: 2 << 20, awayBytes: 0 })
    }),

  'a chunk is recorded only after the unknown object of its key is gone': (subject) =>
    withDatabase(subject, async (database) => {
      const record = sampleRecord(3)
      await database.saveTorrent(record)
      const order: string[] = []
      let recording: Promise<void> | undefined
      await database.orphans.forgetUnknown([sampleKey('x')], async () => {
        const progress = { completedPieces: [], sealedChunks: [sealed(0, 'x', 77)] }
        recording = database.recordProgress(record.id, progress).then(() => void order.push('recorded'))
        await new Promise((resolve) => setImmediate(resolve))
        order.push('deleted')
      })
      await recording
      assert.deepEqual(order, ['deleted', 'recorded'])
      assert.equal((await database.chunkLengths([sampleKey('x')])).get(sampleKey('x')), 77)
    }),

  'where unknown objects cannot be deleted the reason comes out, and nothing is recorded': (subject) =>
    withDatabase(subject, async (database) => {
      const broken = new Error('the disk is gone')
      await assert.rejects(
        database.orphans.forgetUnknown([sampleKey('x')], () => Promise.reject(broken)),
        (error) => error === broken,
      )
      assert.equal((await database.chunkLengths([sampleKey('x')])).size, 0)
      assert.deepEqual(await database.orphans.unreferenced(undefined, 10), [])
    }),
}

const absentTorrents: Clauses<DatabaseSubject> = {
  'work for an absent torrent is done, and for one that is there it is not': (subject) =>
    withDatabase(subject, async (database) => {
      const record = sampleRecord(3)
      let runs = 0
      const work = async (): Promise<void> => void runs++
      assert.equal(await database.orphans.whileAbsent(record.id, work), true)
      assert.equal(await database.orphans.whileAbsent(record.id, work), true)
      assert.deepEqual(await database.listTorrents(), [])
      await database.saveTorrent(record)
      assert.equal(await database.orphans.whileAbsent(record.id, work), false)
      assert.equal(runs, 2)
    }),

  'a torrent is saved only after the work for its absence is done': (subject) =>
    withDatabase(subject, async (database) => {
      const record = sampleRecord(3)
      const order: string[] = []
      let saving: Promise<void> | undefined
      await database.orphans.whileAbsent(record.id, async () => {
        saving = database.saveTorrent(record).then(() => void order.push('saved'))
        await new Promise((resolve) => setImmediate(resolve))
        order.push('done')
      })
      await saving
      assert.deepEqual(order, ['done', 'saved'])
      assert.deepEqual(await database.findTorrent(record.id), record)
    }),

  'what the work for an absent torrent rejects with comes out, and leaves no torrent': (subject) =>
    withDatabase(subject, async (database) => {
      const broken = new Error('the disk is gone')
      const { id } = sampleRecord(3)
      await assert.rejects(
        database.orphans.whileAbsent(id, () => Promise.reject(broken)),
        (error) => error === broken,
      )
      assert.deepEqual(await database.listTorrents(), [])
    }),
}

const storedFiles: Clauses<DatabaseSubject> = {
  'files are found by their root, in every torrent that has them': (subject) =>
    withDatabase(subject, async (database) => {
      const [a, b] = [sampleRecord(3), sampleRecord(4)]
      for (const record of [a, b]) await database.saveTorrent(record)
      const song = { root: root('song'), firstOrdinal: 0 }
      await database.files.save(a.id, [song, { root: root('cover'), firstOrdinal: 9 }])
      await database.files.save(a.id, [song])
      await database.files.save(b.id, [{ root: root('song'), firstOrdinal: 4_000_000 }])
      const found = await database.files.find([root('song'), root('never')])
      const order = (one: { firstOrdinal: number }, other: { firstOrdinal: number }): number =>
        one.firstOrdinal - other.firstOrdinal
      assert.deepEqual([...found].sort(order), [
        { ...song, torrentId: a.id },
        { root: root('song'), firstOrdinal: 4_000_000, torrentId: b.id },
      ])
      assert.deepEqual(await database.files.find([]), [])
    }),

  'the files of a torrent go with it, and those of an unknown one are passed over': (subject) =>
    withDatabase(subject, async (database) => {
      const record = sampleRecord(3)
      await database.saveTorrent(record)
      await database.files.save(record.id, [{ root: root('song'), firstOrdinal: 0 }])
      const nobody = randomUUID() as string as TorrentId
      await database.files.save(nobody, [{ root: root('song'), firstOrdinal: 0 }])
      assert.equal((await database.files.find([root('song')])).length, 1)
      await database.deleteTorrent(record.id)
      assert.deepEqual(await database.files.find([root('song')]), [])
    }),
}

export const orphanClauses: Clauses<DatabaseSubject> = {
  ...lookups,
  ...unknownChunks,
  ...absentTorrents,
  ...storedFiles,
}
