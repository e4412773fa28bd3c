import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ControlServer } from '../../src/control/control-server.js'
import { describeImport } from '../../src/import-snapshot.js'
import { FakeService } from '../support/fake-service.js'
import { importRecord, torrentId } from '../support/records.js'
import { TestCli } from '../support/test-cli.js'

let cli: TestCli
let service: FakeService
let directory: string

beforeEach(async () => {
  cli = await TestCli.create()
  service = new FakeService()
  directory = join(cli.folder.path, 'library')
  await mkdir(directory)
})

afterEach(() => cli[Symbol.asyncDispose]())

async function serve(): Promise<ControlServer> {
  return await ControlServer.open(
    service.deps(() => cli.layout),
    directory,
  )
}

/** What may use the socket of a service may not open its database. */
describe('beside a service, which is asked instead of the database,', () => {
  const imports = ['1', '2'].map((digit) =>
    describeImport(
      importRecord({ id: torrentId(digit), name: `album ${digit}`, state: 'queued' }),
      undefined,
    ),
  )

  it('list shows all imports', async () => {
    await using _ = await serve()
    service.imports = imports
    const { code, output } = await cli.run(['list'])
    expect([code, output.stderr, cli.loads]).toEqual([0, '', 0])
    expect(output.stdout).toMatch(/^ID .*\n.*queued.*album 1\n.*queued.*album 2\n$/)
    expect((await cli.run(['list', '--json'])).output.events).toEqual([imports])
  })

  it('list of no imports says so', async () => {
    await using _ = await serve()
    expect((await cli.run(['list'])).output.stderr).toMatch(/is empty/)
    expect((await cli.run(['list', '--json'])).output.events).toEqual([[]])
  })

  it('show shows one', async () => {
    await using _ = await serve()
    const { code, output } = await cli.run(['show', 'abc', '--json'])
    expect([code, output.events, cli.loads]).toEqual([0, [await service.get('abc')], 0])
    expect(service.calls[0]).toEqual(['get', 'abc'])
  })
})

it('a service that does not answer is left aside by what only reads', async () => {
  const hangingUp = createServer((socket) => socket.destroy())
  hangingUp.listen(join(directory, 'control.sock'))
  await once(hangingUp, 'listening')
  try {
    const { code, output } = await cli.run(['list', '--json'])
    expect([code, output.stdout]).toEqual([0, '[]\n'])
  } finally {
    hangingUp.close()
  }
})
