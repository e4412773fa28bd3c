import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ControlServer } from '../../src/control/control-server.js'
import type { ImportSnapshot } from '../../src/import-snapshot.js'
import { busy, type FakeService, progressOf } from '../support/fake-service.js'
import { hashV1, importRecord, torrentId } from '../support/records.js'
import { ServedCli } from '../support/served-cli.js'
import type { TestCli } from '../support/test-cli.js'

let served: ServedCli
let cli: TestCli
let service: FakeService
let server: ControlServer

beforeEach(async () => {
  served = await ServedCli.create()
  ;({ cli, service, server } = served)
})

afterEach(() => served[Symbol.asyncDispose]())

const id = torrentId('1')
const done: Partial<ImportSnapshot> = {
  state: 'completed',
  bytes: 400,
  seconds: 2,
  pieces: 4,
  totalPieces: 4,
}

describe('bae add beside a service', () => {
  it('hands over what was asked for and returns with the id', async () => {
    const { code, output } = await cli.run([
      ...['add', cli.torrentPath, '--peer', '127.0.0.1:6881', '--select', '*.wav'],
      ...['--seed', '--choose', '--paused', '--json'],
    ])
    expect([code, output.stderr]).toEqual([0, ''])
    expect(output.events).toEqual([
      expect.objectContaining({ event: 'added', id, infoHash: hashV1('a'), name: 'album', isServed: true }),
    ])
    expect(service.submitted[0]?.options).toEqual({
      peers: [{ host: '127.0.0.1', port: 6881 }],
      select: ['*.wav'],
      seed: true,
      choose: true,
      paused: true,
    })
  })

  it('hands several over, and none where one of them cannot be read', async () => {
    const magnet = `magnet:?xt=urn:btih:${hashV1('b')}`
    const { code, output } = await cli.run(['add', cli.torrentPath, magnet, '--json'])
    expect([code, output.events.map(({ event }) => event)]).toEqual([0, ['added', 'added']])
    expect(service.submitted.map(({ source }) => source.infoHashV1)).toEqual([hashV1('a'), hashV1('b')])
    const wrong = await cli.run(['add', cli.torrentPath, '/nowhere/b.torrent'])
    expect(wrong.output.stderr).toMatch(/\/nowhere\/b\.torrent.*\[IMPORT_SOURCE_NOT_FOUND\]/)
    expect([wrong.code, wrong.output.stdout, service.submitted.length]).toEqual([1, '', 2])
  })

  it('says whether it is new, where it stands, and what to do next', async () => {
    const added = async (change: Partial<ImportSnapshot>) => {
      service.snapshot = { addedAtMs: Date.now() + 60_000, ...change }
      return (await cli.run(['add', cli.torrentPath])).output.stdout.split('\n')
    }
    expect(await added({ state: 'queued' })).toEqual([
      'added album',
      expect.stringContaining('  id '),
      expect.stringContaining('  info hash '),
      '  state      queued',
      '  next       bae watch aaaaaaaaaa',
      '',
    ])
    expect((await added({ state: 'downloading', addedAtMs: 1 }))[0]).toBe('album was added before')
    expect(await added({ state: 'paused', pause: 'user' })).toContain('  next       bae resume aaaaaaaaaa')
    expect((await added({ state: 'choosingFiles' }))[4]).toBe(
      "  next       bae select aaaaaaaaaa GLOB; 'bae show aaaaaaaaaa' shows the files",
    )
    const done = await added({ state: 'seeding', addedAtMs: 1 })
    expect([done[0], done[3], done[4]]).toEqual([
      'album is in the library already',
      '  state      seeding',
      '',
    ])
  })
})

