import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { ChunkKey, ChunkStore } from '../chunk-store.js'
import { patternBytes } from './bytes.js'
import { collect, rejectsWithCode, rejectsWithReason, sameBytes } from './expectations.js'
import { type Clauses, runClauses, type Skip, type TestApi } from './test-api.js'

export interface ChunkStoreSubject {
  /** A new, empty store. */
  create(): Promise<ChunkStore>
  /** The same store once more, after `close()`. Left out by stores that keep nothing. */
  reopen?(closed: ChunkStore): Promise<ChunkStore>
}

/** The key of an imaginary chunk: different for each name, all over the range of keys. */
function keyNamed(name: string | number): ChunkKey {
  return createHash('sha256').update(`chunk ${name}`).digest('hex') as ChunkKey
}

async function withStore(
  subject: ChunkStoreSubject,
  body: (store: ChunkStore) => Promise<void>,
): Promise<void> {
  await using store = await subject.create()
  await body(store)
}

const byteClauses: Clauses<ChunkStoreSubject> = {
  'chunks of 0, 1 and 5 MiB bytes come back as they were put': (subject) =>
    withStore(subject, async (store) => {
      for (const length of [0, 1, 16_384, 1_000_003, 5 << 20]) {
        await store.put(keyNamed(length), patternBytes(length, length))
        sameBytes(await store.get(keyNamed(length)), patternBytes(length, length), `chunk of ${length}`)
      }
    }),

  'a range is exactly what was asked for, wherever it lies': (subject) =>
    withStore(subject, async (store) => {
      const bytes = patternBytes(3, 100_000)
      await store.put(keyNamed('a'), bytes)
      for (const [offset, length] of [
        [0, 1],
        [0, 100_000],
        [4095, 4098],
        [99_999, 1],
        [50_000, 0],
        [100_000, 0],
      ] as const) {
        const part = await store.get(keyNamed('a'), { range: { offset, length } })
        sameBytes(part, bytes.subarray(offset, offset + length), `${length} at ${offset}`)
      }
    }),

  'a range beyond the end is a RangeError and never a short answer': (subject) =>
    withStore(subject, async (store) => {
      await store.put(keyNamed('a'), patternBytes(3, 1000))
      for (const [offset, length] of [
        [0, 1001],
        [999, 2],
        [1001, 1],
        [5000, 10],
        [-1, 5],
        [0, -1],
        [0.5, 1],
      ] as const) {
        await assert.rejects(
          store.get(keyNamed('a'), { range: { offset, length } }),
          RangeError,
          `${length} at ${offset}`,
        )
      }
    }),

  'putting shorter bytes under the same key leaves nothing of the longer ones': (subject) =>
    withStore(subject, async (store) => {
      await store.put(keyNamed('a'), patternBytes(1, 9000))
      await store.put(keyNamed('a'), patternBytes(2, 10))
      sameBytes(await store.get(keyNamed('a')), patternBytes(2, 10), 'overwritten')
    }),

  "the caller's memory is its own again once put has settled, Buffer or not": (subject) =>
    withStore(subject, async (store) => {
      for (const lent of [patternBytes(5, 70_000), Buffer.from(patternBytes(5, 70_000))]) {
        await store.put(keyNamed('lent'), lent)
        lent.fill(0xee)
        sameBytes(
          await store.get(keyNamed('lent')),
          patternBytes(5, 70_000),
          'after the caller changed its memory',
        )
      }
    }),

  'what was read is not changed by what is read or put later': (subject) =>
    withStore(subject, async (store) => {
      await store.put(keyNamed('a'), patternBytes(1, 5000))
      const first = await store.get(keyNamed('a'))
      first?.fill(9)
      sameBytes(await store.get(keyNamed('a')), patternBytes(1, 5000), 'second read')
    }),
}

const absenceClauses: Clauses<ChunkStoreSubject> = {
  'a chunk that was never put is undefined, whole or in part, and has says no': (subject) =>
    withStore(subject, async (store) => {
      assert.equal(await store.get(keyNamed('never')), undefined)
      assert.equal(await store.get(keyNamed('never'), { range: { offset: 5, length: 5 } }), undefined)
      assert.equal(await store.has(keyNamed('never')), false)
    }),

  'a deleted chunk is gone, and deleting it again is fine': (subject) =>
    withStore(subject, async (store) => {
      await store.put(keyNamed('a'), patternBytes(1, 10))
      await store.put(keyNamed('b'), patternBytes(2, 10))
      assert.equal(await store.has(keyNamed('a')), true)
      await store.delete(keyNamed('a'))
      await store.delete(keyNamed('a'))
      assert.equal(await store.get(keyNamed('a')), undefined)
      assert.equal(await store.has(keyNamed('a')), false)
      sameBytes(await store.get(keyNamed('b')), patternBytes(2, 10), 'the other chunk')
    }),

  'list names every chunk that begins with the prefix, once, and no other': (subject) =>
    withStore(subject, async (store) => {
      const keys = Array.from({ length: 100 }, (_, index) => keyNamed(index)).sort()
      for (const key of keys) await store.put(key, patternBytes(1, 3))
      const wanted = keys[42] ?? ''
      for (const prefix of ['', wanted.slice(0, 1), wanted.slice(0, 3), wanted.slice(0, 5), wanted, 'zz']) {
        const expected = keys.filter((key) => key.startsWith(prefix))
        assert.deepEqual((await collect(store.list(prefix))).sort(), expected, `prefix "${prefix}"`)
      }
    }),

  'what is listed may be deleted on the way': (subject) =>
    withStore(subject, async (store) => {
      for (let index = 0; index < 50; index++) await store.put(keyNamed(index), patternBytes(index, 3))
      for await (const key of store.list('')) await store.delete(key)
      assert.deepEqual(await collect(store.list('')), [])
    }),
}

