import { describe, expect, it } from 'vitest'
import type { ImportDatabase } from '../../src/database/import-database.js'
import { MemoryImportDatabase } from '../../src/database/memory-import-database.js'
import { openLog } from '../../src/log/log.js'
import { LoggedImports } from '../../src/log/logged-imports.js'
import { importDatabaseCompliance } from '../database-clauses.js'
import { added, downloading } from '../support/database-subject.js'

function logged(imports = new MemoryImportDatabase()) {
  const lines: string[] = []
  const log = openLog({ level: 'info', isPretty: false, write: (line) => lines.push(line) })
  return { imports: new LoggedImports(imports, log), lines }
}

describe('LoggedImports', () => {
  const behind = new WeakMap<ImportDatabase, MemoryImportDatabase>()
  const wrap = (memory: MemoryImportDatabase) => {
    const { imports } = logged(memory)
    behind.set(imports, memory)
    return imports
  }
  importDatabaseCompliance({
    create: async (options) => wrap(new MemoryImportDatabase(options)),
    join: async (other) => wrap(MemoryImportDatabase.join(behind.get(other) as MemoryImportDatabase)),
    expire: async (imports) => behind.get(imports)?.expireClaims(),
  })

  it('tells each change of a state once it is recorded, and what is beside the state not', async () => {
    const { imports, lines } = logged()
    const record = downloading({ name: 'album' })
    const event = { atMs: 1, from: null, reason: { code: 'submitted' } }
    await imports.saveImport(record, { event })
    await imports.saveImport({ ...record, transferSeconds: 1 })
    const error = { code: 'CLIENT_TORRENT_FAILED', message: 'udp://t.example/key says no' }
    await imports.saveImport(
      { ...record, state: 'failed', retry: { attempts: 2, atMs: 60_000 } },
      { event: { atMs: 2, from: 'downloading', reason: { code: 'failed', error } } },
    )
    await imports.deleteImport(record.id, {
      event: { atMs: 3, from: 'failed', reason: { code: 'removed', message: 'as it was asked for' } },
    })
    const importId = record.id
    const known = { importId, infoHash: record.infoHashV1, name: 'album' }
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', ...known, from: null, to: 'downloading', reason: 'submitted' },
      {
        level: 'warn',
        ...known,
        from: 'downloading',
        to: 'failed',
        reason: 'failed',
        attempts: 2,
        again: '1970-01-01T00:01:00.000Z',
        error: { code: 'CLIENT_TORRENT_FAILED', message: 'udp://t.example/... says no' },
      },
      { level: 'info', importId, from: 'failed', to: 'removed', message: 'as it was asked for' },
    ])
  })

  it('tells nothing of what could not be recorded', async () => {
    const { imports, lines } = logged()
    await imports.close()
    const event = { atMs: 1, from: null, reason: { code: 'submitted' } }
    await expect(imports.saveImport(downloading(), { event })).rejects.toThrow()
    expect(lines).toEqual([])
  })

  it('tells of a claim that is lost, and of one that is released not', async () => {
    const memory = new MemoryImportDatabase()
    const { imports, lines } = logged(memory)
    const [kept, lost] = [await added(memory), await added(memory)]
    const claim = await imports.claim(kept.id)
    await claim?.release()
    await imports.claimDue({ states: ['downloading'], limit: 2, nowMs: 0 })
    await (await imports.claim(kept.id))?.release()
    memory.loseClaims()
    const told = lines.map((line) => JSON.parse(line))
    expect(told.map(({ level, error }) => [level, error.code])).toEqual([
      ['warn', 'IMPORT_LEASE_LOST'],
      ['warn', 'IMPORT_LEASE_LOST'],
    ])
    expect(new Set(told.map(({ importId }) => importId))).toEqual(new Set([kept.id, lost.id]))
  })
})
