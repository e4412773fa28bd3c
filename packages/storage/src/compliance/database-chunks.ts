import assert from 'node:assert/strict'
import type { ChunkKey } from '../chunk-store.js'
import type { Database, SealedChunk, TorrentRecord } from '../database.js'
import { type DatabaseSubject, sampleKey, sampleRecord, sealed, withDatabase } from './database-samples.js'
import type { Clauses } from './test-api.js'

function withTorrents(
  subject: DatabaseSubject,
  body: (database: Database, a: TorrentRecord, b: TorrentRecord) => Promise<void>,
): Promise<void> {
  return withDatabase(subject, async (database) => {
    const [a, b] = [sampleRecord(100), sampleRecord(100)]
    await database.saveTorrent(a)
    await database.saveTorrent(b)
    await body(database, a, b)
  })
}

function record(database: Database, { id }: TorrentRecord, ...sealedChunks: SealedChunk[]): Promise<void> {
  return database.recordProgress(id, { completedPieces: [], sealedChunks })
}

/** Forgets `keys` and answers those whose objects were to be deleted. */
async function forget(database: Database, ...keys: ChunkKey[]): Promise<ChunkKey[]> {
  const deleted: ChunkKey[] = []
  await database.forgetChunks(keys, async (some) => void deleted.push(...some))
  return deleted.sort()
}

const referenceClauses: Clauses<DatabaseSubject> = {
  'recording the same again adds no reference': (subject) =>
    withTorrents(subject, async (database, a) => {
      const progress = { completedPieces: [1, 1], sealedChunks: [sealed(0, 'x'), sealed(0, 'x')] }
      await database.recordProgress(a.id, progress)
      await database.recordProgress(a.id, progress)
      assert.deepEqual(await forget(database, sampleKey('x')), [])
      assert.deepEqual(await database.clearProgress(a.id, { pieces: [], ordinals: [0] }), [sampleKey('x')])
    }),

  'a chunk that is twice in one torrent has two references, recorded together or apart': (subject) =>
    withTorrents(subject, async (database, a, b) => {
      await record(database, a, sealed(0, 'x'), sealed(7, 'x'))
      assert.deepEqual(await database.clearProgress(a.id, { pieces: [], ordinals: [0] }), [])
      assert.deepEqual(await database.clearProgress(a.id, { pieces: [], ordinals: [7] }), [sampleKey('x')])
      await record(database, b, sealed(0, 'y'))
      await record(database, b, sealed(5000, 'y'))
      assert.deepEqual(await database.clearProgress(b.id, { pieces: [], ordinals: [5000] }), [])
      assert.deepEqual(await forget(database, sampleKey('x'), sampleKey('y')), [sampleKey('x')])
      assert.deepEqual(await database.clearProgress(b.id, { pieces: [], ordinals: [0, 0] }), [sampleKey('y')])
    }),

  'a chunk that two torrents share outlives either of them': (subject) =>
    withTorrents(subject, async (database, a, b) => {
      await record(database, a, sealed(0, 'shared'), sealed(1, 'only a'), sealed(2, 'shared'))
      await record(database, b, sealed(9, 'shared'), sealed(3, 'only b'))
      assert.deepEqual(await database.deleteTorrent(a.id), [sampleKey('only a')])
      assert.deepEqual(await database.chunkKeys(b.id, 9, 1), [sampleKey('shared')])
      const orphans = await database.deleteTorrent(b.id)
      assert.deepEqual([...orphans].sort(), [sampleKey('shared'), sampleKey('only b')].sort())
    }),

  'deleting a torrent of chunks beyond the first row counts every one': (subject) =>
    withTorrents(subject, async (database, a, b) => {
      const ordinals = [0, 4095, 4096, 8191, 8192, 20_000]
      await record(database, a, ...ordinals.map((one) => sealed(one, one)))
      await record(database, b, sealed(0, 4096))
      const expected = ordinals.filter((one) => one !== 4096).map((one) => sampleKey(one))
      assert.deepEqual([...(await database.deleteTorrent(a.id))].sort(), expected.sort())
    }),

  'two torrents that record and clear the same chunks at once end with the right counts': (subject) =>
    withTorrents(subject, async (database, a, b) => {
      const chunks = Array.from({ length: 50 }, (_, index) => sealed(index, index))
      const ordinals = chunks.map(({ ordinal }) => ordinal)
      for (let round = 0; round < 4; round++) {
        await Promise.all([record(database, a, ...chunks), record(database, b, ...[...chunks].reverse())])
        await Promise.all([
          database.clearProgress(a.id, { pieces: [], ordinals }),
          record(database, b, ...chunks),
          database.clearProgress(a.id, { pieces: [], ordinals: [...ordinals].reverse() }),
        ])
      }
      assert.equal((await database.deleteTorrent(b.id)).length, chunks.length)
    }),

  'a torrent that is deleted while its progress is recorded leaves no reference behind': (subject) =>
    withTorrents(subject, async (database, a, b) => {
      const batches = Array.from({ length: 10 }, (_, index) => record(database, a, sealed(index, index)))
      const [, ...recorded] = await Promise.allSettled([database.deleteTorrent(a.id), ...batches])
      assert.equal(recorded.length, 10)
      assert.deepEqual(await database.deleteTorrent(a.id), [])
      assert.deepEqual(await database.chunkKeys(a.id, 0, 10), new Array(10).fill(undefined))
      await record(database, b, ...Array.from({ length: 10 }, (_, index) => sealed(index, index)))
      assert.equal((await database.deleteTorrent(b.id)).length, 10)
    }),
}

