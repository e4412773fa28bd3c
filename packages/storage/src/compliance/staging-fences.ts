import assert from 'node:assert/strict'
import { chunkKeyOf } from '../chunk-key.js'
import type { StagedChunk, StagingArea, StagingChunkStore } from '../chunk-store.js'
import type { TorrentId } from '../torrent-layout.js'
import { patternBytes } from './bytes.js'
import { collect, rejectsWithCode, rejectsWithReason, sameBytes } from './expectations.js'
import type { StagingSubject } from './staging-subject.js'
import type { Clauses } from './test-api.js'

const torrent = '0199c0de-0000-7000-8000-000000000001' as TorrentId
const other = '0199c0de-0000-7000-8000-000000000002' as TorrentId
const unfenced: StagedChunk = { torrentId: torrent, fileIndex: 7, chunk: 12 }
const length = 50_000

/** The place as a writer with this fence has it. */
function of(fence: number, chunk = unfenced.chunk): StagedChunk {
  return { ...unfenced, chunk, fence }
}

async function withStore(
  subject: StagingSubject,
  body: (staging: StagingArea, store: StagingChunkStore) => Promise<void>,
): Promise<void> {
  await using store = await subject.create()
  await body(store.staging, store)
}

/** Bytes that tell by themselves who wrote them. */
async function write(staging: StagingArea, chunk: StagedChunk, seed: number): Promise<void> {
  await staging.write(chunk, 0, patternBytes(seed, length))
}

async function assertBytes(staging: StagingArea, chunk: StagedChunk, seed: number): Promise<void> {
  const bytes = await staging.read(chunk, { offset: 0, length })
  sameBytes(bytes, patternBytes(seed, length), `chunk ${chunk.chunk} of fence ${chunk.fence}`)
}

async function assertStaged(staging: StagingArea, expected: readonly StagedChunk[]): Promise<void> {
  const nameOf = (one: StagedChunk): string => `${one.fileIndex}-${one.chunk}-${one.fence}`
  const staged = await collect(staging.list(torrent))
  assert.deepEqual(staged.map(nameOf).sort(), expected.map(nameOf).sort())
}

const apartClauses: Clauses<StagingSubject> = {
  'what writers with different fences stage is apart': (subject) =>
    withStore(subject, async (staging, store) => {
      const all = [unfenced, of(0), of(1), of(2)]
      for (const [seed, one] of all.entries()) await write(staging, one, seed)
      for (const [seed, one] of all.entries()) await assertBytes(staging, one, seed)
      await assertStaged(staging, all)
      const bytes = patternBytes(2, length)
      await staging.seal(of(1), chunkKeyOf(bytes, 1 << 20))
      sameBytes(await store.get(chunkKeyOf(bytes, 1 << 20)), bytes, 'sealed')
      await staging.discard(of(0))
      await assertStaged(staging, [unfenced, of(2)])
      await assertBytes(staging, of(2), 3)
    }),

  'who names no fence, and has nothing staged, reads what the newest writer has': (subject) =>
    withStore(subject, async (staging) => {
      for (const fence of [9, 10, 2]) await write(staging, of(fence), fence)
      await assertBytes(staging, unfenced, 10)
      assert.equal(await staging.read({ ...unfenced, chunk: 13 }, { offset: 0, length: 1 }), undefined)
      assert.equal(await staging.read(of(11), { offset: 0, length: 1 }), undefined)
      await write(staging, unfenced, 1)
      await assertBytes(staging, unfenced, 1)
    }),

  'discardAll with a fence leaves what newer writers have': (subject) =>
    withStore(subject, async (staging) => {
      for (const one of [unfenced, of(1), of(2), of(2, 13), of(3)]) await write(staging, one, 1)
      await staging.discardAll(torrent, { fence: 2 })
      await assertStaged(staging, [of(3)])
      await staging.discardAll(torrent, { fence: 3 })
      await staging.discardAll(torrent, { fence: 3 })
      await assertStaged(staging, [])
      await write(staging, of(1), 1)
      await staging.discardAll(torrent)
      await assertStaged(staging, [])
    }),
}

