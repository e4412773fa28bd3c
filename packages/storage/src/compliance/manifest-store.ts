import assert from 'node:assert/strict'
import type { StagingChunkStore } from '../chunk-store.js'
import type { ManifestStore } from '../manifest-store.js'
import { patternBytes } from './bytes.js'
import { collect, rejectsWithCode, rejectsWithReason, sameBytes } from './expectations.js'
import type { StagingSubject } from './staging-subject.js'
import { type Clauses, runClauses, type Skip, type TestApi } from './test-api.js'

const name = '0199c0de-0000-7000-8000-000000000001.complete'
const other = '0199c0de-0000-7000-8000-000000000001.partial'

async function withManifests(
  subject: StagingSubject,
  body: (manifests: ManifestStore, store: StagingChunkStore) => Promise<void>,
): Promise<void> {
  await using store = await subject.create()
  await body(store.manifests, store)
}

const clauses: Clauses<StagingSubject> = {
  'manifests come back as they were put, and a later one replaces all of an earlier one': (subject) =>
    withManifests(subject, async (manifests) => {
      await manifests.put(name, patternBytes(1, 300_000))
      await manifests.put(other, new Uint8Array(0))
      await manifests.put(name, patternBytes(2, 10))
      sameBytes(await manifests.get(name), patternBytes(2, 10), 'replaced')
      sameBytes(await manifests.get(other), new Uint8Array(0), 'empty')
      assert.equal(await manifests.has(other), true)
      assert.deepEqual((await collect(manifests.list())).sort(), [name, other])
    }),

  'a manifest that was never put, or was deleted, is undefined': (subject) =>
    withManifests(subject, async (manifests) => {
      assert.equal(await manifests.get(name), undefined)
      assert.equal(await manifests.has(name), false)
      await manifests.put(name, patternBytes(1, 10))
      await manifests.put(other, patternBytes(2, 10))
      await manifests.delete(name)
      await manifests.delete(name)
      assert.equal(await manifests.get(name), undefined)
      assert.deepEqual(await collect(manifests.list()), [other])
    }),

  "the caller's memory is its own again once put has settled, and what was read is its own too": (subject) =>
    withManifests(subject, async (manifests) => {
      const lent = Buffer.from(patternBytes(1, 5000))
      await manifests.put(name, lent)
      lent.fill(0)
      const read = await manifests.get(name)
      sameBytes(read, patternBytes(1, 5000), 'after the caller changed its memory')
      read?.fill(0)
      sameBytes(await manifests.get(name), patternBytes(1, 5000), 'after the reader changed its memory')
    }),

  'of puts of one name at the same time one wins whole': (subject) =>
    withManifests(subject, async (manifests) => {
      const seeds = [1, 2, 3, 4, 5]
      await Promise.all(seeds.map((seed) => manifests.put(name, patternBytes(seed, 10_000 * seed))))
      const bytes = await manifests.get(name)
      sameBytes(bytes, patternBytes((bytes?.length ?? 0) / 10_000, bytes?.length ?? -1), 'the winner')
    }),

  'manifests are no chunks': (subject) =>
    withManifests(subject, async (manifests, store) => {
      await manifests.put('ab'.repeat(32), patternBytes(1, 10))
      assert.deepEqual(await collect(store.list('')), [])
    }),

  'a name that leads elsewhere is a RangeError': (subject) =>
    withManifests(subject, async (manifests) => {
      for (const bad of ['', '.', '..', '../x', 'a/b', 'A', 'a b', '.a', 'a.', 'a..b', 'x'.repeat(201)]) {
        await assert.rejects(manifests.put(bad, patternBytes(1, 1)), RangeError, bad)
        await assert.rejects(manifests.get(bad), RangeError, bad)
        await assert.rejects(manifests.has(bad), RangeError, bad)
        await assert.rejects(manifests.delete(bad), RangeError, bad)
      }
    }),

  'an aborted call rejects with the reason and leaves no trace': (subject) =>
    withManifests(subject, async (manifests) => {
      const reason = new Error('changed my mind')
      const options = { signal: AbortSignal.abort(reason) }
      await rejectsWithReason(reason, manifests.put(name, patternBytes(1, 10), options))
      await rejectsWithReason(reason, manifests.get(name, options))
      await rejectsWithReason(reason, manifests.has(name, options))
      await rejectsWithReason(reason, manifests.delete(name, options))
      await rejectsWithReason(reason, collect(manifests.list(options)))
      assert.deepEqual(await collect(manifests.list()), [])
    }),

  'after close every call for manifests rejects STORAGE_CLOSED': async (subject) => {
    const store = await subject.create()
    await store.close()
    const { manifests } = store
    await rejectsWithCode('STORAGE_CLOSED', manifests.put(name, patternBytes(1, 10)))
    await rejectsWithCode('STORAGE_CLOSED', manifests.get(name))
    await rejectsWithCode('STORAGE_CLOSED', manifests.has(name))
    await rejectsWithCode('STORAGE_CLOSED', manifests.delete(name))
    await rejectsWithCode('STORAGE_CLOSED', collect(manifests.list()))
  },
}

function reopenClauses(reopen: NonNullable<StagingSubject['reopen']>): Clauses<StagingSubject> {
  return {
    'what was put is there after a restart, and what was deleted is not': async (subject) => {
      const before = await subject.create()
      await before.manifests.put(name, patternBytes(1, 5000))
      await before.manifests.put(other, patternBytes(2, 5000))
      await before.manifests.delete(other)
      await before.close()
      await using after = await reopen(before)
      sameBytes(await after.manifests.get(name), patternBytes(1, 5000), 'after a restart')
      assert.deepEqual(await collect(after.manifests.list()), [name])
    },
  }
}

/** The contract of a ManifestStore, a test a clause. */
export function manifestStoreCompliance(
  api: TestApi,
  subject: StagingSubject & { readonly skip?: readonly Skip[] },
): void {
  const all = { ...clauses, ...(subject.reopen === undefined ? {} : reopenClauses(subject.reopen)) }
  api.describe('manifest store', () => runClauses(api, all, subject, subject.skip))
}
