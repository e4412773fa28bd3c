import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatScreen, formatWatchedLine } from '../../src/cli/format-watched.js'
import { textWidth } from '../../src/cli/text-width.js'
import { isSettled, type WatchedImport, WatchedImports } from '../../src/cli/watched-imports.js'
import { ImportError } from '../../src/errors.js'
import { CapturedOutput } from '../support/captured-output.js'
import { FakeService, progressOf } from '../support/fake-service.js'
import { torrentId } from '../support/records.js'
import { ServedCli } from '../support/served-cli.js'
import type { TestCli } from '../support/test-cli.js'

const watched: WatchedImport = {
  id: torrentId('1'),
  shortId: 'aaaaaaaaaa',
  name: 'album',
  state: 'downloading',
  pieces: 1,
  totalPieces: 4,
  bytes: 1024 * 1024,
  totalBytes: 4 * 1024 * 1024,
  downloadBytesPerSecond: 512 * 1024,
  uploadBytesPerSecond: 0,
  peers: 3,
  pause: null,
  retryAtMs: null,
  error: null,
}

describe('the screen of bae watch', () => {
  it('has a row for each import, within the columns that there are', () => {
    const long = { ...watched, name: '日本語'.repeat(20), downloadBytesPerSecond: 1023 * 1024, peers: 12_345 }
    const slow = { ...watched, downloadBytesPerSecond: 1, totalBytes: 10 ** 12, state: 'fetchingMetadata' }
    for (const columns of [20, 40, 80, 81, 200]) {
      const lines = formatScreen([watched, long, slow], { columns, rows: 24 })
      expect(lines).toHaveLength(5)
      for (const line of lines) expect(textWidth(line)).toBeLessThan(columns)
    }
    expect(formatScreen([watched], { columns: 80, rows: 24 })).toEqual([
      '1 import, 1 with peers, 512 KiB/s',
      'ID         STATE       DONE      SPEED PEERS   LEFT NAME',
      'aaaaaaaaaa downloading  25%  512 KiB/s     3     6s album',
    ])
    const [, , row] = formatScreen([{ ...watched, name: 'x'.repeat(80) }], { columns: 80, rows: 24 })
    expect(row).toMatch(/ x{24}\.\.\.$/)
  })

  it('is no longer than the window, and says what is not shown', () => {
    const many = Array.from({ length: 100 }, () => watched)
    const lines = formatScreen(many, { columns: 80, rows: 10 })
    expect(lines).toHaveLength(10)
    expect(lines.at(-1)).toBe('... and 93 more')
    expect(formatScreen(many.slice(0, 8), { columns: 80, rows: 10 })).toHaveLength(10)
  })

  it('shows what happens first, and seeds last', () => {
    const states = ['seeding', 'completed', 'downloading', 'seeding', 'choosingFiles', 'verifying']
    const lines = formatScreen(
      states.map((state) => ({ ...watched, state })),
      { columns: 80, rows: 7 },
    )
    const shown = ['downloading', 'verifying', 'completed', 'choosing']
    expect(lines.slice(2, -1).map((line) => line.split(/ +/)[1])).toEqual(shown)
    expect(lines.at(-1)).toBe('... and 2 more')
  })

  it('shows what is given of a seed', () => {
    const seed = { ...watched, state: 'seeding', downloadBytesPerSecond: 0, uploadBytesPerSecond: 2 ** 20 }
    const fetched = { ...watched, uploadBytesPerSecond: 2 ** 20 }
    const [totals, , first, second] = formatScreen([seed, fetched], { columns: 80, rows: 24 })
    expect(totals).toBe('2 imports, 2 with peers, 512 KiB/s, giving 2.00 MiB/s')
    expect(first).toBe('aaaaaaaaaa downloading  25%  512 KiB/s     3     6s album')
    expect(second).toBe('aaaaaaaaaa seeding      25% 1.00 MiB/s     3      - album')
  })

  it('counts what does not run yet', () => {
    const screen = (imports: readonly WatchedImport[], waiting: number) =>
      formatScreen(imports, { columns: 80, rows: 24 }, waiting)[0]
    expect(screen([watched], 23)).toBe('1 import, 1 with peers, 512 KiB/s; 23 more to come')
    expect(screen([], 1)).toBe('0 imports, 0 with peers, 0 B/s; 1 more to come')
  })

  it('says so when there is nothing', () => {
    expect(formatScreen([], { columns: 80, rows: 24 })[0]).toMatch(/^nothing runs at the moment/)
  })

  it('shows names of others without what moves a cursor', () => {
    expect(formatScreen([{ ...watched, name: '\u001b[2Jx' }], { columns: 80, rows: 24 })[2]).toMatch(
      /\?\[2Jx$/,
    )
  })
})

describe('the line of bae watch', () => {
  it('names everything', () => {
    expect(formatWatchedLine(watched)).toBe(
      'aaaaaaaaaa  album: downloading, 25%, 512 KiB/s, 3 peers, 6.0 s left',
    )
    const failed = {
      state: 'failed',
      downloadBytesPerSecond: 0,
      error: { code: 'STORAGE_IO', message: 'bad' },
    }
    expect(formatWatchedLine({ ...watched, ...failed })).toBe(
      'aaaaaaaaaa  album: failed, 25%, bad [STORAGE_IO]',
    )
  })
})

describe('what is watched', () => {
  it('is said to be paused by itself where no user paused it', () => {
    const words = (change: Partial<WatchedImport>) =>
      formatScreen([{ ...watched, ...change }], { columns: 80, rows: 24 })[2]
        ?.slice(11, 22)
        .trim()
    expect(words({ state: 'paused', pause: 'user' })).toBe('paused')
    expect(words({ state: 'paused', pause: 'noSpace' })).toBe('no space')
    expect(words({ state: 'paused', pause: 'databaseAway' })).toBe('no database')
  })

  it('is counted now and then where it waits', async () => {
    const { signal } = new AbortController()
    const service = new FakeService()
    const imports = new WatchedImports({
      running: async () => [],
      waiting: service.waiting,
      get: service.get,
    })
    service.queued = 3
    await imports.look(signal)
    expect(imports.waiting).toBe(3)
    service.queued = 2
    for (let looks = 0; looks < 10; looks += 1) await imports.look(signal)
    expect(imports.waiting).toBe(2)
  })

  it('has no rate but while it downloads', async () => {
    const { signal } = new AbortController()
    const service = new FakeService()
    const imports = new WatchedImports({
      running: async () => service.running(),
      waiting: service.waiting,
      get: service.get,
    })
    service.progress = [progressOf({ state: 'seeding', downloadBytesPerSecond: 50_000, peers: 0 })]
    const [seeding] = await imports.look(signal)
    expect(seeding && formatWatchedLine(seeding)).toBe('aaaaaaaaaa  album: seeding, 25%')
    service.progress = [progressOf({ downloadBytesPerSecond: 50_000, peers: 0 })]
    const [alone] = await imports.look(signal)
    expect(alone && formatWatchedLine(alone)).toBe('aaaaaaaaaa  album: downloading, 25%')
  })

  it('is what runs, and then how it ended', async () => {
    const { signal } = new AbortController()
    const service = new FakeService()
    const imports = new WatchedImports({
      running: async () => service.running(),
      waiting: service.waiting,
      get: service.get,
    })
    service.progress = [progressOf()]
    expect(await imports.look(signal)).toEqual([expect.objectContaining({ shortId: 'aaaaaaaaaa', peers: 2 })])
    service.progress = [progressOf({ id: torrentId('2') })]
    service.snapshot = { state: 'completed' }
    expect((await imports.look(signal)).map(({ id, state }) => [id, state])).toEqual([
      [torrentId('2'), 'downloading'],
      [torrentId('1'), 'completed'],
    ])
    service.progress = [progressOf()]
    // One that goes on is not shown twice.
    expect((await imports.look(signal)).map(({ state }) => state)).toEqual(['downloading', 'completed'])
  })

  it('may be removed meanwhile', async () => {
    const { signal } = new AbortController()
    const service = new FakeService()
    const imports = new WatchedImports({
      running: async () => service.running(),
      waiting: service.waiting,
      get: service.get,
    })
    service.progress = [progressOf()]
    const [{ id = '' } = {}] = await imports.look(signal)
    service.progress = []
    service.failure = new ImportError('IMPORT_NOT_FOUND', 'no such import')
    const gone = [expect.objectContaining({ id, shortId: 'aaaaaaaaaa', state: 'removed', peers: 0 })]
    expect(await imports.look(signal)).toEqual(gone)
    const [named] = await new WatchedImports({
      running: async () => [],
      waiting: service.waiting,
      get: service.get,
    }).lookAt([id], signal)
    expect(named && isSettled(named)).toBe(true)
  })
})

describe('bae watch', () => {
  let served: ServedCli
  let cli: TestCli
  let service: FakeService

  beforeEach(async () => {
    served = await ServedCli.create()
    ;({ cli, service } = served)
  })

  afterEach(() => served[Symbol.asyncDispose]())

  it('of an ID ends with it, with 0 where it is complete and 1 where it is not', async () => {
    service.snapshot = { state: 'completed', pieces: 4, totalPieces: 4 }
    const { code, output } = await cli.run(['watch', 'abc', 'def'])
    expect([code, output.stdout]).toEqual([0, 'aaaaaaaaaa  album: completed, 100%\n'])
    service.snapshot = { state: 'failed', error: { code: 'STORAGE_IO', message: 'bad disk' } }
    expect((await cli.run(['watch', 'abc'])).code).toBe(1)
  })

  it('of an ID ends with 1 where it waits for a choice of files', async () => {
    service.snapshot = { state: 'choosingFiles' }
    expect((await cli.run(['watch', 'abc'])).code).toBe(1)
  })

  it('goes on until it is stopped, and tells each change once', async () => {
    service.progress = [progressOf()]
    let looks = 0
    service.running = () => {
      looks += 1
      if (looks === 2) service.progress = [progressOf({ pieces: 2 })]
      if (looks === 4) cli.stop.interrupt('SIGINT')
      return service.progress
    }
    const { code, output } = await cli.run(['watch', '--json'])
    expect(code).toBe(130)
    expect(output.events.map(({ event, pieces }) => [event, pieces])).toEqual([
      ['progress', 1],
      ['progress', 2],
    ])
  })

  it('draws on a page of its own, and leaves what it saw last behind', async () => {
    service.progress = [progressOf()]
    const output = new (class extends CapturedOutput {
      override drawScreen(lines: readonly string[]): void {
        super.drawScreen(lines)
        cli.stop.interrupt('SIGINT')
      }
    })({ isTTY: true })
    expect((await cli.run(['watch'], output)).code).toBe(130)
    const [before, drawn, after] = output.stdout.replaceAll('\u001b', '^').split(/\^\[\?1049[hl]/)
    expect(before).toBe('')
    expect(drawn).toMatch(/^\^\[\?25l\^\[H1 import.*album\^\[K\^\[J\^\[\?25h$/s)
    expect(after).toMatch(/^1 import, .*\nID .*\naaaaaaaaaa .*album\n$/)
  })
})
