import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { sampleKey, sealed, setPieces } from '../src/compliance/database-samples.js'
import type { Database, TorrentRecord } from '../src/database.js'
import type { TorrentId } from '../src/torrent-layout.js'

/*
 * What the dumps of the tables hold: the same records in each, written when the tables were as the dump says.
 */

function torrent(id: string, name: string, more: { infoHashV2?: string; addedAtMs: number }): TorrentRecord {
  const hash = (algorithm: 'sha1' | 'sha256') => createHash(algorithm).update(name).digest('hex')
  const { addedAtMs, ...layout } = more
  return {
    id: id as TorrentId,
    layout: {
      infoHashV1: hash('sha1'),
      ...layout,
      name,
      singleFile: true,
      pieceLengthBytes: 16_384,
      totalLengthBytes: 8 * 16_384 + 1,
      files: [
        {
          index: 0,
          path: [name],
          offsetBytes: 0,
          lengthBytes: 8 * 16_384 + 1,
          kind: 'file',
          executable: false,
        },
      ],
    },
    metadata: {
      infoSection: Uint8Array.from({ length: 40 }, (_, index) => index),
      pieceHashesV1: new Uint8Array(20 * 9).fill(0xa5),
    },
    chunkSizeBytes: 16_384,
    addedAtMs,
  }
}

const older = torrent('01a20000-0000-7000-8000-000000000001', 'a song café 音楽.wav', {
  addedAtMs: 1_795_000_000_000,
})
const newer = torrent('01a20000-0000-7000-8000-000000000002', 'another song.wav', {
  infoHashV2: createHash('sha256').update('another song').digest('hex'),
  addedAtMs: 1_795_000_000_001,
})

export async function writeDumpedRecords(database: Database): Promise<void> {
  for (const record of [newer, older]) await database.saveTorrent(record)
  await database.recordProgress(older.id, {
    completedPieces: [0, 1, 8],
    sealedChunks: [sealed(0, 'shared', 16_384), sealed(1, 'own', 16_384), sealed(8, 'last', 1)],
  })
  await database.recordProgress(newer.id, {
    completedPieces: [3],
    sealedChunks: [sealed(3, 'shared', 16_384)],
  })
}

/** The records are all there, and may be changed. */
export async function expectDumpedRecords(database: Database): Promise<void> {
  expect(await database.listTorrents()).toEqual([older.id, newer.id])
  for (const record of [older, newer]) {
    expect(await database.findTorrent(record.id)).toEqual(record)
    expect(await database.findTorrentByInfoHash(record.layout.infoHashV1 ?? '')).toEqual(record)
  }
  expect(await database.findTorrentByInfoHash(newer.layout.infoHashV2 ?? '')).toEqual(newer)
  expect(setPieces(await database.completedPieces(older.id), 9)).toEqual([0, 1, 8])
  expect(setPieces(await database.completedPieces(newer.id), 9)).toEqual([3])
  const keys = [sampleKey('shared'), sampleKey('own'), ...new Array(6).fill(undefined), sampleKey('last')]
  expect(await database.chunkKeys(older.id, 0, 9)).toEqual(keys)
  // What nobody marked then counts as what a power cut may have spoilt.
  const { unflushedPieces } = await database.flushState(older.id)
  expect(setPieces(unflushedPieces, 9)).toEqual([0, 1, 8])
  expect(await database.cache.usage()).toEqual({ localBytes: 2 * 16_384 + 1, awayBytes: 0 })
  await database.recordProgress(newer.id, { completedPieces: [8], sealedChunks: [sealed(8, 'last', 1)] })
  expect(await database.deleteTorrent(older.id)).toEqual([sampleKey('own')])
  const left = await database.deleteTorrent(newer.id)
  expect([...left].sort()).toEqual([sampleKey('shared'), sampleKey('last')].sort())
}
