import assert from 'node:assert/strict'
import type { Database } from '../database.js'
import type { TorrentId } from '../torrent-layout.js'
import {
  type DatabaseSubject,
  rejectsWith,
  sampleKey,
  sampleRecord,
  sealed,
  setPieces,
  withDatabase,
} from './database-samples.js'
import type { Clauses } from './test-api.js'

const root = 'a5'.repeat(32)

/** Two pieces and one chunk are recorded, not flushed, and in the boot `first`. */
function withTorrent(
  subject: DatabaseSubject,
  body: (database: Database, id: TorrentId) => Promise<void>,
): Promise<void> {
  return withDatabase(subject, async (database) => {
    const record = sampleRecord(10)
    await database.saveTorrent(record)
    await database.recordProgress(record.id, { completedPieces: [0, 1], sealedChunks: [sealed(0, 'kept')] })
    await database.saveBootId(record.id, 'first')
    await body(database, record.id)
  })
}

/** Every change that a writer makes of a torrent's records. */
function changes(
  database: Database,
  id: TorrentId,
  fence: number | undefined,
): readonly (() => Promise<unknown>)[] {
  const options = fence === undefined ? undefined : { fence }
  const progress = { completedPieces: [4], sealedChunks: [sealed(3, 'late')] }
  return [
    () => database.recordProgress(id, progress, options),
    () => database.recordProgress(id, { ...progress, flushed: true }, options),
    () => database.clearProgress(id, { pieces: [0], ordinals: [0] }, options),
    () => database.markFlushed(id, [0, 1], options),
    () => database.saveBootId(id, 'second', options),
    () => database.files.save(id, [{ root, firstOrdinal: 0 }], options),
    () => database.deleteTorrent(id, options),
  ]
}

async function assertUntouched(database: Database, id: TorrentId): Promise<void> {
  assert.deepEqual(setPieces(await database.completedPieces(id), 10), [0, 1])
  assert.deepEqual(await database.chunkKeys(id, 0, 4), [sampleKey('kept'), undefined, undefined, undefined])
  const { unflushedPieces, bootId } = await database.flushState(id)
  assert.deepEqual(setPieces(unflushedPieces, 10), [0, 1])
  assert.equal(bootId, 'first')
  assert.deepEqual(await database.files.find([root]), [])
  assert.equal((await database.chunkLengths([sampleKey('late')])).size, 0)
}

export const fenceClauses: Clauses<DatabaseSubject> = {
  'what an older writer asks for is refused as a whole once a newer one has come': (subject) =>
    withTorrent(subject, async (database, id) => {
      await database.raiseFence(id, 7)
      await database.raiseFence(id, 2 ** 40)
      for (const change of changes(database, id, 7)) await rejectsWith('STORAGE_FENCED', change())
      for (const change of changes(database, id, 2 ** 40 - 1)) await rejectsWith('STORAGE_FENCED', change())
      await assertUntouched(database, id)
    }),

  'the writer whose fence is the highest, or higher, is not refused': (subject) =>
    withTorrent(subject, async (database, id) => {
      await database.raiseFence(id, 7)
      for (const change of changes(database, id, 7).slice(0, -1)) await change()
      await database.recordProgress(id, { completedPieces: [9], sealedChunks: [] }, { fence: 8 })
      assert.deepEqual(setPieces(await database.completedPieces(id), 10), [1, 4, 9])
      const { bootId } = await database.flushState(id)
      assert.equal(bootId, 'second')
      // Recording raises nothing.
      await database.recordProgress(id, { completedPieces: [5], sealedChunks: [] }, { fence: 7 })
      await database.deleteTorrent(id, { fence: 7 })
      assert.equal(await database.findTorrent(id), undefined)
    }),

  'the same fence may be raised again, and a lower one is refused and changes nothing': (subject) =>
    withTorrent(subject, async (database, id) => {
      await database.raiseFence(id, 0)
      await database.raiseFence(id, 5)
      await database.raiseFence(id, 5)
      await rejectsWith('STORAGE_FENCED', database.raiseFence(id, 4))
      await database.recordProgress(id, { completedPieces: [2], sealedChunks: [] }, { fence: 5 })
      await rejectsWith('STORAGE_FENCED', database.markFlushed(id, [2], { fence: 4 }))
    }),

  'who has no fence is refused nothing': (subject) =>
    withTorrent(subject, async (database, id) => {
      await database.raiseFence(id, 5)
      for (const change of changes(database, id, undefined)) await change()
      assert.equal(await database.findTorrent(id), undefined)
    }),

  'a fence is of one torrent, and goes with it': (subject) =>
    withTorrent(subject, async (database, id) => {
      const other = sampleRecord(10)
      await database.saveTorrent(other)
      await database.raiseFence(id, 5)
      await database.recordProgress(other.id, { completedPieces: [3], sealedChunks: [] }, { fence: 1 })
      const record = await database.findTorrent(id)
      assert.ok(record)
      await database.deleteTorrent(id, { fence: 5 })
      await database.raiseFence(id, 4)
      await database.saveTorrent(record)
      await database.raiseFence(id, 3)
      await database.recordProgress(id, { completedPieces: [3], sealedChunks: [] }, { fence: 3 })
    }),

  'of many that come at once the newest is left, and what was recorded is of those before it': (subject) =>
    withTorrent(subject, async (database, id) => {
      const fences = [1, 2, 3, 4, 5, 6, 7, 8, 9]
      const recorded = await Promise.allSettled(
        fences.map(async (fence) => {
          await database.raiseFence(id, fence)
          await database.recordProgress(id, { completedPieces: [fence], sealedChunks: [] }, { fence })
        }),
      )
      const done = fences.filter((_, index) => recorded[index]?.status === 'fulfilled')
      assert.ok(done.includes(9))
      assert.deepEqual(setPieces(await database.completedPieces(id), 10), [...new Set([0, 1, ...done])])
      for (const fence of fences.slice(0, -1))
        await rejectsWith('STORAGE_FENCED', database.markFlushed(id, [0], { fence }))
    }),

  'what is no fence is a RangeError': (subject) =>
    withTorrent(subject, async (database, id) => {
      for (const fence of [-1, 1.5, Number.NaN, 2 ** 53])
        await assert.rejects(database.raiseFence(id, fence), RangeError)
    }),
}
