import assert from 'node:assert/strict'
import type { Database } from '../database.js'
import type { TorrentId } from '../torrent-layout.js'
import {
  type DatabaseSubject,
  rejectsWith,
  sampleRecord,
  setPieces,
  withDatabase,
} from './database-samples.js'
import type { Clauses } from './test-api.js'

const pieces = 70_000

/** On both sides of every border that segments of have bits may have. */
const scattered = [0, 1, 8_191, 8_192, 32_767, 32_768, 65_536, pieces - 1]

function withTorrent(
  subject: DatabaseSubject,
  body: (database: Database, id: TorrentId) => Promise<void>,
): Promise<void> {
  return withDatabase(subject, async (database) => {
    const record = sampleRecord(pieces)
    await database.saveTorrent(record)
    await body(database, record.id)
  })
}

async function unflushed(database: Database, id: TorrentId): Promise<number[]> {
  const { unflushedPieces } = await database.flushState(id)
  assert.equal(unflushedPieces.length, Math.ceil(pieces / 8))
  return setPieces(unflushedPieces, pieces)
}

export const flushedClauses: Clauses<DatabaseSubject> = {
  'complete pieces are unflushed until they are marked': (subject) =>
    withTorrent(subject, async (database, id) => {
      assert.deepEqual(await unflushed(database, id), [])
      await database.recordProgress(id, { completedPieces: scattered, sealedChunks: [] })
      assert.deepEqual(await unflushed(database, id), scattered)
      const some = scattered.filter((_, index) => index % 2 === 0)
      await database.markFlushed(id, some)
      assert.deepEqual(
        await unflushed(database, id),
        scattered.filter((piece) => !some.includes(piece)),
      )
      await database.markFlushed(id, scattered)
      assert.deepEqual(await unflushed(database, id), [])
      assert.deepEqual(setPieces(await database.completedPieces(id), pieces), scattered)
    }),

  'pieces recorded as flushed are never unflushed': (subject) =>
    withTorrent(subject, async (database, id) => {
      await database.recordProgress(id, { completedPieces: scattered, sealedChunks: [], flushed: true })
      assert.deepEqual(await unflushed(database, id), [])
    }),

  'the mark ends with the completeness of the piece': (subject) =>
    withTorrent(subject, async (database, id) => {
      await database.recordProgress(id, { completedPieces: [3, 4], sealedChunks: [], flushed: true })
      await database.clearProgress(id, { pieces: [3], ordinals: [] })
      await database.recordProgress(id, { completedPieces: [3], sealedChunks: [] })
      assert.deepEqual(await unflushed(database, id), [3])
    }),

  'a piece that is not complete gets no mark': (subject) =>
    withTorrent(subject, async (database, id) => {
      await database.markFlushed(id, [5, 40_000])
      await database.recordProgress(id, { completedPieces: [5, 40_000], sealedChunks: [] })
      assert.deepEqual(await unflushed(database, id), [5, 40_000])
    }),

  'the boot is what was saved last, and nothing for a torrent that is not there': (subject) =>
    withTorrent(subject, async (database, id) => {
      const nobody = sampleRecord(1).id
      assert.equal((await database.flushState(id)).bootId, undefined)
      await database.saveBootId(id, 'first')
      await database.saveBootId(id, 'second')
      await database.saveBootId(nobody, 'third')
      await database.markFlushed(nobody, [0])
      assert.equal((await database.flushState(id)).bootId, 'second')
      const { bootId, unflushedPieces } = await database.flushState(nobody)
      assert.equal(bootId, undefined)
      assert.equal(unflushedPieces.length, 0)
    }),

  'a piece outside the torrent is refused': (subject) =>
    withTorrent(subject, async (database, id) => {
      await assert.rejects(database.markFlushed(id, [pieces]), RangeError)
      await assert.rejects(database.markFlushed(id, [-1]), RangeError)
    }),

  'flush states are refused after close': (subject) =>
    withTorrent(subject, async (database, id) => {
      await database.close()
      await rejectsWith('STORAGE_CLOSED', database.flushState(id))
    }),
}
