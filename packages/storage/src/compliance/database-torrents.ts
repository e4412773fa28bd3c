import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TorrentRecord } from '../database.js'
import type { TorrentId } from '../torrent-layout.js'
import {
  type DatabaseSubject,
  hybridHashes,
  manyFiles,
  rejectsWith,
  sampleRecord,
  sealed,
  setPieces,
  withDatabase,
} from './database-samples.js'
import type { Clauses } from './test-api.js'

const nobody = randomUUID() as string as TorrentId

export const torrentClauses: Clauses<DatabaseSubject> = {
  'a saved torrent is found as it was, by id and by each of its info hashes': (subject) =>
    withDatabase(subject, async (database) => {
      const v1 = sampleRecord(3)
      const hybrid = sampleRecord(3, hybridHashes())
      const { infoHashV1, ...withoutV1 } = sampleRecord(1).layout
      const v2 = { ...sampleRecord(1), layout: { ...withoutV1, infoHashV2: hybridHashes().infoHashV2 } }
      const pieceHashesV2 = new Uint8Array(32).fill(0x5a)
      const { pieceHashesV1, ...withoutV1Hashes } = v2.metadata
      const records: TorrentRecord[] = [
        v1,
        { ...hybrid, metadata: { ...hybrid.metadata, pieceHashesV2: new Uint8Array(96).fill(0x6b) } },
        { ...v2, metadata: { ...withoutV1Hashes, pieceHashesV2 } },
      ]
      for (const record of records) await database.saveTorrent(record)
      for (const record of records) {
        assert.deepEqual(await database.findTorrent(record.id), record)
        for (const hash of [record.layout.infoHashV1, record.layout.infoHashV2]) {
          if (hash !== undefined) assert.deepEqual(await database.findTorrentByInfoHash(hash), record)
        }
      }
    }),

  'what is not there is undefined or empty, not an error': (subject) =>
    withDatabase(subject, async (database) => {
      assert.equal(await database.findTorrent(nobody), undefined)
      assert.equal(await database.findTorrentByInfoHash('ab'.repeat(20)), undefined)
      assert.equal(await database.findTorrentByInfoHash('ab'.repeat(32)), undefined)
      assert.deepEqual(await database.listTorrents(), [])
      assert.deepEqual(await database.deleteTorrent(nobody), [])
      assert.deepEqual(setPieces(await database.completedPieces(nobody), 0), [])
      assert.deepEqual(await database.chunkKeys(nobody, 0, 2), [undefined, undefined])
      assert.deepEqual(await database.clearProgress(nobody, { pieces: [0], ordinals: [0] }), [])
    }),

  'saving the same torrent again changes nothing': (subject) =>
    withDatabase(subject, async (database) => {
      const record = sampleRecord(9)
      await database.saveTorrent(record)
      await database.recordProgress(record.id, { completedPieces: [8], sealedChunks: [sealed(0, 'a')] })
      await database.saveTorrent(record)
      assert.deepEqual(setPieces(await database.completedPieces(record.id), 9), [8])
      assert.deepEqual(await database.chunkKeys(record.id, 0, 1), [sealed(0, 'a').key])
      assert.deepEqual(await database.listTorrents(), [record.id])
    }),

  'a second torrent with one of the info hashes is refused, whichever it is': (subject) =>
    withDatabase(subject, async (database) => {
      const hybrid = sampleRecord(2, hybridHashes())
      await database.saveTorrent(hybrid)
      const { infoHashV1, infoHashV2 } = hybrid.layout as { infoHashV1: string; infoHashV2: string }
      for (const shared of [{ infoHashV1 }, { infoHashV2 }, { infoHashV1, infoHashV2 }]) {
        const other = sampleRecord(2, shared)
        await rejectsWith('STORAGE_DUPLICATE_TORRENT', database.saveTorrent(other))
        assert.equal(await database.findTorrent(other.id), undefined)
      }
      const renamed = { ...sampleRecord(2), id: hybrid.id }
      await rejectsWith('STORAGE_DUPLICATE_TORRENT', database.saveTorrent(renamed))
      assert.deepEqual(await database.findTorrent(hybrid.id), hybrid)
      assert.deepEqual(await database.listTorrents(), [hybrid.id])
    }),

  'of many who save one torrent under different ids at once, one succeeds': (subject) =>
    withDatabase(subject, async (database) => {
      const hashes = hybridHashes()
      const records = Array.from({ length: 8 }, () => sampleRecord(2, hashes))
      const results = await Promise.allSettled(records.map((record) => database.saveTorrent(record)))
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const result of results) {
        if (result.status === 'rejected')
          await rejectsWith('STORAGE_DUPLICATE_TORRENT', Promise.reject(result.reason))
      }
      assert.equal((await database.listTorrents()).length, 1)
    }),

  'torrents are listed oldest first': (subject) =>
    withDatabase(subject, async (database) => {
      const [late, early, middle] = [sampleRecord(1), sampleRecord(1), sampleRecord(1)]
      await database.saveTorrent({ ...late, addedAtMs: 30 })
      await database.saveTorrent({ ...early, addedAtMs: 10 })
      await database.saveTorrent({ ...middle, addedAtMs: 20 })
      assert.deepEqual(await database.listTorrents(), [early.id, middle.id, late.id])
    }),

  'overviews are of the torrents that are there, in the order asked for, with their pieces': (subject) =>
    withDatabase(subject, async (database) => {
      const records = [sampleRecord(9), sampleRecord(20_000), sampleRecord(1, { files: manyFiles(100) })]
      for (const record of records) await database.saveTorrent(record)
      const [first, second, third] = records.map(({ id }) => id) as [TorrentId, TorrentId, TorrentId]
      await database.recordProgress(first, { completedPieces: [0, 8], sealedChunks: [] })
      await database.recordProgress(second, { completedPieces: [8_191, 8_192, 19_999], sealedChunks: [] })
      const nobody = sampleRecord(1).id
      const found = await database.overviewTorrents([third, nobody, second, first])
      const expected = [records[2], records[1], records[0]].map((record) => ({
        id: record?.id,
        layout: record?.layout,
      }))
      assert.deepEqual(
        found.map(({ id, layout }) => ({ id, layout })),
        expected,
      )
      for (const { id, completedPieces } of found)
        assert.deepEqual(completedPieces, await database.completedPieces(id))
      assert.deepEqual(await database.overviewTorrents([nobody]), [])
      assert.deepEqual(await database.overviewTorrents([]), [])
    }),

  'a layout of 100,000 files comes back as it was, with names that are not UTF-8': (subject) =>
    withDatabase(subject, async (database) => {
      const files = manyFiles(100_000)
      const record = sampleRecord(7, {
        files,
        name: 'many \ud83d\udcbf',
        singleFile: false,
        totalLengthBytes: 100_000,
      })
      await database.saveTorrent(record)
      const found = await database.findTorrent(record.id)
      assert.equal(found?.layout.files.length, files.length)
      for (const index of [0, 7, 98, 99, 1007, 50_000, 99_999])
        assert.deepEqual(found.layout.files[index], files[index])
      assert.deepEqual({ ...found.layout, files: [] }, { ...record.layout, files: [] })
    }),

  'sizes above 2^32 bytes and names with a NUL come back as they were': (subject) =>
    withDatabase(subject, async (database) => {
      const lengthBytes = 5 * 2 ** 40 + 3
      const file = {
        index: 0,
        path: ['a\u0000b', 'c\ud800'],
        offsetBytes: 0,
        lengthBytes,
        kind: 'file',
        executable: false,
      } as const
      const pieceLengthBytes = 2 ** 24
      const record = sampleRecord(1, {
        files: [file],
        name: 'a\u0000b',
        totalLengthBytes: lengthBytes,
        pieceLengthBytes,
      })
      await database.saveTorrent(record)
      assert.deepEqual(await database.findTorrent(record.id), record)
    }),

  "a record is the caller's own again once it is saved": (subject) =>
    withDatabase(subject, async (database) => {
      const record = sampleRecord(2)
      const infoSection = record.metadata.infoSection.slice()
      await database.saveTorrent(record)
      record.metadata.infoSection.fill(0)
      assert.deepEqual((await database.findTorrent(record.id))?.metadata.infoSection, infoSection)
    }),

  'a deleted torrent is gone whole and may be added again': (subject) =>
    withDatabase(subject, async (database) => {
      const hashes = hybridHashes()
      const record = sampleRecord(9, hashes)
      await database.saveTorrent(record)
      await database.recordProgress(record.id, { completedPieces: [0, 8], sealedChunks: [sealed(0, 'a')] })
      await database.deleteTorrent(record.id)
      assert.equal(await database.findTorrent(record.id), undefined)
      assert.equal(await database.findTorrentByInfoHash(hashes.infoHashV1), undefined)
      const again = { ...record, id: randomUUID() as string as TorrentId }
      for (const { id } of [record, again]) {
        await database.saveTorrent({ ...record, id })
        assert.deepEqual(setPieces(await database.completedPieces(id), 9), [])
        assert.deepEqual(await database.chunkKeys(id, 0, 1), [undefined])
        await database.deleteTorrent(id)
      }
    }),

  'after close every call is refused, and closing again is fine': async (subject) => {
    const database = await subject.create()
    await database.close()
    await database.close()
    const record = sampleRecord(1)
    const progress = { completedPieces: [0], sealedChunks: [] }
    const calls: (() => Promise<unknown>)[] = [
      () => database.saveTorrent(record),
      () => database.findTorrent(record.id),
      () => database.findTorrentByInfoHash('ab'.repeat(20)),
      () => database.listTorrents(),
      () => database.deleteTorrent(record.id),
      () => database.recordProgress(record.id, progress),
      () => database.completedPieces(record.id),
      () => database.clearProgress(record.id, { pieces: [0], ordinals: [] }),
      () => database.chunkKeys(record.id, 0, 1),
      () => database.chunkLengths([]),
      () => database.orphans.unreferenced(undefined, 1),
      () => database.orphans.forgetUnknown([], async () => undefined),
      () => database.orphans.whileAbsent(record.id, async () => undefined),
      () => database.files.save(record.id, []),
      () => database.files.find([]),
      () => database.overviewTorrents([record.id]),
      () => database.markFlushed(record.id, [0]),
      () => database.flushState(record.id),
      () => database.saveBootId(record.id, 'boot'),
      () => database.forgetChunks([], async () => undefined),
      () => database.cache.usage(),
      () => database.cache.pin({ torrentId: record.id }, 'user'),
    ]
    for (const call of calls) await rejectsWith('STORAGE_CLOSED', call())
  },
}