describe('bae import beside a service', () => {
  it('hands over, follows, and ends as without one', async () => {
    service.items = async function* () {
      yield progressOf({ pieces: 1 })
      service.snapshot = done
      yield progressOf({ pieces: 4, state: 'completed' })
    }
    const { code, output } = await cli.run(['import', cli.torrentPath, '--select', 'two'])
    expect([code, output.stderr]).toEqual([0, ''])
    expect(output.stdout).toMatch(/^imported album: 0 files, 400 bytes in 2\.0 s \(200 B\/s\)\n/)
    expect(service.submitted[0]?.options).toMatchObject({ select: ['two'], seed: false, choose: false })
    expect(service.calls).toEqual([['submit'], ['follow', id], ['get', id]])
  })

  it('prints the same events for scripts', async () => {
    service.items = async function* () {
      yield progressOf({ pieces: 1 })
      service.snapshot = done
    }
    const { output } = await cli.run(['import', cli.torrentPath, '--json'])
    expect(output.events[0]).toEqual({
      ...{ event: 'progress', id, state: 'downloading', pieces: 1, totalPieces: 4 },
      ...{ bytes: 100, totalBytes: 400, downloadBytesPerSecond: 10, peers: 2 },
    })
    expect(output.events.at(-1)).toMatchObject({ event: 'completed', id, bytes: 400, seconds: 2 })
  })

  it('is over at once where everything is there', async () => {
    service.snapshot = done
    const { code, output } = await cli.run(['import', cli.torrentPath])
    expect(code).toBe(0)
    expect(output.stdout).toMatch(/^album is in the library already/)
    expect(service.calls).toEqual([['submit']])
  })

  it('without a choice asks for the files that were not chosen before', async () => {
    const selected = { files: 1, pieces: 1, totalPieces: 1, bytes: 1, totalBytes: 1 }
    service.snapshot = { ...done, selected }
    expect((await cli.run(['import', cli.torrentPath])).code).toBe(0)
    expect(service.calls).toEqual([['submit'], ['select', id, ['*']]])
    await cli.run(['import', cli.torrentPath, '--select', 'one.wav'])
    expect(service.calls.slice(2)).toEqual([['submit']])
  })

  it('fails with the code of the failure in the service', async () => {
    service.items = async function* () {
      yield progressOf()
      service.snapshot = { state: 'failed', error: { code: 'STORAGE_NO_SPACE', message: 'no room' } }
    }
    const { code, output } = await cli.run(['import', cli.torrentPath, '--json'])
    expect(code).toBe(1)
    expect(output.events.at(-1)).toMatchObject({
      event: 'error',
      code: 'STORAGE_NO_SPACE',
      message: 'no room',
    })
  })

  it('fails when somebody else pauses it', async () => {
    service.items = async function* () {
      yield progressOf()
      service.snapshot = { state: 'paused' }
    }
    const { code, output } = await cli.run(['import', cli.torrentPath])
    expect([code, output.stderr]).toEqual([1, expect.stringMatching(/album is paused.*IMPORT_INTERRUPTED/)])
  })

  it('fails where nobody says which files are wanted, and takes all without a choice', async () => {
    service.items = async function* () {
      service.snapshot = { state: 'choosingFiles' }
      yield progressOf({ state: 'choosingFiles' })
    }
    const { code, output } = await cli.run(['import', cli.torrentPath, '--select', 'no*'])
    expect([code, output.stderr]).toEqual([
      1,
      expect.stringMatching(/waits for a choice.*'bae select aaaaaaaaaa GLOB'.*INTERRUPTED/),
    ])
    service.calls.length = 0
    await cli.run(['import', cli.torrentPath])
    expect(service.calls.slice(0, 2)).toEqual([['submit'], ['select', id, ['*']]])
  })

  it('leaves it to the service when it is stopped, and says so', async () => {
    let left: Promise<unknown> | undefined
    service.items = async function* (signal) {
      left = once(signal, 'abort')
      yield progressOf()
      cli.stop.interrupt('SIGINT')
      await left
    }
    const { code, output } = await cli.run(['import', cli.torrentPath])
    expect(code).toBe(130)
    expect(output.stderr).toMatch(
      /stopped by SIGINT; the service goes on with it: 'bae watch aaaaaaaaaa' shows it, 'bae pause aaaaaaaaaa' stops it \[IMPORT_INTERRUPTED\]/,
    )
    await left
  })

  it('fails when the service goes away', async () => {
    service.items = async function* (signal) {
      yield progressOf()
      void server.close()
      await once(signal, 'abort')
    }
    const { code, output } = await cli.run(['import', cli.torrentPath])
    expect([code, output.stderr]).toEqual([
      1,
      expect.stringMatching(/the service was stopped.*IMPORT_SERVICE_UNREACHABLE/),
    ])
  })
})

describe('what is asked of one import', () => {
  it('is not said to be resumed when it is complete', async () => {
    service.snapshot = { state: 'completed' }
    const { output } = await cli.run(['resume', 'abc'])
    expect(output.stdout).toBe('nothing to resume of album: completed\n')
  })

  it.each([
    [['pause', 'abc'], ['pause', 'abc'], /^paused album: downloading\n$/],
    [['resume', 'abc'], ['resume', 'abc'], /^resumed album/],
    [['recheck', 'abc'], ['recheck', 'abc'], /^to be checked again: album/],
    [['cancel', 'abc'], ['cancel', 'abc', { deleteData: false }], /^cancelled album/],
    [['seed', 'abc'], ['seed', 'abc', { on: true }], /^to be seeded: album/],
    [['seed', 'abc', '--off'], ['seed', 'abc', { on: false }], /^no longer to be seeded: album/],
    [
      ['select', 'abc', '--select', 'a', '--select', 'b'],
      ['select', 'abc', ['a', 'b']],
      /^selected files of album/,
    ],
    [
      ['select', 'abc', '*.flac', 'b', '--select', 'c'],
      ['select', 'abc', ['*.flac', 'b', 'c']],
      /^selected files of album/,
    ],
  ])('goes to the service: %j', async (words, call, said) => {
    const { code, output } = await cli.run(words)
    expect([code, output.stderr, cli.loads]).toEqual([0, '', 0])
    expect(service.calls).toEqual([call])
    expect(output.stdout).toMatch(said)
  })

  it('is told as one object for scripts', async () => {
    const { output } = await cli.run(['pause', 'abc', '--json'])
    expect(output.events).toEqual([
      { id, infoHash: hashV1('a'), name: 'album', state: 'downloading', isServed: true },
    ])
  })

  it('says that there is nothing to pause of what is complete', async () => {
    service.snapshot = done
    const { output } = await cli.run(['pause', 'abc'])
    expect(output.stdout).toBe('nothing to pause of album: completed\n')
  })

  it('fails with what the service says', async () => {
    service.failure = busy()
    const { code, output } = await cli.run(['pause', 'abc'])
    expect([code, output.stderr]).toEqual([1, expect.stringMatching(/another process.*IMPORT_BUSY/)])
  })

  it('is waited for no longer by who is stopped', async () => {
    service.kept = () => cli.stop.interrupt('SIGINT')
    const { code, output } = await cli.run(['pause', 'abc'])
    expect([code, output.stderr]).toEqual([130, expect.stringMatching(/stopped by SIGINT.*INTERRUPTED/)])
  })

  it('needs to know which files to select', async () => {
    const { code, output } = await cli.run(['select', 'abc'])
    expect([code, output.stderr]).toEqual([2, expect.stringMatching(/'bae select' needs a GLOB/)])
  })

  it('is given up by the service before it is removed', async () => {
    service.snapshot = done
    const { code, output } = await cli.run(['remove', 'abc'])
    expect([code, output.stdout]).toEqual([0, 'removed album, 400 bytes\n'])
    expect(service.calls).toEqual([
      ['get', 'abc'],
      ['cancel', id, { deleteData: true }],
    ])
  })
})

