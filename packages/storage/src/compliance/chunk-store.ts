import assert from 'node:assert/strict'
import { chunkKeyOf } from '../chunk-key.js'
import type { ChunkKey, ChunkStore } from '../chunk-store.js'
import { patternBytes } from './bytes.js'
import { collect, rejectsWithCode, rejectsWithReason, sameBytes } from './expectations.js'
import { Lent } from './lent.js'
import { type Clauses, runClauses, type Skip, type TestApi } from './test-api.js'

export interface ChunkStoreSubject {
  /** A new, empty store. */
  create(): Promise<ChunkStore>
  /** The same store once more, after `close()`. Left out by stores that keep nothing. */
  reopen?(closed: ChunkStore): Promise<ChunkStore>
}

/** Stores may prove what they give: the keys are those of the bytes. */
function keyOf(bytes: Uint8Array): ChunkKey {
  return chunkKeyOf(bytes, 8 << 20)
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
        const bytes = patternBytes(length, length)
        await store.put(keyOf(bytes), bytes)
        sameBytes(await store.get(keyOf(bytes)), patternBytes(length, length), `chunk of ${length}`)
      }
    }),

  'a range is exactly what was asked for, wherever it lies': (subject) =>
    withStore(subject, async (store) => {
      const bytes = patternBytes(3, 100_000)
      await store.put(keyOf(bytes), bytes)
      for (const [offset, length] of [
        [0, 1],
        [0, 100_000],
        [4095, 4098],
        [99_999, 1],
        [50_000, 0],
        [100_000, 0],
      ] as const) {
        const part = await store.get(keyOf(bytes), { range: { offset, length } })
        sameBytes(part, bytes.subarray(offset, offset + length), `${length} at ${offset}`)
      }
    }),

  'a range beyond the end is a RangeError and never a short answer': (subject) =>
    withStore(subject, async (store) => {
      const bytes = patternBytes(3, 1000)
      await store.put(keyOf(bytes), bytes)
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
          store.get(keyOf(bytes), { range: { offset, length } }),
          RangeError,
          `${length} at ${offset}`,
        )
      }
    }),

  'memory that is lent for a range gets that range, and nothing once the call has settled': (subject) =>
    withStore(subject, async (store) => {
      const bytes = patternBytes(3, 100_000)
      const key = keyOf(bytes)
      await store.put(key, bytes)
      for (const [offset, length] of [
        [0, 100_000],
        [4095, 4098],
        [50_000, 0],
      ] as const) {
        const range = { offset, length }
        const lent = new Lent(length)
        const aborting = new AbortController()
        const reading = store.get(key, { range, into: lent.into, signal: aborting.signal })
        aborting.abort(new Error('too late, or not'))
        await reading.catch(() => undefined)
        lent.into.fill(0xee)
        await store.get(key, { range })
        assert.ok(lent.into.every((byte) => byte === 0xee))
        const expected = bytes.subarray(offset, offset + length)
        lent.sameBytes(await store.get(key, { range, into: lent.into }), expected)
      }
    }),

  'putting the right bytes leaves nothing of longer ones that were there in their place': (subject) =>
    withStore(subject, async (store) => {
      const right = patternBytes(2, 10)
      await store.put(keyOf(right), patternBytes(1, 9000))
      await store.put(keyOf(right), right)
      sameBytes(await store.get(keyOf(right)), right, 'overwritten')
    }),

  "the caller's memory is its own again once put has settled, Buffer or not": (subject) =>
    withStore(subject, async (store) => {
      for (const lent of [patternBytes(5, 70_000), Buffer.from(patternBytes(6, 70_000))]) {
        const bytes = Uint8Array.from(lent)
        await store.put(keyOf(bytes), lent)
        lent.fill(0xee)
        sameBytes(await store.get(keyOf(bytes)), bytes, 'after the caller changed its memory')
      }
    }),

  'what was read is not changed by what is read or put later': (subject) =>
    withStore(subject, async (store) => {
      const bytes = patternBytes(1, 5000)
      await store.put(keyOf(bytes), bytes)
      const first = await store.get(keyOf(bytes))
      first?.fill(9)
      sameBytes(await store.get(keyOf(bytes)), patternBytes(1, 5000), 'second read')
    }),
}

