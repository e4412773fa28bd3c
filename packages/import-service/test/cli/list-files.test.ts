import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ControlServer } from '../../src/control/control-server.js'
import { CapturedOutput } from '../support/captured-output.js'
import { FakeService } from '../support/fake-service.js'
import { hashV1, layoutOf, pieceLengthBytes } from '../support/records.js'
import { TestCli } from '../support/test-cli.js'

let cli: TestCli

beforeEach(async () => {
  cli = await TestCli.create()
  await cli.saveTorrentFile()
})

afterEach(() => cli[Symbol.asyncDispose]())

describe('bae import --list', () => {
  it.each(['torrent', 'magnet'])('shows what would be imported (%s), and imports nothing', async (kind) => {
    const source = kind === 'torrent' ? cli.torrentPath : `magnet:?xt=urn:btih:${hashV1('a')}`
    const all = await cli.run(['import', source, '--list'], new CapturedOutput({ isTTY: true }))
    expect(all.output.stderr).toBe('\r\u001b[2Kasking for the list of files...\r\u001b[2K')
    expect([all.code, all.output.stdout]).toEqual([
      0,
      'album: 2 files, 16.0 KiB\n      16.0 KiB  one.wav\n      10 bytes  two\n',
    ])
    const some = await cli.run(['import', source, '--list', '--select', 'two'])
    expect(some.output.stdout).toBe('album: 1 of 2 files, 10 bytes\n      10 bytes  two\n')
    const json = await cli.run(['import', source, '--list', '--select', 'two', '--json'])
    expect(json.output.events).toEqual([
      {
        event: 'listed',
        infoHash: hashV1('a'),
        infoHashV1: hashV1('a'),
        infoHashV2: null,
        name: 'album',
        bytes: 10,
        files: [
          { path: 'one.wav', bytes: pieceLengthBytes, selected: false },
          { path: 'two', bytes: 10, selected: true },
        ],
      },
    ])
    const none = await cli.run(['import', source, '--list', '--select', 'three', '--json'])
    expect([none.code, none.output.events]).toMatchObject([
      1,
      [{ event: 'error', code: 'IMPORT_FILE_NOT_FOUND' }],
    ])
    expect([cli.client.added, await cli.imports.listImports()]).toEqual([[], []])
  })

  it('asks nobody about a torrent that the library has', async () => {
    const adding = cli.client.whenAdded()
    const ending = cli.run(['import', cli.torrentPath])
    const torrent = await adding
    await torrent.deliverMetadata(cli.layout)
    for (const piece of [0, 1]) torrent.deliverPiece(piece)
    await ending
    // What peers would say.
    cli.layout = layoutOf({ other: 1 })
    const list = ['import', `magnet:?xt=urn:btih:${hashV1('a')}&so=1`, '--list']
    expect((await cli.run(list)).output.stdout).toBe('album: 1 of 2 files, 10 bytes\n      10 bytes  two\n')
    const none = await cli.run([...list, '--select', 'three'])
    expect([none.code, none.output.stderr]).toEqual([1, expect.stringMatching(/IMPORT_FILE_NOT_FOUND/)])
    expect(cli.client.added).toHaveLength(1)
    const unknown = await cli.run(['import', `magnet:?xt=urn:btih:${hashV1('b')}`, '--list'])
    expect(unknown.output.stdout).toMatch(/other/)
  })

  it('asks the service that runs', async () => {
    const service = new FakeService()
    const directory = join(cli.folder.path, 'library')
    await mkdir(directory)
    await using _server = await ControlServer.open(
      service.deps(() => cli.layout),
      directory,
    )
    const infoHash = hashV1('a')
    service.known = {
      ...{ infoHash, infoHashV1: infoHash, infoHashV2: null, name: 'known', bytes: 5 },
      files: [{ path: 'two', bytes: 5, selected: true }],
    }
    const { output } = await cli.run([
      'import',
      `magnet:?xt=urn:btih:${infoHash}`,
      '--list',
      '--select',
      'two',
    ])
    expect(output.stdout).toBe('known: 1 file, 5 bytes\n       5 bytes  two\n')
    expect(service.calls).toMatchObject([['knownFiles', { infoHashV1: infoHash }, ['two']]])
  })
})
