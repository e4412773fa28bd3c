import { expect, it } from 'vitest'
import type { ImportRecord } from '../src/database/import-database.js'
import { eventClauses } from './event-clauses.js'
import { claimClauses, dueClauses, leaseClauses, wishClauses } from './lease-clauses.js'
import { downloading, hash, type ImportDatabaseSubject, newId } from './support/database-subject.js'

/** What every `ImportDatabase` promises. */
export function importDatabaseCompliance(subject: ImportDatabaseSubject): void {
  recordClauses(subject)
  claimClauses(subject)
  leaseClauses(subject)
  dueClauses(subject)
  wishClauses(subject)
  eventClauses(subject)

  it('after close every call is refused, and closing again is fine', async () => {
    const imports = await subject.create()
    await imports.close()
    await imports.close()
    const calls = [
      () => imports.saveImport(downloading()),
      () => imports.findImport(newId()),
      () => imports.findImportByInfoHash('ab'.repeat(20)),
      () => imports.listImports(),
      () => imports.deleteImport(newId()),
      () => imports.claim(newId()),
      () => imports.claimDue({ states: ['queued'], limit: 1, nowMs: 0 }),
      () => imports.wish(newId(), { kind: 'pause' }),
      () => imports.readEvents({ after: 0, limit: 1 }),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'IMPORT_DATABASE_CLOSED' })
  })
}

function recordClauses(subject: ImportDatabaseSubject): void {
  it('an import is found as it was saved, by id and by each of its info hashes', async () => {
    await using imports = await subject.create()
    const selected = { files: 1, pieces: 0, totalPieces: 2, bytes: 0, totalBytes: 2 ** 42 }
    const records: ImportRecord[] = [
      downloading({ infoHashV2: hash('sha256'), name: 'a\u0000b "音楽" \ud800', selectedFiles: [0, 7] }),
      downloading({ size: { pieces: 7, bytes: 2 ** 43, selected } }),
      {
        id: newId(),
        infoHashV2: hash('sha256'),
        state: 'completed',
        addedAtMs: 5,
        completedAtMs: 2 ** 43,
        transferSeconds: 1.25,
      },
      {
        id: newId(),
        state: 'failed',
        addedAtMs: 6,
        magnetUri: 'magnet:?xt=urn:btih:0',
        error: { code: 'X', message: 'a\u0000b' },
        retry: { attempts: 3, atMs: 2 ** 43 },
      },
      {
        id: newId(),
        state: 'paused',
        addedAtMs: 7,
        goal: 'seed',
        pause: 'noSpace',
        peers: [{ host: '127.0.0.1', port: 6881 }],
        choose: true,
      },
    ]
    for (const record of records) await imports.saveImport(record)
    for (const record of records) {
      expect(await imports.findImport(record.id)).toEqual(record)
      for (const infoHash of [record.infoHashV1, record.infoHashV2]) {
        if (infoHash !== undefined) expect(await imports.findImportByInfoHash(infoHash)).toEqual(record)
      }
    }
  })

  it('what is not there is undefined or empty, not an error', async () => {
    await using imports = await subject.create()
    expect(await imports.findImport(newId())).toBeUndefined()
    expect(await imports.findImportByInfoHash('ab'.repeat(20))).toBeUndefined()
    expect(await imports.findImportByInfoHash('ab'.repeat(32))).toBeUndefined()
    expect(await imports.listImports()).toEqual([])
    await imports.deleteImport(newId())
  })

  it('saving replaces the import of this id, whole', async () => {
    await using imports = await subject.create()
    const { torrentFile, ...before } = downloading({ name: 'before', error: { code: 'X', message: 'y' } })
    await imports.saveImport({ ...before, torrentFile: Uint8Array.of(1) })
    const after: ImportRecord = {
      id: before.id,
      infoHashV2: hash('sha256'),
      state: 'completed',
      addedAtMs: 9,
    }
    await imports.saveImport(after)
    expect(await imports.findImport(before.id)).toEqual(after)
    expect(await imports.findImportByInfoHash(before.infoHashV1!)).toBeUndefined()
    expect(await imports.listImports()).toEqual([after])
  })

  it('another import with one of the info hashes is refused, whichever it is', async () => {
    await using imports = await subject.create()
    const { infoHashV1, infoHashV2, ...rest } = downloading({ infoHashV2: hash('sha256') })
    const first = { ...rest, infoHashV1: infoHashV1!, infoHashV2: infoHashV2! }
    await imports.saveImport(first)
    for (const shared of [{ infoHashV1: first.infoHashV1 }, { infoHashV2: first.infoHashV2 }]) {
      const other = { id: newId(), state: 'downloading', addedAtMs: 1, ...shared } as const
      await expect(imports.saveImport(other)).rejects.toMatchObject({ code: 'IMPORT_DUPLICATE' })
      expect(await imports.findImport(other.id)).toBeUndefined()
    }
    expect(await imports.findImport(first.id)).toEqual(first)
  })

  it('imports are listed oldest first, without their .torrent files', async () => {
    await using imports = await subject.create()
    const [late, early, middle] = [30, 10, 20].map((addedAtMs) => downloading({ addedAtMs }))
    for (const record of [late!, early!, middle!]) await imports.saveImport(record)
    const listed = [early!, middle!, late!].map(({ torrentFile, ...rest }) => rest)
    expect(await imports.listImports()).toEqual(listed)
  })

  it('a deleted import is gone and may be added again', async () => {
    await using imports = await subject.create()
    const record = downloading()
    await imports.saveImport(record)
    await imports.deleteImport(record.id)
    expect(await imports.findImport(record.id)).toBeUndefined()
    const again = { ...record, id: newId() }
    await imports.saveImport(again)
    expect(await imports.findImportByInfoHash(record.infoHashV1!)).toEqual(again)
  })

  it("a record is the caller's own again once it is saved", async () => {
    await using imports = await subject.create()
    const record = downloading()
    await imports.saveImport(record)
    record.torrentFile!.fill(0)
    expect((await imports.findImport(record.id))?.torrentFile).toEqual(Uint8Array.of(0x64, 0x00, 0xff, 0x65))
  })

  it('another process sees what was saved', async () => {
    await using imports = await subject.create()
    await using other = await subject.join(imports)
    const record = downloading()
    await imports.saveImport(record)
    expect(await other.findImport(record.id)).toEqual(record)
  })
}