describe('bae reload', () => {
  it('says what holds now, and what needs a restart', async () => {
    expect((await cli.run(['reload'])).output.stdout).toBe('no setting has changed\n')
    service.report = {
      changed: [{ key: 'uploadRate', from: 'unlimited', to: '1 MiB/s' }],
      needRestart: [{ key: 'capacity', from: 'unlimited', to: '1 GiB' }],
    }
    expect((await cli.run(['reload'])).output.stdout).toBe(
      'changed  uploadRate: unlimited > 1 MiB/s\nrestart  capacity: unlimited > 1 GiB\n',
    )
    expect((await cli.run(['reload', '--json'])).output.events).toEqual([service.report])
  })
})

describe('without a service', () => {
  beforeEach(() => server.close())

  it('there is nothing to watch', async () => {
    const { code, output } = await cli.run(['watch'])
    expect(code).toBe(1)
    expect(output.stderr).toMatch(
      /no service runs on .*; 'bae serve' starts one \[IMPORT_SERVICE_NOT_RUNNING\]/,
    )
  })

  it('nothing has happened to a library that is not there', async () => {
    cli.hasLibrary = false
    const { code, output } = await cli.run(['events'])
    expect([code, output.stdout, output.stderr]).toEqual([0, '', 'nothing has happened yet\n'])
  })

  it('an import is queued, paused and shown by the same commands', async () => {
    const { output } = await cli.run(['add', cli.torrentPath, '--json'])
    expect(output.events).toEqual([
      expect.objectContaining({ event: 'added', name: 'album', state: 'queued', isServed: false }),
    ])
    const paused = await cli.run(['pause', 'aaaa', '--json'])
    expect(paused.output.events).toEqual([expect.objectContaining({ state: 'paused', isServed: false })])
    const resumed = await cli.run(['resume', 'aaaa'])
    expect(resumed.output.stdout).toBe('resumed album: queued\n')
    expect(resumed.output.stderr).toBe("no service runs on this library; 'bae serve' goes on with it\n")
    const { events } = (await cli.run(['events', '--json'])).output
    expect(events.map(({ to }) => to)).toEqual(['queued', 'paused', 'queued'])
  })

  it('the list says who goes on with what is not complete', async () => {
    await cli.run(['add', cli.torrentPath])
    const { output } = await cli.run(['list'])
    expect(output.stderr).toBe("no service runs; 'bae serve' goes on with what no other command imports\n")
    expect((await cli.run(['list', '--json'])).output.stderr).toBe('')
  })

  it('the list says so of what is to be seeded or waits for room, too', async () => {
    await cli.imports.saveImport(importRecord({ state: 'seeding', goal: 'seed' }))
    expect((await cli.run(['list'])).output.stderr).toMatch(/^no service runs; 'bae serve' goes on/)
    await cli.imports.saveImport(importRecord({ state: 'paused', pause: 'noSpace' }))
    expect((await cli.run(['list'])).output.stderr).toMatch(/^no service runs/)
    await cli.imports.saveImport(importRecord({ state: 'paused', pause: 'user' }))
    expect((await cli.run(['list'])).output.stderr).toBe('')
  })

  it('what a dead one left is nobody', async () => {
    await writeFile(join(String(cli.environment.BAE_LIBRARY), 'control.sock'), '/nowhere/s\n')
    const { output } = await cli.run(['watch'])
    expect(output.stderr).toContain('IMPORT_SERVICE_NOT_RUNNING')
  })
})
