import assert from 'node:assert/strict'
import type { Database, TorrentRecord } from '../database.js'
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

/** Have bits may be kept in segments of so many bits: the clauses look around each border. */
const segmentBits = 32_768

/** Packed keys may be kept in rows of so many. */
const rowKeys = 4_096

function withTorrent(
  subject: DatabaseSubject,
  pieces: number,
  body: (database: Database, record: TorrentRecord) => Promise<void>,
): Promise<void> {
  return withDatabase(subject, async (database) => {
    const record = sampleRecord(pieces)
    await database.saveTorrent(record)
    await body(database, record)
  })
}

/** Which ordinals of [first, first + count) have the key that `sealed(ordinal, ordinal)` gives them; no other key may be there. */
async function keyedOrdinals(
  database: Database,
  record: TorrentRecord,
  first: number,
  count: number,
): Promise<number[]> {
  const keys = await database.chunkKeys(record.id, first, count)
  assert.equal(keys.length, count)
  const found: number[] = []
  for (const [index, key] of keys.entries()) {
    if (key === undefined) continue
    assert.equal(key, sampleKey(first + index), `key of chunk ${first + index}`)
    found.push(first + index)
  }
  return found
}

const haveClauses: Clauses<DatabaseSubject> = {
  'have bits are in BEP 3 order, of exact length, with spare bits zero': async (subject) => {
    for (const pieces of [1, 7, 8, 9, 16, 17]) {
      await withTorrent(subject, pieces, async (database, { id }) => {
        assert.deepEqual(await database.completedPieces(id), new Uint8Array(Math.ceil(pieces / 8)))
        await database.recordProgress(id, { completedPieces: [pieces - 1], sealedChunks: [] })
        const expected = new Uint8Array(Math.ceil(pieces / 8))
        expected[expected.length - 1] = 1 << (7 - ((pieces - 1) % 8))
        assert.deepEqual(await database.completedPieces(id), expected)
        const all = Array.from({ length: pieces }, (_, piece) => piece)
        await database.recordProgress(id, { completedPieces: all, sealedChunks: [] })
        assert.deepEqual(setPieces(await database.completedPieces(id), pieces), all)
      })
    }
  },

  'have bits are right on both sides of each segment border': async (subject) => {
    const borders = [segmentBits - 1, segmentBits, 2 * segmentBits - 1, 2 * segmentBits, 3 * segmentBits + 4]
    for (const pieces of [
      segmentBits - 1,
      segmentBits,
      segmentBits + 1,
      2 * segmentBits + 1,
      3 * segmentBits + 5,
    ]) {
      await withTorrent(subject, pieces, async (database, { id }) => {
        const completed = [0, pieces - 1, ...borders].filter((piece) => piece < pieces)
        await database.recordProgress(id, { completedPieces: completed, sealedChunks: [] })
        const expected = [...new Set(completed)].sort((a, b) => a - b)
        assert.deepEqual(setPieces(await database.completedPieces(id), pieces), expected)
        const kept = expected.filter((piece) => piece !== segmentBits)
        await database.clearProgress(id, {
          pieces: [segmentBits].filter((piece) => piece < pieces),
          ordinals: [],
        })
        assert.deepEqual(setPieces(await database.completedPieces(id), pieces), kept)
      })
    }
  },

  'only the last segment has a bit: all before are zero': (subject) =>
    withTorrent(subject, 2 * segmentBits + 9, async (database, { id }) => {
      await database.recordProgress(id, { completedPieces: [2 * segmentBits + 8], sealedChunks: [] })
      assert.deepEqual(setPieces(await database.completedPieces(id), 2 * segmentBits + 9), [
        2 * segmentBits + 8,
      ])
    }),

  'a piece outside the torrent is a RangeError and nothing of its batch is recorded': (subject) =>
    withTorrent(subject, 10, async (database, { id }) => {
      for (const piece of [10, 15, -1, 1.5]) {
        const progress = { completedPieces: [3, piece], sealedChunks: [sealed(0, 0)] }
        await assert.rejects(database.recordProgress(id, progress), RangeError)
        await assert.rejects(database.clearProgress(id, { pieces: [piece], ordinals: [] }), RangeError)
      }
      assert.deepEqual(setPieces(await database.completedPieces(id), 10), [])
      assert.deepEqual(await database.chunkKeys(id, 0, 1), [undefined])
    }),

  'an ordinal that is none is a RangeError and nothing of its batch is recorded or cleared': (subject) =>
    withTorrent(subject, 10, async (database, { id }) => {
      await database.recordProgress(id, { completedPieces: [3], sealedChunks: [sealed(0, 0)] })
      for (const ordinal of [-1, 0.5, Number.NaN]) {
        const progress = { completedPieces: [4], sealedChunks: [sealed(1, 1), sealed(ordinal, 2)] }
        await assert.rejects(database.recordProgress(id, progress), RangeError)
        await assert.rejects(database.clearProgress(id, { pieces: [3], ordinals: [0, ordinal] }), RangeError)
      }
      assert.deepEqual(setPieces(await database.completedPieces(id), 10), [3])
      assert.deepEqual(await database.chunkKeys(id, 0, 2), [sampleKey(0), undefined])
    }),

  'cleared pieces and chunks are no longer there, the others are': (subject) =>
    withTorrent(subject, 20, async (database, record) => {
      const ordinals = [0, 1, 2, 3]
      const progress = {
        completedPieces: [0, 1, 9, 19],
        sealedChunks: ordinals.map((one) => sealed(one, one)),
      }
      await database.recordProgress(record.id, progress)
      const orphans = await database.clearProgress(record.id, { pieces: [1, 5, 19], ordinals: [0, 3, 17] })
      assert.deepEqual([...orphans].sort(), [sampleKey(0), sampleKey(3)].sort())
      assert.deepEqual(setPieces(await database.completedPieces(record.id), 20), [0, 9])
      assert.deepEqual(await keyedOrdinals(database, record, 0, 6), [1, 2])
      assert.deepEqual(await database.clearProgress(record.id, { pieces: [1], ordinals: [0, 3] }), [])
      await database.recordProgress(record.id, progress)
      assert.deepEqual(setPieces(await database.completedPieces(record.id), 20), [0, 1, 9, 19])
      assert.deepEqual(await keyedOrdinals(database, record, 0, 6), ordinals)
    }),
}

