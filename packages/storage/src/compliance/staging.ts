import assert from 'node:assert/strict'
import { chunkKeyOf } from '../chunk-key.js'
import type { ChunkKey, StagedChunk, StagingArea, StagingChunkStore } from '../chunk-store.js'
import type { TorrentId } from '../torrent-layout.js'
import { patternBytes } from './bytes.js'
import { collect, rejectsWithCode, rejectsWithReason, sameBytes } from './expectations.js'
import { Lent } from './lent.js'
import { stagingFenceClauses } from './staging-fences.js'
import type { StagingSubject } from './staging-subject.js'
import { type Clauses, runClauses, type Skip, type TestApi } from './test-api.js'

const torrent = '0199c0de-0000-7000-8000-000000000001' as TorrentId
const other = '0199c0de-0000-7000-8000-000000000002' as TorrentId
const place: StagedChunk = { torrentId: torrent, fileIndex: 7, chunk: 12 }

function keyOf(bytes: Uint8Array): ChunkKey {
  return chunkKeyOf(bytes, 1 << 20)
}

async function withStore(
  subject: StagingSubject,
  body: (store: StagingChunkStore, staging: StagingArea) => Promise<void>,
): Promise<void> {
  await using store = await subject.create()
  await body(store, store.staging)
}

const bytesClauses: Clauses<StagingSubject> = {
  'parts written in any order, aligned or not, read as one chunk': (subject) =>
    withStore(subject, async (_, staging) => {
      const bytes = patternBytes(1, 300_000)
      for (const [from, to] of [
        [200_001, 300_000],
        [0, 16_384],
        [16_384, 65_536],
        [65_536, 200_001],
      ] as const) {
        await staging.write(place, from, bytes.subarray(from, to))
      }
      sameBytes(await staging.read(place, { offset: 0, length: 300_000 }), bytes, 'whole')
      sameBytes(
        await staging.read(place, { offset: 16_000, length: 60_000 }),
        bytes.subarray(16_000, 76_000),
        'part',
      )
    }),

  'memory that is lent for a part gets that part': (subject) =>
    withStore(subject, async (_, staging) => {
      const bytes = patternBytes(1, 300_000)
      const range = { offset: 16_000, length: 60_000 }
      const lent = new Lent(range.length)
      assert.equal(await staging.read(place, range, { into: lent.into }), undefined)
      await staging.write(place, 0, bytes)
      lent.sameBytes(await staging.read(place, range, { into: lent.into }), bytes.subarray(16_000, 76_000))
    }),

  'writing again replaces exactly those bytes': (subject) =>
    withStore(subject, async (_, staging) => {
      const expected = patternBytes(1, 40_000)
      await staging.write(place, 0, expected)
      await staging.write(place, 5000, patternBytes(2, 16_384))
      expected.set(patternBytes(2, 16_384), 5000)
      sameBytes(await staging.read(place, { offset: 0, length: 40_000 }), expected, 'replaced')
    }),

  'what is absent, or ends before the range does, is undefined': (subject) =>
    withStore(subject, async (_, staging) => {
      assert.equal(await staging.read(place, { offset: 0, length: 1 }), undefined)
      await staging.write(place, 0, patternBytes(1, 100))
      assert.equal(await staging.read(place, { offset: 0, length: 101 }), undefined)
      assert.equal(await staging.read(place, { offset: 200, length: 1 }), undefined)
      assert.equal(await staging.read({ ...place, chunk: 13 }, { offset: 0, length: 1 }), undefined)
    }),

  "the caller's memory is its own again once write has settled": (subject) =>
    withStore(subject, async (_, staging) => {
      const lent = patternBytes(1, 50_000)
      await staging.write(place, 0, lent)
      lent.fill(0xee)
      sameBytes(await staging.read(place, { offset: 0, length: 50_000 }), patternBytes(1, 50_000), 'kept')
    }),

  'many parts of many chunks are written at once': (subject) =>
    withStore(subject, async (_, staging) => {
      const parts = Array.from({ length: 200 }, (_unused, index) => ({
        chunk: index % 10,
        part: Math.floor(index / 10),
      }))
      await Promise.all(
        parts.map(({ chunk, part }) =>
          staging.write({ ...place, chunk }, part * 5000, patternBytes(chunk * 100 + part, 5000)),
        ),
      )
      for (const { chunk, part } of parts) {
        const bytes = await staging.read({ ...place, chunk }, { offset: part * 5000, length: 5000 })
        sameBytes(bytes, patternBytes(chunk * 100 + part, 5000), `part ${part} of chunk ${chunk}`)
      }
    }),

  'an aborted write rejects with the reason and leaves no trace': (subject) =>
    withStore(subject, async (_, staging) => {
      const reason = new Error('changed my mind')
      const options = { signal: AbortSignal.abort(reason) }
      await rejectsWithReason(reason, staging.write(place, 0, patternBytes(1, 10), options))
      await rejectsWithReason(reason, staging.read(place, { offset: 0, length: 1 }, options))
      assert.deepEqual(await collect(staging.list(torrent)), [])
    }),
}

