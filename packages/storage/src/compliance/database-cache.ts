import assert from 'node:assert/strict'
import type { Eviction } from '../cache-records.js'
import type { ChunkKey } from '../chunk-store.js'
import type { Database, SealedChunk, TorrentRecord } from '../database.js'
import { type DatabaseSubject, sampleKey, sampleRecord, sealed, withDatabase } from './database-samples.js'
import type { Clauses } from './test-api.js'

const startMs = Date.UTC(2026, 10, 25)
const minuteMs = 60_000

/** A library with a torrent of these chunks, 100 bytes each, named by single letters. */
export async function withChunks(
  subject: DatabaseSubject,
  names: string,
  body: (database: Database, record: TorrentRecord) => Promise<void>,
): Promise<void> {
  await withDatabase(subject, async (database) => {
    const record = sampleRecord(20)
    await database.saveTorrent(record)
    await recordChunks(database, record, ...[...names].map((name, ordinal) => sealed(ordinal, name, 100)))
    await body(database, record)
  })
}

export async function recordChunks(
  database: Database,
  { id }: TorrentRecord,
  ...sealedChunks: SealedChunk[]
): Promise<void> {
  await database.recordProgress(id, { completedPieces: [], sealedChunks })
}

export function keysNamed(names: string): ChunkKey[] {
  return [...names].map((name) => sampleKey(name))
}

/** Marks those of the waiting chunks that are named as remote. */
export async function upload(database: Database, keys: readonly ChunkKey[], atMs = startMs): Promise<void> {
  const waiting = (await database.cache.notRemote(100, [])).filter(({ key }) => keys.includes(key))
  const marked = await database.cache.markRemote(waiting, atMs)
  assert.deepEqual(marked.toSorted(), waiting.map(({ key }) => key).sort())
}

async function waitingKeys(database: Database, limit = 100, except: ChunkKey[] = []): Promise<ChunkKey[]> {
  return (await database.cache.notRemote(limit, except)).map(({ key }) => key).sort()
}

/** Evicts until nothing more goes, and answers what did. */
export async function evictAll(
  database: Database,
  wantedBytes = Number.MAX_SAFE_INTEGER,
): Promise<ChunkKey[]> {
  const keys: ChunkKey[] = []
  for (let left = wantedBytes; left > 0; ) {
    const evicted: Eviction = await database.cache.evict(left, async () => {})
    if (evicted.keys.length === 0) break
    keys.push(...evicted.keys)
    left -= evicted.bytes
  }
  return keys
}

async function usageIs(database: Database, localBytes: number, awayBytes: number): Promise<void> {
  assert.deepEqual(await database.cache.usage(), { localBytes, awayBytes })
}

const countClauses: Clauses<DatabaseSubject> = {
  'a recorded chunk counts as local once, however many refer to it, until it is forgotten': (subject) =>
    withChunks(subject, 'ab', async (database, record) => {
      const other = sampleRecord(5)
      await database.saveTorrent(other)
      await recordChunks(database, other, sealed(0, 'b', 100), sealed(1, 'c', 7), sealed(2, 'c', 7))
      await usageIs(database, 207, 0)
      await database.deleteTorrent(record.id)
      await database.clearProgress(other.id, { pieces: [], ordinals: [0] })
      await usageIs(database, 207, 0)
      await database.forgetChunks(keysNamed('abc'), async () => {})
      await usageIs(database, 7, 0)
    }),

  'what is evicted counts as away, and what comes back as local again': (subject) =>
    withChunks(subject, 'ab', async (database, record) => {
      await upload(database, keysNamed('ab'))
      await usageIs(database, 200, 0)
      await evictAll(database)
      await usageIs(database, 0, 200)
      assert.equal(await database.cache.markBack(sampleKey('a'), startMs), true)
      assert.equal(await database.cache.markBack(sampleKey('a'), startMs), true)
      await usageIs(database, 100, 100)
      await database.deleteTorrent(record.id)
      await database.forgetChunks(keysNamed('ab'), async () => {})
      await usageIs(database, 0, 0)
    }),

  'a chunk that comes back is not away for whoever missed it before': (subject) =>
    withChunks(subject, 'a', async (database) => {
      const missed = await database.cache.notRemote(10, [])
      assert.deepEqual(
        missed.map(({ key }) => key),
        keysNamed('a'),
      )
      assert.equal(await database.cache.markBack(sampleKey('a'), startMs), true)
      await database.cache.markAway(missed)
      await usageIs(database, 100, 0)
    }),

  'a chunk without a record cannot be marked': (subject) =>
    withChunks(subject, 'a', async (database) => {
      assert.equal(await database.cache.markBack(sampleKey('x'), startMs), false)
      const unknown = { key: sampleKey('x'), version: '0' }
      assert.deepEqual(await database.cache.markRemote([unknown], startMs), [])
      await database.cache.markAway([unknown])
      await database.cache.forgetRemote([sampleKey('x')])
      await database.cache.touch([sampleKey('x')], startMs)
      await usageIs(database, 100, 0)
    }),

  'what is put by itself counts from before it is there, and waits for no upload until something refers to it':
    (subject) =>
      withChunks(subject, 'a', async (database, record) => {
        for (const name of ['a', 'x', 'x']) await database.cache.addLocal(sampleKey(name), 100)
        await usageIs(database, 200, 0)
        assert.deepEqual(await waitingKeys(database), [sampleKey('a')])
        await recordChunks(database, record, sealed(9, 'x', 100))
        await usageIs(database, 200, 0)
        await database.cache.addLocal(sampleKey('x'), 100)
        await usageIs(database, 200, 0)
      }),

  'a chunk whose bytes come once more is local, and must be seen in the remote store before it may go': (
    subject,
  ) =>
    withChunks(subject, 'ab', async (database) => {
      await upload(database, keysNamed('ab'))
      await evictAll(database, 100)
      const other = sampleRecord(5)
      await database.saveTorrent(other)
      await recordChunks(database, other, sealed(0, 'a', 100), sealed(1, 'b', 100))
      await usageIs(database, 200, 0)
      assert.deepEqual(await waitingKeys(database), keysNamed('ab').sort())
      assert.deepEqual(await evictAll(database), [])
    }),

  'counting holds when torrents with the same chunks come and go at once': (subject) =>
    withDatabase(subject, async (database) => {
      const records = Array.from({ length: 4 }, () => sampleRecord(40))
      for (const record of records) await database.saveTorrent(record)
      const chunks = Array.from({ length: 30 }, (_, index) => sealed(index, index % 20, 10 + (index % 20)))
      const keys = chunks.map(({ key }) => key)
      await Promise.all(
        records.map(async (record, at) => {
          for (let round = 0; round < 6; round++) {
            await recordChunks(database, record, ...chunks.slice((at * 5) % 20))
            await database.cache.markRemote(await database.cache.notRemote(8, keys.slice(0, at)), startMs)
            await database.cache.evict(30, async () => {})
            await database.clearProgress(record.id, {
              pieces: [],
              ordinals: chunks.map(({ ordinal }) => ordinal),
            })
            await database.forgetChunks(keys, async () => {})
          }
        }),
      )
      await database.forgetChunks(keys, async () => {})
      await usageIs(database, 0, 0)
    }),
}

