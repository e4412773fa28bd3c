import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ControlServer } from '../../src/control/control-server.js'
import type { FakeTorrent } from '../../src/testing/fake-torrent.js'
import { CapturedOutput } from '../support/captured-output.js'
import { FakeService } from '../support/fake-service.js'
import { type CliResult, TestCli } from '../support/test-cli.js'

let cli: TestCli
let directory: string

beforeEach(async () => {
  cli = await TestCli.create()
  directory = String(cli.environment.BAE_LIBRARY)
  await mkdir(directory)
  await cli.saveTorrentFile()
})

afterEach(() => cli[Symbol.asyncDispose]())

/** `bae serve` on the fakes below a service, from when it says that it is ready. */
async function serve() {
  const ready = new EventTarget()
  const output = new (class extends CapturedOutput {
    override printJson(value: unknown): void {
      super.printJson(value)
      ready.dispatchEvent(new Event('printed'))
    }
  })()
  const printed = once(ready, 'printed')
  const ending: Promise<CliResult> = cli.run(['serve', '--json'], output)
  const { stop } = cli
  await Promise.race([printed, ending])
  return { ending, stop, output }
}

async function deliverAll(torrent: FakeTorrent): Promise<void> {
  await torrent.deliverMetadata(cli.layout)
  for (const piece of [0, 1]) torrent.deliverPiece(piece)
}

describe('bae serve', () => {
  it('imports what other commands hand over, until it is stopped', async () => {
    const { ending, stop, output } = await serve()
    expect(output.events).toEqual([{ event: 'ready', library: directory }])
    const adding = cli.client.whenAdded()
    const importing = cli.run(['import', cli.torrentPath, '--json'])
    await deliverAll(await adding)
    const imported = await importing
    expect(imported.code).toBe(0)
    expect(imported.output.events.at(-1)).toMatchObject({ event: 'completed', name: 'album', pieces: 2 })
    expect((await cli.run(['watch', 'aaaa'])).output.stdout).toBe('aaaaaaaaaa  album: completed, 100%\n')
    const events = (await cli.run(['events', '--json'])).output.events
    expect(events.map(({ to }) => to)).toEqual(['queued', 'downloading', 'completed'])
    expect((await cli.run(['remove', 'aaaa'])).output.stdout).toBe('removed album, 16.0 KiB\n')
    stop.interrupt('SIGTERM')
    const { code, output: said } = await ending
    expect([code, said.events.at(-1)]).toEqual([0, { event: 'stopped' }])
    expect(await readdir(directory)).toEqual([])
    expect(cli.client.isClosed).toBe(true)
  })

  it('reads its settings again at SIGHUP, and goes on', async () => {
    cli.variables = { BAE_LOG_LEVEL: 'info' }
    const { ending, stop, output } = await serve()
    cli.variables = { BAE_LOG_LEVEL: 'info', BAE_UPLOAD_RATE: '1 MiB/s' }
    stop.interrupt('SIGHUP')
    // One reload after the other: the second hears what the first has left.
    expect((await cli.run(['reload'])).output.stdout).toBe('no setting has changed\n')
    expect(output.stderr).toContain('"key":"uploadRate"')
    stop.interrupt('SIGTERM')
    expect((await ending).code).toBe(0)
  })

  it('refuses a library that another service has, and opens nothing', async () => {
    const service = new FakeService()
    await using _ = await ControlServer.open(
      service.deps(() => cli.layout),
      directory,
    )
    const { code, output } = await cli.run(['serve'])
    expect([code, cli.client.isClosed]).toEqual([1, false])
    expect(output.stderr).toMatch(/a service runs on .* already; 'bae watch' shows what it does/)
  })
})
