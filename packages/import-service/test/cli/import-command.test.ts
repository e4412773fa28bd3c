import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FakeTorrent } from '../../src/testing/fake-torrent.js'
import { CapturedOutput } from '../support/captured-output.js'
import { hashV1, layoutOf, pieceLengthBytes } from '../support/records.js'
import { type CliResult, TestCli } from '../support/test-cli.js'

const layout = layoutOf({ 'one.wav': pieceLengthBytes, two: 10 })

let cli: TestCli

beforeEach(async () => {
  cli = await TestCli.create()
  await cli.saveTorrentFile()
})

afterEach(() => cli[Symbol.asyncDispose]())

/** Starts an import and waits until the client has its torrent. */
async function begin(args: readonly string[], output?: CapturedOutput) {
  const adding = cli.client.whenAdded()
  const ending: Promise<CliResult> = cli.run(['import', cli.torrentPath, ...args], output)
  return { ending, torrent: await adding }
}

async function deliver(torrent: FakeTorrent, pieces: readonly number[]): Promise<void> {
  await torrent.deliverMetadata(layout)
  for (const piece of pieces) torrent.deliverPiece(piece)
}

describe('bae import', () => {
  it('dials the peers it is given, names included', async () => {
    const peers = ['--peer', '127.0.0.1:4001', '--peer', '[::1]:4002', '--peer', 'localhost:4003']
    const { ending, torrent } = await begin(peers)
    const dialled = torrent.options.peers ?? []
    expect(dialled.slice(0, 2)).toEqual([
      { host: '127.0.0.1', port: 4001 },
      { host: '::1', port: 4002 },
    ])
    expect(dialled[2]?.host).toMatch(/^(127\.0\.0\.1|::1)$/)
    await deliver(torrent, [0, 1])
    expect((await ending).code).toBe(0)
  })

  it('ends its events with what it completed', async () => {
    const { ending, torrent } = await begin(['--json'])
    await deliver(torrent, [0, 1])
    const { code, output } = await ending
    expect(code).toBe(0)
    expect(output.events[0]).toMatchObject({
      event: 'progress',
      pieces: 0,
      downloadBytesPerSecond: 0,
      peers: 0,
    })
    expect(output.events.at(-1)).toEqual({
      event: 'completed',
      id: torrent.id,
      infoHash: hashV1('a'),
      infoHashV1: hashV1('a'),
      infoHashV2: null,
      name: 'album',
      bytes: pieceLengthBytes + 10,
      pieces: 2,
      files: [
        { path: 'one.wav', bytes: pieceLengthBytes },
        { path: 'two', bytes: 10 },
      ],
      seconds: expect.any(Number),
    })
    expect(output.stderr).toBe('')
  })

  it('of some files says how many, and list, show, export and cat speak of these', async () => {
    const { ending, torrent } = await begin(['--select', 'two', '--json'])
    await deliver(torrent, [1])
    const { output } = await ending
    expect(output.events.at(-1)).toMatchObject({ bytes: 10, pieces: 1, files: [{ path: 'two', bytes: 10 }] })
    const said = async (...argv: string[]) => (await cli.run(argv)).output
    expect((await said('import', cli.torrentPath, '--select', 'two')).stdout).toMatch(
      /^album is in the library already: 1 of 2 files, 10 bytes; nothing was fetched\n/,
    )
    expect((await said('list')).stdout).toMatch(/completed +100% +10 bytes +album\n$/)
    const shown = (await said('show', 'aaaa')).stdout
    expect(shown).toMatch(/\n {2}selected {6}1 of 2 files, 10 bytes of 16\.0 KiB\n/)
    expect(shown).toMatch(/16\.0 KiB {2}one\.wav {2}\(not selected\)\n.*10 bytes {2}two\n$/)
    expect((await said('cat', 'aaaa', 'one.wav')).stderr).toMatch(/not selected.*\[IMPORT_INCOMPLETE\]\n$/)
    cli.library.contents = () => [new Uint8Array(10)]
    expect((await said('export', 'aaaa', cli.folder.path)).stdout).toMatch(
      /^exported 1 file, 10 bytes, to .*album; 1 file not selected\n$/,
    )
  })

  it('tells commands that can be typed as they are, for the library that it was given', async () => {
    cli.commandName = './bae'
    const library = join(cli.folder.path, 'my library')
    const { ending, torrent } = await begin(['--library', library])
    await deliver(torrent, [0, 1])
    const lines = (await ending).output.stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^imported album: 2 files, 16\.0 KiB/)
    expect(lines.slice(-2)).toEqual([
      `  next       ./bae show aaaaaaaaaa --library '${library}'`,
      `             ./bae export aaaaaaaaaa DIR --library '${library}'`,
    ])
  })

  it('of what is there already is done at once', async () => {
    const { ending, torrent } = await begin([])
    await deliver(torrent, [0, 1])
    await ending
    const again = await cli.run(['import', cli.torrentPath])
    expect(again.output.stdout).toMatch(
      /^album is in the library already: 2 files, 16\.0 KiB; nothing was fetched\n/,
    )
    expect(cli.client.added).toHaveLength(1)
  })

  it('stopped by Ctrl-C exits 130 and says how to go on', async () => {
    const { ending, torrent } = await begin([])
    await deliver(torrent, [0])
    cli.stop.interrupt('SIGINT')
    const { code, output } = await ending
    expect(code).toBe(130)
    expect(output.stdout).toBe('')
    expect(output.stderr).toMatch(
      /1 of 2 pieces are stored, and the same command goes on from there \[IMPORT_INTERRUPTED\]\n$/,
    )
  })

  it('stopped by SIGTERM exits 143, with an event for scripts', async () => {
    const { ending } = await begin(['--json'])
    cli.stop.interrupt('SIGTERM')
    const { code, output } = await ending
    expect(code).toBe(143)
    expect(output.events.at(-1)).toMatchObject({
      event: 'error',
      code: 'IMPORT_INTERRUPTED',
      message: expect.stringMatching(/nothing stays/),
    })
  })

  it('whose time is over exits 1 and leaves nothing when nothing was stored', async () => {
    const { ending } = await begin(['--json'])
    cli.stop.stopAfter(0, 5)
    const { code, output } = await ending
    expect(code).toBe(1)
    const expected = {
      event: 'error',
      code: 'IMPORT_TIMEOUT',
      message: expect.stringMatching(
        /^not done within 5 s; .*nothing stays; no piece came: --peer HOST:PORT names a peer$/,
      ),
    }
    expect(output.events.at(-1)).toMatchObject(expected)
    expect(await cli.imports.listImports()).toEqual([])
  })

  it('counts --timeout from the start of the process', async () => {
    const { code, output } = await cli.run(['import', cli.torrentPath, '--timeout', '0.001', '--json'])
    expect(code).toBe(1)
    expect(output.events.at(-1)).toMatchObject({ event: 'error', code: 'IMPORT_TIMEOUT' })
  })

  it('of a source that is not there makes no library', async () => {
    const { code, output } = await cli.run(['import', `${cli.torrentPath}.gone`, '--json'])
    expect(code).toBe(1)
    expect(output.events).toEqual([
      {
        event: 'error',
        code: 'IMPORT_SOURCE_NOT_FOUND',
        message: expect.any(String),
        nextStep: expect.stringMatching(/check the path/),
      },
    ])
  })

  it('draws its progress over itself on a terminal and leaves a clean line', async () => {
    const output = new CapturedOutput({ isTTY: true })
    const { ending, torrent } = await begin([], output)
    await deliver(torrent, [0, 1])
    await ending
    const eraseLine = '\r\u001b[2K'
    // Making the database of a new library takes a while.
    expect(output.stderr.startsWith(`${eraseLine}opening the library...${eraseLine}`)).toBe(true)
    expect(output.stderr.endsWith(eraseLine)).toBe(true)
    expect(output.stderr).not.toContain('\n')
    expect(output.stdout).toMatch(/^imported album: 2 files, 16\.0 KiB/)
  })

  it('draws how far an export is, and leaves a clean line', async () => {
    const { ending, torrent } = await begin([])
    await deliver(torrent, [0, 1])
    await ending
    let goOn = (): void => undefined
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    cli.library.contents = async function* (fileIndex) {
      yield new Uint8Array([16_384, 10][fileIndex] ?? 0)
      if (fileIndex === 1) await held
    }
    const output = new CapturedOutput({ isTTY: true })
    const exporting = cli.run(['export', 'aaaa', cli.folder.path], output)
    while (!output.stderr.includes('100%')) await new Promise((resolve) => setImmediate(resolve))
    expect(output.stderr).toMatch(/#+ {2}100% {2}16\.0 KiB of 16\.0 KiB$/)
    goOn()
    await exporting
    expect(output.stderr.endsWith('\r\u001b[2K')).toBe(true)
  })

  it('shows neither colours nor moving lines in a pipe', async () => {
    const { ending, torrent } = await begin([])
    await deliver(torrent, [0, 1])
    const { output } = await ending
    expect(output.stdout + output.stderr).not.toContain('\u001b')
  })
})