const concurrencyClauses: Clauses<ChunkStoreSubject> = {
  'a hundred chunks are put and read at once': (subject) =>
    withStore(subject, async (store) => {
      const seeds = Array.from({ length: 100 }, (_, index) => index)
      await Promise.all(seeds.map((seed) => store.put(keyNamed(seed), patternBytes(seed, 30_000 + seed))))
      const found = await Promise.all(seeds.map((seed) => store.get(keyNamed(seed))))
      for (const seed of seeds) sameBytes(found[seed], patternBytes(seed, 30_000 + seed), `chunk ${seed}`)
    }),

  'of puts of one key at the same time one wins whole': (subject) =>
    withStore(subject, async (store) => {
      const seeds = [1, 2, 3, 4, 5]
      await Promise.all(seeds.map((seed) => store.put(keyNamed('same'), patternBytes(seed, 100_000 * seed))))
      const bytes = await store.get(keyNamed('same'))
      sameBytes(bytes, patternBytes((bytes?.length ?? 0) / 100_000, bytes?.length ?? -1), 'the winner')
    }),

  'a call aborted before it starts rejects with the reason and leaves no trace': (subject) =>
    withStore(subject, async (store) => {
      const reason = new Error('changed my mind')
      const options = { signal: AbortSignal.abort(reason) }
      await rejectsWithReason(reason, store.put(keyNamed('a'), patternBytes(1, 10), options))
      await rejectsWithReason(reason, store.get(keyNamed('a'), options))
      await rejectsWithReason(reason, store.has(keyNamed('a'), options))
      await rejectsWithReason(reason, store.delete(keyNamed('a'), options))
      await rejectsWithReason(reason, collect(store.list('', options)))
      assert.deepEqual(await collect(store.list('')), [])
    }),
}

const closingClauses: Clauses<ChunkStoreSubject> = {
  'after close every call rejects STORAGE_CLOSED, and closing again is fine': async (subject) => {
    const store = await subject.create()
    await store.put(keyNamed('a'), patternBytes(1, 10))
    await store.close()
    await store.close()
    await rejectsWithCode('STORAGE_CLOSED', store.put(keyNamed('b'), patternBytes(1, 10)))
    await rejectsWithCode('STORAGE_CLOSED', store.get(keyNamed('a')))
    await rejectsWithCode('STORAGE_CLOSED', store.has(keyNamed('a')))
    await rejectsWithCode('STORAGE_CLOSED', store.delete(keyNamed('a')))
    await rejectsWithCode('STORAGE_CLOSED', collect(store.list('')))
  },
}

function reopenClauses(reopen: (closed: ChunkStore) => Promise<ChunkStore>): Clauses<ChunkStoreSubject> {
  return {
    'what was put is there after a restart, and what was deleted is not': async (subject) => {
      const before = await subject.create()
      for (const seed of [1, 2, 3]) await before.put(keyNamed(seed), patternBytes(seed, 4000 * seed))
      await before.delete(keyNamed(2))
      const putting = before.put(keyNamed(4), patternBytes(4, 500_000))
      await before.close()
      await putting

      await using after = await reopen(before)
      for (const seed of [1, 3])
        sameBytes(await after.get(keyNamed(seed)), patternBytes(seed, 4000 * seed), `${seed}`)
      assert.equal(await after.get(keyNamed(2)), undefined)
      sameBytes(await after.get(keyNamed(4)), patternBytes(4, 500_000), 'put while closing')
    },
  }
}

/** The contract of a ChunkStore, a test a clause. */
export function chunkStoreCompliance(
  api: TestApi,
  subject: ChunkStoreSubject & { readonly skip?: readonly Skip[] },
): void {
  const clauses = {
    ...byteClauses,
    ...absenceClauses,
    ...concurrencyClauses,
    ...closingClauses,
    ...(subject.reopen === undefined ? {} : reopenClauses(subject.reopen)),
  }
  api.describe('chunk store', () => runClauses(api, clauses, subject, subject.skip))
}
