import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/commands.js'
import { formatVerified } from '../../src/cli/format-verified.js'
import { textWidth } from '../../src/cli/text-width.js'
import { MemoryImportDatabase } from '../../src/database/memory-import-database.js'
import { CapturedOutput } from '../support/captured-output.js'
import { hashV1, importRecord, layoutOf, pieceLengthBytes, torrentId } from '../support/records.js'
import { TestCli } from '../support/test-cli.js'

const layout = layoutOf({ 'disc/one.wav': pieceLengthBytes, notes: 10 })
const id = torrentId('1')

let cli: TestCli

beforeEach(async () => {
  cli = await TestCli.create()
})

afterEach(() => cli[Symbol.asyncDispose]())

async function saveAlbum(): Promise<void> {
  await cli.imports.saveImport(
    importRecord({ state: 'completed', completedAtMs: 2_000, transferSeconds: 0.5 }),
  )
  cli.library.save(id, layout, [0, 1])
}

describe('help', () => {
  it.each([[[]], [['--help']], [['-h']], [['help']]])(
    '%j lists the commands and loads nothing',
    async (argv) => {
      const { code, output } = await cli.run(argv)
      expect(code).toBe(0)
      for (const { name } of commands) expect(output.stdout).toContain(`bae ${name}`)
      expect(output.stderr).toBe('')
      expect(cli.loads).toBe(0)
    },
  )

  it.each(commands.map(({ name }) => name))('of %s shows its usage and options', async (name) => {
    const { code, output } = await cli.run([name, '--help'])
    expect(code).toBe(0)
    expect(output.stdout).toMatch(new RegExp(`^Usage: bae ${name}`))
    const entry = commands.find((command) => command.name === name)
    for (const option of Object.keys(entry?.options ?? {}))
      expect(output.stdout).toContain(`\n  --${option} `)
    expect((await cli.run(['help', name])).output.stdout).toBe(output.stdout)
    expect(cli.loads).toBe(0)
  })

  it.each([[['--help']], ...commands.map(({ name }) => [[name, '--help']])])(
    '%j fits 80 columns, however the program is called',
    async (argv) => {
      for (const bae of ['bae', './bae', '/home/somebody/source/bae/bae']) {
        cli.commandName = bae
        const { output } = await cli.run(argv)
        expect(output.stdout).toContain(bae)
        for (const line of output.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
      }
    },
  )

  it('has a line for each command', async () => {
    const lines = (await cli.run([])).output.stdout.split('\n')
    for (const { name, summary } of commands) {
      expect(
        lines.filter((line) => line.startsWith(`  bae ${name} `) && line.endsWith(summary)),
      ).toHaveLength(1)
    }
  })

  it('knows the version', async () => {
    expect((await cli.run(['--version'])).output.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('wrong usage', () => {
  it.each([
    ['an unknown command', ['imprt'], /no command 'imprt'; did you mean 'bae import'\?/],
    ['a command nobody could mean', ['frobnicate'], /'bae --help' lists the commands/],
    ['an option before the command', ['--library', 'list'], /'--library' comes before a command/],
    ['an unknown option', ['list', '--jsn'], /no option '--jsn'; did you mean '--json'\?/],
    ['an option of another command', ['list', '--peer', 'x:1'], /'bae list' has no option '--peer'/],
    ['a missing argument', ['export', 'abc'], /'bae export' needs DIR/],
    ['an argument too many', ['show', 'a', 'b'], /takes no 'b'/],
    ['a missing value', ['list', '--library'], /needs a value for --library/],
    ['an empty value', ['list', '--library='], /needs a value for --library/],
    ['a value too many', ['list', '--json=yes'], /takes no value for --json/],
    ['no time', ['import', 'x', '--timeout', 'soon'], /--timeout takes seconds/],
    ['a negative time', ['import', 'x', '--timeout=-1'], /--timeout takes seconds/],
    ['no time at all', ['import', 'x', '--timeout', '0'], /--timeout takes seconds/],
    ['a peer without a port', ['import', 'x', '--peer', '127.0.0.1'], /--peer takes HOST:PORT/],
    [
      'a peer with a port that is none',
      ['import', 'x', '--peer', '127.0.0.1:70000'],
      /--peer takes HOST:PORT/,
    ],
  ])('%s exits 2 with one sentence', async (_, argv, message) => {
    const { code, output } = await cli.run(argv)
    expect(code).toBe(2)
    expect(output.stdout).toBe('')
    expect(output.stderr).toMatch(message)
    expect(output.stderr).toMatch(/^bae: .* \[IMPORT_USAGE\]\n$/)
  })

  it('is one JSON object on stdout for scripts', async () => {
    const { code, output } = await cli.run(['import', '--json', '--timeot', '1'])
    expect(code).toBe(2)
    const message = expect.any(String)
    expect(output.events).toEqual([{ event: 'error', code: 'IMPORT_USAGE', message, nextStep: null }])
    expect(output.stderr).toBe('')
  })
})

describe('an error', () => {
  it('says what to do next, by the name that the user calls the program by', async () => {
    cli.commandName = './bae'
    const missing = await cli.run(['import', join(cli.folder.path, 'nope.torrent')])
    expect(missing.output.stderr).toMatch(/nope\.torrent; check the path.* \[IMPORT_SOURCE_NOT_FOUND\]\n$/)
    const mistyped = await cli.run(['imprt'])
    expect(mistyped.output.stderr).toContain("did you mean './bae import'?")
  })

  it('of an ID that is nearly right names the import that was probably meant', async () => {
    await saveAlbum()
    for (const near of ['aaaaab', `${hashV1('a').slice(0, 39)}b`, 'Album']) {
      const { code, output } = await cli.run(['show', near])
      expect([code, output.stderr]).toEqual([
        1,
        `bae: no import is called '${near}'; did you mean aaaaaaaaaa (album)? [IMPORT_NOT_FOUND]\n`,
      ])
    }
    const { output } = await cli.run(['show', 'ffffffff'])
    expect(output.stderr).toContain("'bae list' shows what is there")
  })
})

describe('list', () => {
  it('of no library is an empty array', async () => {
    cli.hasLibrary = false
    const { code, output } = await cli.run(['list', '--json'])
    expect([code, output.stdout]).toEqual([0, '[]\n'])
  })

  it('prints one array of all of them in one line', async () => {
    await saveAlbum()
    await cli.imports.saveImport(importRecord({ id: torrentId('2'), infoHashV1: hashV1('b') }))
    const [all] = (await cli.run(['list', '--json'])).output.events
    expect(all).toMatchObject([{ infoHash: hashV1('a') }, { infoHash: hashV1('b') }])
  })

  it('prints one array with every key', async () => {
    await saveAlbum()
    const { output } = await cli.run(['list', '--json'])
    expect(output.events).toEqual([
      [
        {
          id,
          infoHash: hashV1('a'),
          infoHashV1: hashV1('a'),
          infoHashV2: null,
          name: 'album',
          state: 'completed',
          goal: 'complete',
          pause: null,
          retry: null,
          pieces: 2,
          totalPieces: 2,
          bytes: pieceLengthBytes + 10,
          totalBytes: pieceLengthBytes + 10,
          selected: null,
          files: [
            { path: 'disc/one.wav', bytes: pieceLengthBytes, selected: true, storedBytes: pieceLengthBytes },
            { path: 'notes', bytes: 10, selected: true, storedBytes: 10 },
          ],
          addedAtMs: 1_000,
          completedAtMs: 2_000,
          seconds: 0.5,
          error: null,
        },
      ],
    ])
    const [shown] = (await cli.run(['show', 'aaa', '--json'])).output.events
    expect([shown]).toEqual(output.events[0])
  })

  it('fits a terminal of 80 columns and shows no control characters', async () => {
    await saveAlbum()
    await cli.imports.saveImport(
      importRecord({ id: torrentId('2'), infoHashV1: hashV1('b'), name: `\u001b[2J${'x'.repeat(200)}` }),
    )
    const { output } = await cli.run(['list'], new CapturedOutput({ isTTY: true }))
    const lines = output.stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
    expect(output.stdout).not.toContain('\u001b')
    expect(lines[1]).toMatch(/^aaaaaaaaaa {2}completed +100% +16\.0 KiB {2}album$/)
  })

  it('says of what no user paused why it stands', async () => {
    const full = { id: torrentId('1'), infoHashV1: hashV1('a'), state: 'paused', pause: 'noSpace' } as const
    await cli.imports.saveImport(importRecord(full))
    expect((await cli.run(['list'])).output.stdout).toMatch(/\naaaaaaaaaa {2}no space +-/)
  })
})

describe('commands about an ID', () => {
  it.each([
    ['show', 'zz'],
    ['verify', 'zz'],
    ['export', 'zz', '/nowhere'],
    ['cat', 'zz', 'x'],
    ['remove', 'zz'],
    ['pin', 'zz'],
    ['unpin', 'zz'],
  ])('%s of an unknown one exits 1', async (...argv) => {
    for (const hasLibrary of [true, false]) {
      cli.hasLibrary = hasLibrary
      const { code, output } = await cli.run(argv)
      expect(code).toBe(1)
      expect(output.stderr).toMatch(/^bae: no import is called 'zz'.* \[IMPORT_NOT_FOUND\]\n$/)
    }
  })

  it('show tells everything in words', async () => {
    await saveAlbum()
    const { output } = await cli.run(['show', 'aaa'])
    expect(output.stdout).toMatch(/^album\n {2}id +0193a7c0-/)
    expect(output.stdout).toMatch(/100%, 2 of 2 pieces/)
    expect(output.stdout).toMatch(/16\.0 KiB {2}disc\/one\.wav/)
  })

  describe('verify', () => {
    const chunk = 'c0ffee'.repeat(11).slice(0, 64)
    const damaged = { fileIndex: 1, pieces: [1], chunk, places: { local: true, remote: false } }

    it('exits 0 when all is right and 1 when a piece is bad', async () => {
      await saveAlbum()
      const good = await cli.run(['verify', id, '--json'])
      const sound = { id, pieces: 2, ok: 2, bad: [], files: [], repair: null }
      expect([good.code, good.output.events]).toEqual([0, [sound]])
      cli.library.damage = [damaged]
      const bad = await cli.run(['verify', id, '--json'])
      const expected = {
        ...sound,
        ok: 1,
        bad: [{ piece: 1, files: ['notes'], chunk }],
        files: [{ path: 'notes', pieces: [1], chunks: [{ key: chunk, local: true, remote: false }] }],
      }
      expect([bad.code, bad.output.events]).toEqual([1, [expected]])
      const told = await cli.run(['verify', id])
      const text = `damaged: 1 of 2 pieces wrong\n  notes\n    piece 1\n    ${chunk} here\n`
      expect([told.code, told.output.stdout]).toEqual([1, text])
    })

    it('--repair exits 0 where all was healed, and 1 where pieces are lost', async () => {
      await saveAlbum()
      cli.library.damage = [damaged]
      cli.library.healableChunks = new Set([chunk])
      const healed = await cli.run(['verify', id, '--repair'])
      expect([healed.code, healed.output.stdout.split('\n').at(-2)]).toEqual([
        0,
        'healed: 1 chunk from another copy',
      ])
      cli.library.healableChunks = new Set()
      cli.library.damage = [damaged]
      const lost = await cli.run(['verify', id, '--repair'])
      expect([lost.code, lost.output.stdout.split('\n').at(-2)]).toEqual([
        1,
        "lost: 1 piece; 'bae import' fetches them again",
      ])
      const again = await cli.run(['show', id, '--json'])
      expect(again.output.events).toMatchObject([{ state: 'queued', pieces: 1, completedAtMs: null }])
    })

    it('without an ID verifies all, and one that fails does not keep it from the others', async () => {
      expect((await cli.run(['verify'])).code).toBe(0)
      await saveAlbum()
      cli.library.isAllSound = false
      cli.library.damage = [damaged]
      expect((await cli.run(['verify'])).code).toBe(1)
      expect(cli.library.isAllSound).toBe(false)
      cli.library.damage = []
      const all = await cli.run(['verify', '--json'])
      expect(cli.library.isAllSound).toBe(true)
      expect([all.code, all.output.events]).toMatchObject([0, [[{ id, pieces: 2, ok: 2 }]]])
      await using claim = await MemoryImportDatabase.join(cli.imports).claim(id)
      expect(claim).toBeDefined()
      const busy = await cli.run(['verify', '--repair', '--json'])
      expect([busy.code, busy.output.events]).toMatchObject([1, [[{ id, error: { code: 'IMPORT_BUSY' } }]]])
      const told = await cli.run(['verify', '--repair'])
      expect(told.output.stdout).toMatch(/^album\n {2}another process .* \[IMPORT_BUSY\]\n$/)
      expect((await cli.run(['verify'])).output.stdout).toBe('album\n  ok: 2 pieces checked, all right\n')
    })

    it('keeps to 80 columns on a terminal, and shows what there is of much damage', async () => {
      const many = Array.from({ length: 30 }, (_, index) => ({
        key: chunk,
        local: false,
        remote: index % 2 === 0,
      }))
      const path = 'very long '.repeat(20)
      const files = Array.from({ length: 25 }, () => ({
        path,
        pieces: [0, 1, 2, 5, 7, 9, 11, 13, 15, 17, 19],
        chunks: many,
      }))
      const report = {
        id,
        pieces: 50,
        ok: 10,
        bad: [],
        files,
        repair: { healedChunks: 3, lostPieces: [1, 2] },
      }
      const lines = formatVerified(report, 80)
      for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(80)
      expect(lines).toContain('    pieces 0-2, 5, 7, 9, 11, 13, 15, 17, ...')
      expect(lines.filter((line) => line.endsWith(' gone'))).toHaveLength(20 * 10)
      expect(lines).toContain('    and 10 chunks more')
      expect(lines).toContain('  and 5 files more')
    })
  })

  it('cat writes the bytes and nothing else', async () => {
    await saveAlbum()
    cli.library.contents = () => [new TextEncoder().encode('first '), new TextEncoder().encode('second')]
    const { code, output } = await cli.run(['cat', id, 'notes'])
    expect([code, output.stdout, output.stderr]).toEqual([0, 'first second', ''])
  })

  it.each([
    ['Notes', 'notes'],
    ['one.wav', 'disc/one.wav'],
    ['disc/onw.wav', 'disc/one.wav'],
  ])('cat of %s asks whether %s was meant', async (path, meant) => {
    await saveAlbum()
    const { code, output } = await cli.run(['cat', id, path])
    expect([code, output.stderr]).toEqual([
      1,
      `bae: the torrent has no file '${path}'; did you mean '${meant}'? [IMPORT_FILE_NOT_FOUND]\n`,
    ])
  })

  it('pin and unpin say of what', async () => {
    await saveAlbum()
    const pinned = await cli.run(['pin', id, '--json'])
    expect(pinned.output.events).toEqual([{ id, infoHash: hashV1('a'), name: 'album', pinned: true }])
    expect([...cli.library.pins]).toEqual([`user ${id}`])
    const unpinned = await cli.run(['unpin', id, '--json'])
    expect(unpinned.output.events).toEqual([{ id, infoHash: hashV1('a'), name: 'album', pinned: false }])
    expect((await cli.run(['pin', id])).output.stdout).toBe('pinned album\n')
    expect((await cli.run(['unpin', id])).output.stdout).toBe('unpinned album\n')
    expect([...cli.library.pins]).toEqual([])
  })

  it('remove says what went', async () => {
    await saveAlbum()
    const { output } = await cli.run(['remove', id, '--json'])
    expect(output.events).toEqual([
      { id, infoHash: hashV1('a'), name: 'album', bytes: pieceLengthBytes + 10 },
    ])
    expect((await cli.run(['list', '--json'])).output.stdout).toBe('[]\n')
  })
})

describe('doctor', () => {
  it('says what was found', async () => {
    const { code, output } = await cli.run(['doctor', '--json'])
    const [report] = output.events as unknown as [{ ok: boolean; items: { name: string; status: string }[] }]
    expect(code).toBe(0)
    expect(report.ok).toBe(true)
    expect(report.items.length).toBeGreaterThan(10)
    const told = await cli.run(['doctor'])
    for (const { name, status } of report.items)
      expect(told.output.stdout).toContain(`${status.padEnd(4)}  ${name} `)
  })
})
