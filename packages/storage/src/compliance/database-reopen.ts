import assert from 'node:assert/strict'
import type { ChunkKey } from '../chunk-store.js'
import type { Database } from '../database.js'
import {
  type DatabaseSubject,
  rejectsWith,
  sampleKey,
  sampleRecord,
  sealed,
  setPieces,
} from './database-samples.js'
import type { Clauses } from './test-api.js'

export function reopenClauses(reopen: (closed: Database) => Promise<Database>): Clauses<DatabaseSubject> {
  return {
    'what was recorded is there after a restart, with its references': async (subject) => {
      const before = await subject.create()
      const [kept, deleted] = [sampleRecord(40_000), sampleRecord(5)]
      for (const record of [kept, deleted]) await before.saveTorrent(record)
      const sealedChunks = [sealed(0, 'x'), sealed(4096, 'y')]
      await before.recordProgress(kept.id, { completedPieces: [0, 39_999], sealedChunks })
      await before.recordProgress(deleted.id, {
        completedPieces: [4],
        sealedChunks: [sealed(0, 'x'), sealed(1, 'z')],
      })
      await before.deleteTorrent(deleted.id)
      await before.raiseFence(kept.id, 6)
      await before.close()

      await using after = await reopen(before)
      assert.deepEqual(await after.listTorrents(), [kept.id])
      assert.deepEqual(await after.findTorrent(kept.id), kept)
      assert.deepEqual(setPieces(await after.completedPieces(kept.id), 40_000), [0, 39_999])
      const keys = await after.chunkKeys(kept.id, 0, 4097)
      assert.deepEqual([keys[0], keys[4095], keys[4096]], [sampleKey('x'), undefined, sampleKey('y')])
      await rejectsWith('STORAGE_FENCED', after.raiseFence(kept.id, 5))
      const forgotten: string[] = []
      await after.forgetChunks(
        [sampleKey('x'), sampleKey('y'), sampleKey('z')],
        async (some) => void forgotten.push(...some),
      )
      assert.deepEqual(forgotten, [sampleKey('z')])
    },

    'where chunks are, when they were used and what is pinned is there after a restart': async (subject) => {
      const before = await subject.create()
      const record = sampleRecord(5)
      await before.saveTorrent(record)
      const sealedChunks = [...'abcd'].map((name, ordinal) => sealed(ordinal, name, 100))
      await before.recordProgress(record.id, { completedPieces: [], sealedChunks })
      const [a, b, c, d] = [...'abcd'].map((name) => sampleKey(name)) as [
        ChunkKey,
        ChunkKey,
        ChunkKey,
        ChunkKey,
      ]
      const atMs = Date.UTC(2026, 10, 25)
      await before.cache.markRemote(await before.cache.notRemote(9, [d]), atMs)
      await before.cache.touch([a], atMs + 120_000)
      await before.cache.pin({ key: b }, 'user')
      await before.cache.pin({ key: b }, 'user')
      await before.cache.claimCapacity()
      await before.close()

      await using after = await reopen(before)
      assert.deepEqual((await after.cache.evict(1, async () => {})).keys, [c])
      assert.deepEqual((await after.cache.evict(1, async () => {})).keys, [a])
      assert.deepEqual((await after.cache.evict(1, async () => {})).keys, [])
      assert.deepEqual(
        (await after.cache.notRemote(9, [])).map(({ key }) => key),
        [d],
      )
      assert.deepEqual(await after.cache.usage(), { localBytes: 200, awayBytes: 200 })
      assert.equal(await after.cache.pinCount({ key: b }, 'user'), 2)
      assert.notEqual(await after.cache.claimCapacity(), undefined)
    },

    'what was recorded before close is called is there, settled or not': async (subject) => {
      const before = await subject.create()
      const record = sampleRecord(64)
      await before.saveTorrent(record)
      const batches = Array.from({ length: 8 }, (_, piece) =>
        before.recordProgress(record.id, { completedPieces: [piece], sealedChunks: [sealed(piece, piece)] }),
      )
      await before.close()
      await Promise.all(batches)

      await using after = await reopen(before)
      assert.deepEqual(setPieces(await after.completedPieces(record.id), 64), [0, 1, 2, 3, 4, 5, 6, 7])
    },
  }
}