const takeOverClauses: Clauses<StagingSubject> = {
  'what is taken over is the newer writer’s, and nothing that the older one still does changes it': (
    subject,
  ) =>
    withStore(subject, async (staging, store) => {
      await write(staging, of(1), 1)
      await write(staging, of(1, 13), 2)
      await write(staging, { ...unfenced, chunk: 14 }, 3)
      await staging.takeOver(torrent, { fence: 2 })
      const own = [of(2), of(2, 13), of(2, 14)]
      await assertStaged(staging, own)
      for (const late of [of(1), of(1, 13), { ...unfenced, chunk: 14 }]) await write(staging, late, 66)
      await staging.seal(of(1), chunkKeyOf(patternBytes(66, length), 1 << 20))
      await staging.discard(of(1, 13))
      await staging.discardAll(torrent, { fence: 1 })
      await assertStaged(staging, own)
      for (const [index, one] of own.entries()) await assertBytes(staging, one, index + 1)
      const bytes = patternBytes(2, length)
      await staging.seal(of(2, 13), chunkKeyOf(bytes, 1 << 20))
      sameBytes(await store.get(chunkKeyOf(bytes, 1 << 20)), bytes, 'sealed after it was taken over')
    }),

  'of several writers of one place the newest counts, and what the caller has stays': (subject) =>
    withStore(subject, async (staging) => {
      for (const fence of [10, 9, 2]) await write(staging, of(fence), fence)
      await write(staging, unfenced, 66)
      for (const fence of [9, 20]) await write(staging, of(fence, 13), fence)
      await staging.takeOver(torrent, { fence: 20 })
      await assertStaged(staging, [of(20), of(20, 13)])
      await assertBytes(staging, of(20), 10)
      await assertBytes(staging, of(20, 13), 20)
    }),

  'what newer writers have is not touched': (subject) =>
    withStore(subject, async (staging) => {
      await write(staging, of(9), 9)
      await write(staging, of(3), 3)
      await staging.takeOver(torrent, { fence: 5 })
      await assertStaged(staging, [of(5), of(9)])
      await assertBytes(staging, of(9), 9)
      await assertBytes(staging, of(5), 3)
    }),

  'without a fence what any writer has is taken over': (subject) =>
    withStore(subject, async (staging) => {
      for (const fence of [3, 4]) await write(staging, of(fence), fence)
      await write(staging, { ...unfenced, chunk: 13 }, 13)
      await staging.takeOver(torrent)
      await assertStaged(staging, [unfenced, { ...unfenced, chunk: 13 }])
      await assertBytes(staging, unfenced, 4)
      await assertBytes(staging, { ...unfenced, chunk: 13 }, 13)
    }),

  'it may be taken over again, by one after the other, and where there is nothing': (subject) =>
    withStore(subject, async (staging) => {
      await staging.takeOver(torrent, { fence: 1 })
      await write(staging, of(1), 1)
      await write(staging, { ...of(1), torrentId: other }, 1)
      for (const fence of [1, 2, 2, 3]) await staging.takeOver(torrent, { fence })
      await assertStaged(staging, [of(3)])
      await assertBytes(staging, of(3), 1)
      const ofOther = await collect(staging.list(other))
      assert.deepEqual(ofOther, [{ ...of(1), torrentId: other }])
      await staging.write(of(3), length, patternBytes(5, 100))
      const range = { offset: length, length: 100 }
      sameBytes(await staging.read(of(3), range), patternBytes(5, 100), 'written after')
    }),

  'an aborted one rejects with the reason, and what is no fence is a RangeError': (subject) =>
    withStore(subject, async (staging) => {
      await write(staging, of(1), 1)
      const reason = new Error('changed my mind')
      const options = { fence: 2, signal: AbortSignal.abort(reason) }
      await rejectsWithReason(reason, staging.takeOver(torrent, options))
      await assertStaged(staging, [of(1)])
      for (const fence of [-1, 1.5]) await assert.rejects(write(staging, of(fence), 1), RangeError)
    }),

  'after close nothing is taken over': async (subject) => {
    const store = await subject.create()
    await store.close()
    await rejectsWithCode('STORAGE_CLOSED', store.staging.takeOver(torrent, { fence: 1 }))
  },
}

/** Several writers of one torrent, of which only the newest counts. */
export const stagingFenceClauses: Clauses<StagingSubject> = { ...apartClauses, ...takeOverClauses }