const keyClauses: Clauses<DatabaseSubject> = {
  'chunk keys come back in order, over the border of a row and beyond the end': (subject) =>
    withTorrent(subject, 10, async (database, record) => {
      const ordinals = [0, 1, rowKeys - 2, rowKeys - 1, rowKeys, rowKeys + 1, 2 * rowKeys, 5 * rowKeys - 1]
      await database.recordProgress(record.id, {
        completedPieces: [],
        sealedChunks: ordinals.map((one) => sealed(one, one)),
      })
      const ranges = [
        [0, 0],
        [0, 1],
        [rowKeys - 1, 1],
        [rowKeys, 1],
        [rowKeys - 3, 6],
        [2, rowKeys],
        [0, 6 * rowKeys],
      ]
      for (const [first, count] of ranges as [number, number][]) {
        const expected = ordinals.filter((one) => one >= first && one < first + count)
        assert.deepEqual(await keyedOrdinals(database, record, first, count), expected)
      }
    }),

  'a batch of 10,000 chunks and pieces is recorded whole': (subject) =>
    withTorrent(subject, 10_000, async (database, record) => {
      const all = Array.from({ length: 10_000 }, (_, index) => index)
      await database.recordProgress(record.id, {
        completedPieces: all,
        sealedChunks: all.map((one) => sealed(one, one)),
      })
      assert.deepEqual(setPieces(await database.completedPieces(record.id), 10_000), all)
      assert.deepEqual(await keyedOrdinals(database, record, 0, 10_000), all)
    }),

  'another key for a chunk that has one is refused with its whole batch': (subject) =>
    withTorrent(subject, 10, async (database, { id }) => {
      await database.recordProgress(id, { completedPieces: [], sealedChunks: [sealed(1, 'first')] })
      const twice = [sealed(2, 'a'), sealed(2, 'b')]
      for (const sealedChunks of [[sealed(0, 'new'), sealed(1, 'second')], twice]) {
        await rejectsWith(
          'STORAGE_DATABASE',
          database.recordProgress(id, { completedPieces: [4], sealedChunks }),
        )
      }
      assert.deepEqual(await database.chunkKeys(id, 0, 3), [undefined, sampleKey('first'), undefined])
      assert.deepEqual(setPieces(await database.completedPieces(id), 10), [])
    }),

  'progress of a torrent that is not there is refused': (subject) =>
    withDatabase(subject, async (database) => {
      const progress = { completedPieces: [], sealedChunks: [sealed(0, 0)] }
      await rejectsWith('STORAGE_DATABASE', database.recordProgress(sampleRecord(1).id, progress))
    }),

  'what many callers record at once is all there, in whatever order their chunks are': (subject) =>
    withTorrent(subject, 3 * segmentBits, async (database, record) => {
      const callers = Array.from({ length: 12 }, (_, caller) => caller)
      const mine = (caller: number) => Array.from({ length: 40 }, (_, index) => index * 900 + caller)
      await Promise.all(
        callers.map(async (caller) => {
          const ordinals = caller % 2 === 0 ? mine(caller) : mine(caller).reverse()
          // All share these: every caller records them, in its own order.
          const shared = [40_000, 40_001, 40_002].map((one) => sealed(one, one))
          const sealedChunks = [
            ...ordinals.map((one) => sealed(one, one)),
            ...(caller % 3 === 0 ? shared : shared.reverse()),
          ]
          await database.recordProgress(record.id, {
            completedPieces: ordinals.map((one) => one * 2),
            sealedChunks,
          })
        }),
      )
      const ordinals = callers.flatMap(mine).sort((a, b) => a - b)
      assert.deepEqual(
        setPieces(await database.completedPieces(record.id), 3 * segmentBits),
        ordinals.map((one) => one * 2),
      )
      assert.deepEqual(await keyedOrdinals(database, record, 0, 41_000), [
        ...ordinals,
        40_000,
        40_001,
        40_002,
      ])
    }),
}

export const progressClauses: Clauses<DatabaseSubject> = { ...haveClauses, ...keyClauses }
