import assert from 'node:assert/strict'
import type { Database } from '../database.js'
import { evictAll, keysNamed, recordChunks, withChunks } from './database-cache.js'
import { type DatabaseSubject, sampleKey, sampleRecord, sealed } from './database-samples.js'
import type { Clauses } from './test-api.js'

const atMs = Date.UTC(2026, 10, 25)

/** Everything is remote now: what still stays is pinned. */
async function evictable(database: Database): Promise<string[]> {
  await database.cache.markRemote(await database.cache.notRemote(100, []), atMs)
  return (await evictAll(database)).sort()
}

export const pinClauses: Clauses<DatabaseSubject> = {
  'a pinned chunk stays until each of its pins is taken away': (subject) =>
    withChunks(subject, 'ab', async (database) => {
      const target = { key: sampleKey('a') }
      for (const reason of ['user', 'user', 'seed'] as const)
        assert.equal(await database.cache.pin(target, reason), true)
      assert.deepEqual(await evictable(database), keysNamed('b'))
      assert.equal(await database.cache.pinCount(target, 'user'), 2)
      for (const reason of ['user', 'seed', 'user'] as const) {
        assert.deepEqual(await evictAll(database), [])
        assert.equal(await database.cache.unpin(target, reason), true)
      }
      assert.equal(await database.cache.pinCount(target, 'user'), 0)
      assert.equal(await database.cache.unpin(target, 'user'), false)
      assert.deepEqual(await evictAll(database), keysNamed('a'))
    }),

  'a pinned torrent keeps the chunks it has and those that come later': (subject) =>
    withChunks(subject, 'ab', async (database, record) => {
      const target = { torrentId: record.id }
      await database.cache.pin(target, 'download')
      await database.cache.pin(target, 'user')
      await recordChunks(database, record, sealed(5, 'c', 100), sealed(6, 'a', 100))
      assert.deepEqual(await evictable(database), [])
      await database.cache.unpin(target, 'download')
      assert.deepEqual(await evictAll(database), [])
      await database.cache.unpin(target, 'user')
      assert.deepEqual((await evictAll(database)).sort(), keysNamed('abc').sort())
    }),

  'a chunk that two torrents share is kept by either pin': (subject) =>
    withChunks(subject, 'ab', async (database, record) => {
      const other = sampleRecord(5)
      await database.saveTorrent(other)
      await recordChunks(database, other, sealed(0, 'b', 100), sealed(1, 'c', 100))
      for (const { id } of [record, other]) await database.cache.pin({ torrentId: id }, 'seed')
      await database.cache.unpin({ torrentId: record.id }, 'seed')
      assert.deepEqual(await evictable(database), keysNamed('a'))
      await database.cache.unpin({ torrentId: other.id }, 'seed')
      assert.deepEqual((await evictAll(database)).sort(), keysNamed('bc').sort())
    }),

  'a torrent takes its pins along when it goes, and a lost chunk those it had through it': (subject) =>
    withChunks(subject, 'abc', async (database, record) => {
      const other = sampleRecord(5)
      await database.saveTorrent(other)
      await recordChunks(database, other, ...[...'abc'].map((name, at) => sealed(at, name, 100)))
      await database.cache.pin({ torrentId: record.id }, 'user')
      await database.clearProgress(record.id, { pieces: [], ordinals: [0] })
      assert.deepEqual(await evictable(database), keysNamed('a'))
      await database.deleteTorrent(record.id)
      assert.deepEqual((await evictAll(database)).sort(), keysNamed('bc').sort())
      await database.saveTorrent(record)
      assert.equal(await database.cache.pinCount({ torrentId: record.id }, 'user'), 0)
      await recordChunks(database, record, sealed(0, 'd', 100))
      assert.deepEqual(await evictable(database), keysNamed('d'))
    }),

  'a forgotten chunk takes its pins along': (subject) =>
    withChunks(subject, 'a', async (database, record) => {
      await database.cache.pin({ key: sampleKey('a') }, 'user')
      await database.clearProgress(record.id, { pieces: [], ordinals: [0] })
      await database.forgetChunks(keysNamed('a'), async () => {})
      await recordChunks(database, record, sealed(0, 'a', 100))
      assert.equal(await database.cache.pinCount({ key: sampleKey('a') }, 'user'), 0)
      assert.deepEqual(await evictable(database), keysNamed('a'))
    }),

  'what has no record cannot be pinned': (subject) =>
    withChunks(subject, '', async (database) => {
      assert.equal(await database.cache.pin({ key: sampleKey('x') }, 'user'), false)
      assert.equal(await database.cache.pin({ torrentId: sampleRecord(1).id }, 'user'), false)
      assert.equal(await database.cache.unpin({ torrentId: sampleRecord(1).id }, 'user'), false)
    }),

  'a torrent that is pinned, filled and unpinned at once ends with every pin taken back': (subject) =>
    withChunks(subject, '', async (database, record) => {
      const target = { torrentId: record.id }
      const chunks = Array.from({ length: 18 }, (_, index) => sealed(index, index % 7, 100))
      await Promise.all([
        ...chunks.map((chunk) => recordChunks(database, record, chunk)),
        ...Array.from({ length: 6 }, async () => {
          await database.cache.pin(target, 'download')
          await database.cache.unpin(target, 'download')
        }),
      ])
      assert.equal((await evictable(database)).length, 7)
    }),
}
