import { expect, it } from 'vitest'
import type { ImportDatabase, ImportRecord } from '../src/database/import-database.js'
import type { ImportChange } from '../src/database/import-event.js'
import { downloading, type ImportDatabaseSubject } from './support/database-subject.js'

const change: ImportChange = { atMs: 1_795_000_000_001, from: null, reason: { code: 'added' } }

/** So many events of one import. */
async function write(imports: ImportDatabase, count: number, record = downloading()): Promise<void> {
  for (let turn = 0; turn < count; turn++)
    await imports.saveImport(record, { event: { ...change, atMs: turn } })
}

export function eventClauses(subject: ImportDatabaseSubject): void {
  it('each change that has an event is in the log, numbered from one, and may be read from any point', async () => {
    await using imports = await subject.create()
    await using other = await subject.join(imports)
    expect(await imports.readEvents({ after: 0, limit: 10 })).toEqual({
      events: [],
      firstSeq: 1,
      lastSeq: 0,
    })
    const record = downloading()
    const error = { code: 'X', message: 'a\u0000b \ud800' }
    const failure: ImportChange = {
      atMs: 7,
      from: 'downloading',
      reason: { code: 'failed', message: 'm', error },
    }
    const failed: ImportRecord = { ...record, state: 'failed', error }
    await imports.saveImport(record, { event: change })
    await imports.saveImport({ ...record, name: 'without an event' })
    await other.saveImport(failed, { event: failure })
    await imports.deleteImport(record.id, { event: { ...change, from: 'failed' } })
    const events = [
      { ...change, seq: 1, importId: record.id, to: 'downloading' },
      { ...failure, seq: 2, importId: record.id, to: 'failed' },
      { ...change, seq: 3, importId: record.id, from: 'failed', to: 'removed' },
    ]
    const bounds = { firstSeq: 1, lastSeq: 3 }
    expect(await other.readEvents({ after: 0, limit: 10 })).toEqual({ events, ...bounds })
    expect(await other.readEvents({ after: 1, limit: 1 })).toEqual({ events: [events[1]], ...bounds })
    expect(await other.readEvents({ after: 3, limit: 1 })).toEqual({ events: [], ...bounds })
  })

  it('a change that is refused has no event, nor has the removal of what is not there', async () => {
    await using imports = await subject.create()
    const record = downloading()
    await imports.saveImport(record)
    const other = { ...downloading(), infoHashV1: record.infoHashV1! }
    await expect(imports.saveImport(other, { event: change })).rejects.toMatchObject({
      code: 'IMPORT_DUPLICATE',
    })
    await imports.deleteImport(other.id, { event: change })
    expect((await imports.readEvents({ after: 0, limit: 10 })).events).toEqual([])
  })

  it('events that several write at once come in order, and none between them later', async () => {
    await using imports = await subject.create()
    await using other = await subject.join(imports)
    const each = 25
    const writing = [imports, other, imports, other].map((one) => write(one, each))
    const seen: number[] = []
    for (let after = 0; after < writing.length * each; after = seen.at(-1) ?? 0) {
      const { events } = await other.readEvents({ after, limit: 7 })
      seen.push(...events.map(({ seq }) => seq))
    }
    await Promise.all(writing)
    expect(seen).toEqual(Array.from({ length: writing.length * each }, (_, index) => index + 1))
  })

  it('the newest events are kept, and who asks for older ones can tell', async () => {
    const keptEvents = 200
    await using imports = await subject.create({ keptEvents })
    await write(imports, keptEvents + 1)
    // A hundredth more than that at a time.
    expect(await imports.readEvents({ after: 0, limit: 1 })).toMatchObject({ firstSeq: 1, lastSeq: 201 })
    await write(imports, 1)
    const page = await imports.readEvents({ after: 0, limit: 1 })
    expect(page).toMatchObject({ events: [{ seq: 3 }], firstSeq: 3, lastSeq: 202 })
    expect((await imports.readEvents({ after: 2, limit: 500 })).events).toHaveLength(keptEvents)
  })
}