const sealClauses: Clauses<StagingSubject> = {
  'a sealed chunk is stored under its key and staged no longer': (subject) =>
    withStore(subject, async (store, staging) => {
      const bytes = patternBytes(1, 100_000)
      await staging.write(place, 0, bytes)
      assert.equal(await store.has(keyOf(bytes)), false)
      await staging.seal(place, keyOf(bytes))
      sameBytes(await store.get(keyOf(bytes)), bytes, 'sealed')
      assert.equal(await staging.read(place, { offset: 0, length: 1 }), undefined)
      assert.deepEqual(await collect(staging.list(torrent)), [])
      assert.deepEqual(await collect(store.list('')), [keyOf(bytes)])
    }),

  'sealing what is sealed already is fine': (subject) =>
    withStore(subject, async (store, staging) => {
      const bytes = patternBytes(1, 1000)
      await staging.write(place, 0, bytes)
      await staging.seal(place, keyOf(bytes))
      await staging.seal(place, keyOf(bytes))
      sameBytes(await store.get(keyOf(bytes)), bytes, 'sealed twice')
    }),

  'two staged chunks of one key become one chunk, and neither stays': (subject) =>
    withStore(subject, async (store, staging) => {
      const bytes = patternBytes(1, 1000)
      const twin = { torrentId: other, fileIndex: 0, chunk: 0 }
      for (const one of [place, twin]) await staging.write(one, 0, bytes)
      await Promise.all([staging.seal(place, keyOf(bytes)), staging.seal(twin, keyOf(bytes))])
      sameBytes(await store.get(keyOf(bytes)), bytes, 'sealed from two places')
      for (const id of [torrent, other]) assert.deepEqual(await collect(staging.list(id)), [])
    }),

  'what is neither staged nor stored rejects STORAGE_CHUNK_MISSING': (subject) =>
    withStore(subject, async (store, staging) => {
      const key = keyOf(patternBytes(1, 10))
      await rejectsWithCode('STORAGE_CHUNK_MISSING', staging.seal(place, key))
      assert.equal(await store.has(key), false)
    }),
}

