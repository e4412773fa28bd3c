import { expect, it } from 'vitest'
import { formatImport } from '../../src/cli/show-command.js'
import { describeImport } from '../../src/import-snapshot.js'
import { importRecord } from '../support/records.js'

const atMs = Date.UTC(2026, 10, 26, 5, 20)

it('bae show says until when an import is paused or waits for a choice, and when it is tried again', () => {
  const lines = (change: Parameters<typeof importRecord>[0]) =>
    formatImport(describeImport(importRecord(change), undefined))
  expect(lines({ state: 'paused', pause: 'noSpace', retry: { attempts: 2, atMs } })).toEqual(
    expect.arrayContaining([
      '  state         paused until there is room',
      '  tried again   2026-11-26 05:20:00 UTC',
    ]),
  )
  expect(lines({ state: 'paused', pause: 'user' })).toContain("  state         paused until 'bae resume'")
  expect(lines({ state: 'choosingFiles' })).toContain("  state         choosingFiles until 'bae select'")
  const error = { code: 'STORAGE_IO', message: 'bad disk' }
  const failed = lines({ state: 'failed', error, retry: { attempts: 9 } })
  expect(failed).toContain('  state         failed: bad disk [STORAGE_IO]')
  expect(failed.join('\n')).not.toContain('tried again')
})