const absenceClauses: Clauses<ChunkStoreSubject> = {
  'a chunk that was never put is undefined, whole or in part, and has says no': (subject) =>
    withStore(subject, async (store) => {
      const never = keyOf(patternBytes(1, 10))
      assert.equal(await store.get(never), undefined)
      assert.equal(await store.get(never, { range: { offset: 5, length: 5 } }), undefined)
      assert.equal(await store.has(never), false)
    }),

  'a deleted chunk is gone, and deleting it again is fine': (subject) =>
    withStore(subject, async (store) => {
      const [one, other] = [patternBytes(1, 10), patternBytes(2, 10)]
      await store.put(keyOf(one), one)
      await store.put(keyOf(other), other)
      assert.equal(await store.has(keyOf(one)), true)
      await store.delete(keyOf(one))
      await store.delete(keyOf(one))
      assert.equal(await store.get(keyOf(one)), undefined)
      assert.equal(await store.has(keyOf(one)), false)
      sameBytes(await store.get(keyOf(other)), other, 'the other chunk')
    }),

  'list names every chunk that begins with the prefix, once, and no other': (subject) =>
    withStore(subject, async (store) => {
      const chunks = Array.from({ length: 100 }, (_, index) => patternBytes(index, 5))
      for (const bytes of chunks) await store.put(keyOf(bytes), bytes)
      const keys = chunks.map(keyOf).sort()
      const wanted = keys[42] ?? ''
      for (const prefix of ['', wanted.slice(0, 1), wanted.slice(0, 3), wanted.slice(0, 5), wanted, 'zz']) {
        const expected = keys.filter((key) => key.startsWith(prefix))
        assert.deepEqual((await collect(store.list(prefix))).sort(), expected, `prefix "${prefix}"`)
      }
    }),

  'what is listed may be deleted on the way': (subject) =>
    withStore(subject, async (store) => {
      const chunks = Array.from({ length: 50 }, (_, index) => patternBytes(index, 5))
      for (const bytes of chunks) await store.put(keyOf(bytes), bytes)
      for await (const key of store.list('')) await store.delete(key)
      assert.deepEqual(await collect(store.list('')), [])
    }),
}

const concurrencyClauses: Clauses<ChunkStoreSubject> = {
  'a hundred chunks are put and read at once': (subject) =>
    withStore(subject, async (store) => {
      const chunks = Array.from({ length: 100 }, (_, seed) => patternBytes(seed, 30_000 + seed))
      await Promise.all(chunks.map((bytes) => store.put(keyOf(bytes), bytes)))
      const found = await Promise.all(chunks.map((bytes) => store.get(keyOf(bytes))))
      for (const [seed, bytes] of chunks.entries()) sameBytes(found[seed], bytes, `chunk ${seed}`)
    }),

  'of puts of one key at the same time one wins whole': (subject) =>
    withStore(subject, async (store) => {
      const seeds = [1, 2, 3, 4, 5]
      const key = keyOf(patternBytes(1, 100_000))
      await Promise.all(seeds.map((seed) => store.put(key, patternBytes(seed, 100_000 * seed))))
      const bytes = await store.get(key)
      sameBytes(bytes, patternBytes((bytes?.length ?? 0) / 100_000, bytes?.length ?? -1), 'the winner')
    }),

  'a call aborted before it starts rejects with the reason and leaves no trace': (subject) =>
    withStore(subject, async (store) => {
      const reason = new Error('changed my mind')
      const bytes = patternBytes(1, 10)
      const options = { signal: AbortSignal.abort(reason) }
      await rejectsWithReason(reason, store.put(keyOf(bytes), bytes, options))
      await rejectsWithReason(reason, store.get(keyOf(bytes), options))
      await rejectsWithReason(reason, store.has(keyOf(bytes), options))
      await rejectsWithReason(reason, store.delete(keyOf(bytes), options))
      await rejectsWithReason(reason, collect(store.list('', options)))
      assert.deepEqual(await collect(store.list('')), [])
    }),
}

const closingClauses: Clauses<ChunkStoreSubject> = {
  'after close every call rejects STORAGE_CLOSED, and closing again is fine': async (subject) => {
    const store = await subject.create()
    const bytes = patternBytes(1, 10)
    await store.put(keyOf(bytes), bytes)
    await store.close()
    await store.close()
    await rejectsWithCode('STORAGE_CLOSED', store.put(keyOf(bytes), bytes))
    await rejectsWithCode('STORAGE_CLOSED', store.get(keyOf(bytes)))
    await rejectsWithCode('STORAGE_CLOSED', store.has(keyOf(bytes)))
    await rejectsWithCode('STORAGE_CLOSED', store.delete(keyOf(bytes)))
    await rejectsWithCode('STORAGE_CLOSED', collect(store.list('')))
  },
}

function reopenClauses(reopen: (closed: ChunkStore) => Promise<ChunkStore>): Clauses<ChunkStoreSubject> {
  return {
    'what was put is there after a restart, and what was deleted is not': async (subject) => {
      const before = await subject.create()
      const chunks = [4000, 8000, 12_000].map((length, seed) => patternBytes(seed, length))
      for (const bytes of chunks) await before.put(keyOf(bytes), bytes)
      const [first, deleted, last] = chunks as [Uint8Array, Uint8Array, Uint8Array]
      await before.delete(keyOf(deleted))
      const late = patternBytes(4, 500_000)
      const putting = before.put(keyOf(late), late)
      await before.close()
      await putting

      await using after = await reopen(before)
      for (const bytes of [first, last]) sameBytes(await after.get(keyOf(bytes)), bytes, 'put before')
      assert.equal(await after.get(keyOf(deleted)), undefined)
      sameBytes(await after.get(keyOf(late)), late, 'put while closing')
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