const listClauses: Clauses<StagingSubject> = {
  'list names the staged chunks of that torrent and of no other': (subject) =>
    withStore(subject, async (_, staging) => {
      const places = [place, { ...place, chunk: 0 }, { ...place, fileIndex: 0, chunk: 1_000_000 }]
      for (const one of places) await staging.write(one, 0, patternBytes(1, 10))
      await staging.write({ ...place, torrentId: other }, 0, patternBytes(1, 10))
      const order = (a: StagedChunk, b: StagedChunk): number => a.fileIndex - b.fileIndex || a.chunk - b.chunk
      assert.deepEqual((await collect(staging.list(torrent))).sort(order), places.sort(order))
    }),

  'a torrent that has staged chunks is listed once, and none that never had any': (subject) =>
    withStore(subject, async (_, staging) => {
      assert.deepEqual(await collect(staging.listTorrents()), [])
      for (const chunk of [1, 2]) await staging.write({ ...place, chunk }, 0, patternBytes(1, 10))
      assert.deepEqual(await collect(staging.listTorrents()), [torrent])
    }),

  'discard takes one chunk, discardAll those of one torrent, and absent ones are fine': (subject) =>
    withStore(subject, async (_, staging) => {
      const second = { ...place, chunk: 13 }
      const kept = { ...place, torrentId: other }
      for (const one of [place, second, kept]) await staging.write(one, 0, patternBytes(1, 10))
      await staging.discard(place)
      await staging.discard(place)
      assert.deepEqual(await collect(staging.list(torrent)), [second])
      await staging.discardAll(torrent)
      await staging.discardAll(torrent)
      assert.deepEqual(await collect(staging.list(torrent)), [])
      sameBytes(
        await staging.read(kept, { offset: 0, length: 10 }),
        patternBytes(1, 10),
        'of the other torrent',
      )
    }),

  'staging can begin again after discardAll': (subject) =>
    withStore(subject, async (_, staging) => {
      await staging.write(place, 0, patternBytes(1, 10))
      await staging.discardAll(torrent)
      await staging.write(place, 0, patternBytes(2, 10))
      sameBytes(await staging.read(place, { offset: 0, length: 10 }), patternBytes(2, 10), 'begun again')
    }),

  'after close every call rejects STORAGE_CLOSED': async (subject) => {
    const store = await subject.create()
    await store.close()
    await rejectsWithCode('STORAGE_CLOSED', store.staging.write(place, 0, patternBytes(1, 10)))
    await rejectsWithCode('STORAGE_CLOSED', store.staging.read(place, { offset: 0, length: 1 }))
    await rejectsWithCode('STORAGE_CLOSED', store.staging.seal(place, keyOf(patternBytes(1, 10))))
    await rejectsWithCode('STORAGE_CLOSED', store.staging.discard(place))
    await rejectsWithCode('STORAGE_CLOSED', store.staging.discardAll(torrent))
    await rejectsWithCode('STORAGE_CLOSED', collect(store.staging.list(torrent)))
    await rejectsWithCode('STORAGE_CLOSED', collect(store.staging.listTorrents()))
    await rejectsWithCode('STORAGE_CLOSED', collect(store.leftovers({ beforeMs: 0, remove: false })))
    await rejectsWithCode('STORAGE_CLOSED', store.flush())
    await rejectsWithCode('STORAGE_CLOSED', store.places(keyOf(patternBytes(1, 10))))
    await rejectsWithCode('STORAGE_CLOSED', store.heal(keyOf(patternBytes(1, 10))))
  },
}

const placesClauses: Clauses<StagingSubject> = {
  'a chunk that is stored has a place, one that is not, or is only staged, has none': (subject) =>
    withStore(subject, async (store, staging) => {
      const bytes = patternBytes(1, 50_000)
      const nowhere = { local: false, remote: false }
      await staging.write(place, 0, bytes)
      assert.deepEqual(await store.places(keyOf(bytes)), nowhere)
      await staging.seal(place, keyOf(bytes))
      const { local, remote } = await store.places(keyOf(bytes))
      assert.ok(local || remote)
      await store.delete(keyOf(bytes))
      assert.deepEqual(await store.places(keyOf(bytes)), nowhere)
    }),

  'a chunk that is nowhere is not healed, and healing a sound one changes nothing': (subject) =>
    withStore(subject, async (store) => {
      const bytes = patternBytes(1, 50_000)
      assert.equal(await store.heal(keyOf(bytes)), false)
      assert.equal(await store.has(keyOf(bytes)), false)
      await store.put(keyOf(bytes), bytes)
      await store.heal(keyOf(bytes))
      sameBytes(await store.get(keyOf(bytes)), bytes, 'healed')
    }),

  'an aborted look or healing rejects with the reason': (subject) =>
    withStore(subject, async (store) => {
      const reason = new Error('changed my mind')
      const options = { signal: AbortSignal.abort(reason) }
      await rejectsWithReason(reason, store.places(keyOf(patternBytes(1, 10)), options))
      await rejectsWithReason(reason, store.heal(keyOf(patternBytes(1, 10)), options))
    }),
}