const forgetClauses: Clauses<DatabaseSubject> = {
  'only chunks without a reference are forgotten, and only once': (subject) =>
    withTorrents(subject, async (database, a) => {
      await record(database, a, sealed(0, 'gone'), sealed(1, 'kept'))
      await database.clearProgress(a.id, { pieces: [], ordinals: [0] })
      const keys = [sampleKey('gone'), sampleKey('kept'), sampleKey('never known'), sampleKey('gone')]
      assert.deepEqual(await forget(database, ...keys), [sampleKey('gone')])
      assert.deepEqual(await forget(database, ...keys), [])
      assert.deepEqual(await database.chunkKeys(a.id, 0, 2), [undefined, sampleKey('kept')])
    }),

  'when the objects cannot be deleted the chunks stay, and may be forgotten later': (subject) =>
    withTorrents(subject, async (database, a) => {
      await record(database, a, sealed(0, 'x'))
      await database.deleteTorrent(a.id)
      const broken = new Error('the disk is gone')
      await assert.rejects(
        database.forgetChunks([sampleKey('x')], () => Promise.reject(broken)),
        (error) => error === broken,
      )
      assert.deepEqual(await forget(database, sampleKey('x')), [sampleKey('x')])
    }),

  'a forgotten chunk can be recorded anew': (subject) =>
    withTorrents(subject, async (database, a) => {
      for (let round = 0; round < 2; round++) {
        await record(database, a, sealed(0, 'x'))
        assert.deepEqual(await database.clearProgress(a.id, { pieces: [], ordinals: [0] }), [sampleKey('x')])
        assert.deepEqual(await forget(database, sampleKey('x')), [sampleKey('x')])
      }
    }),

  'nobody begins to refer to a chunk while its object is being deleted': (subject) =>
    withTorrents(subject, async (database, a, b) => {
      await record(database, a, sealed(0, 'x'))
      await database.deleteTorrent(a.id)
      const order: string[] = []
      const recorded: Promise<void>[] = []
      await database.forgetChunks([sampleKey('x')], async () => {
        recorded.push(record(database, b, sealed(0, 'x')).then(() => void order.push('recorded')))
        // Long enough for a database to have recorded it, were it not held back: reads of b are answered meanwhile.
        for (let reads = 0; reads < 20; reads++)
          assert.deepEqual(await database.chunkKeys(b.id, 0, 1), [undefined])
        order.push('deleted')
      })
      await Promise.all(recorded)
      assert.deepEqual(order, ['deleted', 'recorded'])
      assert.deepEqual(await forget(database, sampleKey('x')), [])
      assert.deepEqual(await database.deleteTorrent(b.id), [sampleKey('x')])
    }),

  'chunks that are recorded and forgotten at once keep every reference': (subject) =>
    withTorrents(subject, async (database, a) => {
      const chunks = Array.from({ length: 20 }, (_, index) => sealed(index, index))
      const keys = chunks.map(({ key }) => key)
      const stored = new Set<ChunkKey>()
      for (let round = 0; round < 5; round++) {
        const forgetting = database.forgetChunks([...keys].reverse(), async (some) => {
          for (const key of some) stored.delete(key)
        })
        const recording = record(database, a, ...chunks).then(() => {
          for (const key of keys) stored.add(key)
        })
        await Promise.all([forgetting, recording])
        // The object of whatever is recorded is there: it was put after its row and not deleted since.
        assert.equal(stored.size, chunks.length)
        assert.deepEqual(await database.chunkKeys(a.id, 0, chunks.length), keys)
        const orphans = await database.clearProgress(a.id, {
          pieces: [],
          ordinals: chunks.map(({ ordinal }) => ordinal),
        })
        assert.equal(orphans.length, chunks.length)
      }
    }),
}

export const chunkClauses: Clauses<DatabaseSubject> = { ...referenceClauses, ...forgetClauses }