const evictionClauses: Clauses<DatabaseSubject> = {
  'only what is in both stores is evicted': (subject) =>
    withChunks(subject, 'abc', async (database) => {
      assert.deepEqual(await evictAll(database), [])
      await upload(database, keysNamed('ac'))
      assert.deepEqual((await evictAll(database)).sort(), keysNamed('ac').sort())
      await upload(database, keysNamed('b'))
      await database.cache.forgetRemote(keysNamed('bc'))
      assert.deepEqual(await evictAll(database), [])
      await usageIs(database, 200, 100)
      assert.deepEqual(await waitingKeys(database), keysNamed('bc').sort())
    }),

  'the least recently used goes first, and no more than is wanted': (subject) =>
    withChunks(subject, 'abcde', async (database) => {
      for (const [at, name] of [...'cadbe'].entries())
        await upload(database, keysNamed(name), startMs + at * minuteMs)
      await database.cache.touch(keysNamed('c'), startMs + 20 * minuteMs)
      assert.deepEqual(await evictAll(database, 150), keysNamed('ad'))
      await database.cache.markBack(sampleKey('a'), startMs + 30 * minuteMs)
      assert.deepEqual(await evictAll(database), keysNamed('beca'))
    }),

  'a use soon after another one, or before it, changes nothing': (subject) =>
    withChunks(subject, 'ab', async (database) => {
      await upload(database, keysNamed('a'), startMs + 60 * minuteMs)
      await upload(database, keysNamed('b'), startMs + 61 * minuteMs)
      await database.cache.touch(keysNamed('a'), startMs + 60.5 * minuteMs)
      await database.cache.touch(keysNamed('b'), startMs)
      assert.deepEqual(await evictAll(database), keysNamed('ab'))
    }),

  'when objects cannot be deleted their chunks stay local': (subject) =>
    withChunks(subject, 'ab', async (database) => {
      await upload(database, keysNamed('ab'))
      const broken = new RangeError('the disk is gone')
      await assert.rejects(
        database.cache.evict(100, () => Promise.reject(broken)),
        (error) => error === broken,
      )
      await usageIs(database, 200, 0)
      assert.equal((await evictAll(database)).length, 2)
    }),

  'chunks are named for upload until they are remote, but those that are excepted': (subject) =>
    withChunks(subject, 'abcd', async (database) => {
      assert.equal((await waitingKeys(database, 3)).length, 3)
      await upload(database, keysNamed('b'))
      const others = await database.cache.notRemote(9, keysNamed('abc'))
      await database.cache.markAway(others)
      await usageIs(database, 300, 100)
      assert.deepEqual(await waitingKeys(database, 9, keysNamed('a')), keysNamed('c'))
    }),

  'an upload does not count for a chunk that was forgotten meanwhile, or came once more': (subject) =>
    withChunks(subject, 'abc', async (database, record) => {
      const waiting = await database.cache.notRemote(9, [])
      await database.clearProgress(record.id, { pieces: [], ordinals: [0] })
      await database.forgetChunks(keysNamed('a'), async () => {})
      await recordChunks(database, record, sealed(0, 'a', 100), sealed(7, 'b', 100))
      await database.cache.markAway(waiting.filter(({ key }) => key === sampleKey('a')))
      assert.deepEqual(await database.cache.markRemote(waiting, startMs), keysNamed('c'))
      assert.deepEqual(await waitingKeys(database), keysNamed('ab').sort())
      await usageIs(database, 300, 0)
    }),
}

const claimClauses: Clauses<DatabaseSubject> = {
  'one at a time has the claim on the capacity': (subject) =>
    withDatabase(subject, async (database) => {
      const claim = await database.cache.claimCapacity()
      assert.equal(claim?.lost.aborted, false)
      assert.equal(await database.cache.claimCapacity(), undefined)
      await claim?.release()
      await claim?.release()
      const next = await database.cache.claimCapacity()
      assert.notEqual(next, undefined)
      await next?.release()
    }),
}

export const cacheClauses: Clauses<DatabaseSubject> = { ...countClauses, ...evictionClauses, ...claimClauses }
