import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ImportEvent } from '../../src/database/import-event.js'
import { ImportError } from '../../src/errors.js'
import { CapturedOutput } from '../support/captured-output.js'
import type { FakeService } from '../support/fake-service.js'
import { torrentId } from '../support/records.js'
import { ServedCli } from '../support/served-cli.js'
import type { TestCli } from '../support/test-cli.js'

let served: ServedCli
let cli: TestCli
let service: FakeService

beforeEach(async () => {
  served = await ServedCli.create()
  ;({ cli, service } = served)
})

afterEach(() => served[Symbol.asyncDispose]())

const id = torrentId('1')

describe('bae events', () => {
  const added: ImportEvent = {
    seq: 7,
    atMs: 0,
    importId: id,
    from: null,
    to: 'queued',
    reason: { code: 'added' },
  }
  const failed: ImportEvent = {
    ...{ seq: 8, atMs: 1_500, importId: id, from: 'downloading', to: 'failed' },
    reason: { code: 'failed', error: { code: 'STORAGE_IO', message: 'bad disk' } },
  }

  it('prints what happened, in order', async () => {
    service.log = async function* () {
      yield added
      yield failed
    }
    const { code, output } = await cli.run(['events'])
    expect([code, output.stdout.split('\n')]).toEqual([
      0,
      [
        `7  1970-01-01T00:00:00.000Z  ${id}  - > queued  added`,
        `8  1970-01-01T00:00:01.500Z  ${id}  downloading > failed  failed: bad disk [STORAGE_IO]`,
        '',
      ],
    ])
    expect(service.calls).toEqual([['events', { follow: false }]])
  })

  it('names imports as the list does at a terminal, and removed ones by their id', async () => {
    service.log = async function* () {
      yield added
      yield { ...added, importId: torrentId('2') }
    }
    const get = service.get
    service.get = async (asked) => {
      if (asked !== id) throw new ImportError('IMPORT_NOT_FOUND', 'it was removed')
      return await get(asked)
    }
    const { output } = await cli.run(['events'], new CapturedOutput({ isTTY: true }))
    expect(output.stdout.split('\n')).toEqual([
      '7  1970-01-01T00:00:00.000Z  aaaaaaaaaa  album:  - > queued  added',
      `7  1970-01-01T00:00:00.000Z  ${torrentId('2')}  - > queued  added`,
      '',
    ])
  })

  it('says how many are missing', async () => {
    service.log = async function* () {
      yield added
      yield failed
    }
    const { output } = await cli.run(['events', '--after', '3', '--json'])
    expect(output.events).toEqual([{ event: 'lagged', after: 3, firstSeq: 7, missing: 3 }, added, failed])
    expect(service.calls).toEqual([['events', { after: 3, follow: false }]])
  })

  it('says so where there is nothing to print', async () => {
    const { code, output } = await cli.run(['events'])
    expect([code, output.stdout, output.stderr]).toEqual([0, '', 'nothing has happened yet\n'])
    expect((await cli.run(['events', '--after', '7'])).output.stderr).toBe('nothing has happened after 7\n')
    expect((await cli.run(['events', '--json'])).output.stderr).toBe('')
  })

  it('follows until it is stopped', async () => {
    service.log = async function* (signal) {
      yield added
      await once(signal, 'abort')
    }
    const output = new (class extends CapturedOutput {
      override printJson(value: unknown): void {
        super.printJson(value)
        cli.stop.interrupt('SIGINT')
      }
    })()
    const { code } = await cli.run(['events', '--follow', '--json'], output)
    expect([code, output.events, output.stderr]).toEqual([130, [added], ''])
  })

  it('refuses what is no number', async () => {
    expect((await cli.run(['events', '--after', '1.5'])).code).toBe(2)
  })
})