const leftoverClauses: Clauses<StagingSubject> = {
  'calls that have ended leave nothing over': (subject) =>
    withStore(subject, async (store, staging) => {
      const bytes = patternBytes(1, 1000)
      await store.put(keyOf(bytes), bytes)
      await staging.write(place, 0, bytes)
      await store.manifests.put('a', bytes)
      const beforeMs = Date.now() + 60_000
      assert.deepEqual(await collect(store.leftovers({ beforeMs, remove: true })), [])
      sameBytes(await store.get(keyOf(bytes)), bytes, 'put')
      sameBytes(await staging.read(place, { offset: 0, length: 1000 }), bytes, 'staged')
      sameBytes(await store.manifests.get('a'), bytes, 'manifest')
    }),
}

const flushClauses: Clauses<StagingSubject> = {
  'flushing changes nothing that is there, and goes on beside writes and renames': async (subject) => {
    await using store = await subject.create()
    await store.flush()
    const bytes = patternBytes(5, 70_000)
    await store.staging.write(place, 0, bytes)
    const flushing = store.flush()
    await store.staging.seal(place, keyOf(bytes))
    const again = store.flush()
    await store.staging.write(place, 0, bytes)
    await store.put(keyOf(bytes.subarray(1)), bytes.subarray(1))
    await Promise.all([flushing, again, store.flush()])
    await store.staging.discard(place)
    await store.flush()
    sameBytes(await store.get(keyOf(bytes)), bytes, 'sealed while flushing')
    sameBytes(await store.get(keyOf(bytes.subarray(1))), bytes.subarray(1), 'put while flushing')
    await store.flush({ chunks: [keyOf(bytes), keyOf(patternBytes(6, 10))] })
    sameBytes(await store.get(keyOf(bytes)), bytes, 'flushed by its key, beside one that is not there')
    assert.deepEqual(await collect(store.staging.list(torrent)), [])
  },
}

function reopenClauses(
  reopen: (closed: StagingChunkStore) => Promise<StagingChunkStore>,
): Clauses<StagingSubject> {
  return {
    'what was staged with a fence is taken over after a restart': async (subject) => {
      const before = await subject.create()
      const bytes = patternBytes(1, 100_000)
      await before.staging.write({ ...place, fence: 3 }, 0, bytes)
      await before.close()
      await using after = await reopen(before)
      assert.deepEqual(await collect(after.staging.list(torrent)), [{ ...place, fence: 3 }])
      await after.staging.takeOver(torrent, { fence: 4 })
      await after.staging.seal({ ...place, fence: 4 }, keyOf(bytes))
      sameBytes(await after.get(keyOf(bytes)), bytes, 'sealed by the next writer')
      assert.deepEqual(await collect(after.staging.list(torrent)), [])
    },

    'what was staged is staged after a restart, and can be sealed': async (subject) => {
      const before = await subject.create()
      const bytes = patternBytes(1, 100_000)
      const writing = before.staging.write(place, 0, bytes)
      await before.close()
      await writing
      await using after = await reopen(before)
      assert.deepEqual(await collect(after.staging.list(torrent)), [place])
      await after.staging.seal(place, keyOf(bytes))
      sameBytes(await after.get(keyOf(bytes)), bytes, 'sealed after a restart')
    },
  }
}

/** The contract of a StagingArea, a test a clause. */
export function stagingCompliance(
  api: TestApi,
  subject: StagingSubject & { readonly skip?: readonly Skip[] },
): void {
  const clauses = {
    ...bytesClauses,
    ...sealClauses,
    ...listClauses,
    ...stagingFenceClauses,
    ...placesClauses,
    ...leftoverClauses,
    ...flushClauses,
    ...(subject.reopen === undefined ? {} : reopenClauses(subject.reopen)),
  }
  api.describe('staging area', () => runClauses(api, clauses, subject, subject.skip))
}
