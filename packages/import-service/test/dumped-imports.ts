import type { TorrentId } from '@bae/storage'
import { expect } from 'vitest'
import type { ImportDatabase, ImportRecord } from '../src/database/import-database.js'

/*
 * What the dumps of the tables hold: the same imports in each, written when the tables were as the dump says.
 */

const completed: ImportRecord = {
  id: '01a20000-0000-7000-8000-000000000001' as TorrentId,
  infoHashV1: '28d4098e1d2f03c1d785eb44fd72e9c386da2085',
  infoHashV2: '2b1027bb7b906019c185c2b9f20c1378e79f519e063864f16eb37ea4aad39fae',
  name: 'a song café 音楽\u0000.wav',
  state: 'completed',
  torrentFile: Uint8Array.of(0x64, 0x00, 0xff, 0x65),
  addedAtMs: 1_795_000_000_000,
  completedAtMs: 1_795_000_060_000,
  transferSeconds: 59.5,
}

const failed: ImportRecord = {
  id: '01a20000-0000-7000-8000-000000000002' as TorrentId,
  infoHashV1: '61523456c32bda85344adf9b5d86199100ce2c54',
  state: 'failed',
  magnetUri: 'magnet:?xt=urn:btih:61523456c32bda85344adf9b5d86199100ce2c54',
  addedAtMs: 1_795_000_000_001,
  error: { code: 'STORAGE_NO_SPACE', message: 'the disk is full' },
}

export async function writeDumpedImports(imports: ImportDatabase): Promise<void> {
  for (const record of [failed, completed]) await imports.saveImport(record)
}

/** They are all there, and may be changed. */
export async function expectDumpedImports(imports: ImportDatabase): Promise<void> {
  for (const record of [completed, failed]) {
    expect(await imports.findImport(record.id)).toEqual(record)
    expect(await imports.findImportByInfoHash(record.infoHashV1 ?? '')).toEqual(record)
  }
  const { torrentFile: _, ...listed } = completed
  expect(await imports.listImports()).toEqual([listed, failed])
  const due = await imports.claimDue({ states: ['completed', 'failed'], limit: 10, nowMs: 0 })
  expect(due.map(({ record }) => record)).toEqual([completed])
  const { error: __, ...again } = failed
  await imports.saveImport({ ...again, state: 'downloading' })
  expect(await imports.findImport(failed.id)).toEqual({ ...again, state: 'downloading' })
  const claim = await imports.claim(failed.id)
  expect(claim).toBeDefined()
  await claim?.release()
}
