import { readdir, readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { ImportSnapshot } from '@bae/import-service'
import { afterAll, expect, it } from 'vitest'
import { type BaeEvent, isError, isProgress } from '../harness/bae-events.js'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, baeJson, baePath, importTorrent } from '../harness/bae-process.js'
import { poll } from '../harness/bounded-wait.js'
import { ChildProgram } from '../harness/child-program.js'
import { expectError } from '../harness/expect-failure.js'
import { needs } from '../harness/foreign-program.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { mebibyte } from '../harness/sizes.js'
import { pythonScript, systemPython, type TorrentFile } from '../harness/torrent-maker.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const rateBytesPerSecond = 4 * mebibyte

it('SIGTERM stops an import with 143, and the same command goes on', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(32 * mebibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent], { rateBytesPerSecond })
  await using library = await BaeLibrary.create()
  await using importing = new BaeProcess(library, ['import', torrent.path, '--peer', seed.address, '--json'])
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 4)
  importing.signal('SIGTERM')
  expectError(await importing.result(60_000), 143, 'IMPORT_INTERRUPTED')
  await expectClosedWell(library)
  await expectGoesOn(library, torrent, seed)
})

it('an import whose terminal is closed stops cleanly, and the same command goes on', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(32 * mebibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent], { rateBytesPerSecond })
  await using library = await BaeLibrary.create()
  const said = join(library.root, 'said')
  // The shell tells its jobs that the terminal is gone, and so does the kernel.
  const words = [process.execPath, baePath, 'import', torrent.path, '--peer', seed.address, '--json']
  const inShell = `bash --norc -ic '${words.map((word) => `"${word}"`).join(' ')} >"${said}"'`
  await using terminal = new ChildProgram('script', ['-qec', inShell, '/dev/null'], {
    env: { ...process.env, ...library.env },
  })
  await poll(60_000, 'the first pieces', async () => {
    const last = (await eventsIn(said)).findLast(isProgress)
    return last !== undefined && last.pieces > 4 ? true : undefined
  })
  terminal.signal('SIGKILL')
  const end = await poll(60_000, 'the last event', async () => (await eventsIn(said)).find(isError))
  expect(end).toMatchObject({
    code: 'IMPORT_INTERRUPTED',
    message: expect.stringMatching(/^stopped by SIGHUP/),
  })
  await expectClosedWell(library)
  await expectGoesOn(library, torrent, seed)
})

it('a command that has lost its terminal ends by SIGHUP, and not by a core of Node', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(mebibyte + 3, mebibyte)
  await using library = await BaeLibrary.create()
  const said = join(library.root, 'said')
  // A peer that is not there: it waits.
  const words = [process.execPath, baePath, 'import', torrent.path, '--peer', '127.0.0.1:9', '--json']
  const command = `exec ${words.map((word) => `'${word}'`).join(' ')} >'${said}'`
  await using python = new ChildProgram(
    systemPython,
    [pythonScript('in_terminal.py'), '/bin/sh', '-c', command],
    { env: { ...process.env, ...library.env } },
  )
  await poll(60_000, 'an event', async () => (await eventsIn(said)).find(isProgress))
  const ended = python.nextLine(60_000)
  python.writeLine('close')
  expect(JSON.parse(await ended)).toEqual({ signal: constants.signals.SIGHUP })
  expect((await eventsIn(said)).at(-1)).toMatchObject({ code: 'IMPORT_INTERRUPTED' })
  await expectClosedWell(library)
})

it('an import whose reader goes away stops cleanly with 141', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(32 * mebibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent], { rateBytesPerSecond })
  await using library = await BaeLibrary.create()
  const words = ['import', torrent.path, '--peer', seed.address, '--json']
  const result = await throughShell(library, words, '| head -n 2 >/dev/null')
  expect(result).toEqual({ code: 141, stdout: '', stderr: '' })
  await expectClosedWell(library)
})

it('a command whose output cannot be written exits 1, says so, and closes the library', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(mebibyte + 3, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const { id, name } = await importTorrent(library, torrent.path, [seed])
  for (const words of [['list'], ['cat', id, name], ['doctor']]) {
    const sentence =
      'bae: the output cannot be written: no space left on the disk; send it to where there is room for it [IMPORT_OUTPUT_FAILED]\n'
    expect(await throughShell(library, words, '>/dev/full')).toEqual({
      code: 1,
      stdout: '',
      stderr: sentence,
    })
    await expectClosedWell(library)
  }
  const { stdout, stderr } = await throughShell(library, ['list'], '| head -n 1')
  expect(stdout.split('\n')).toHaveLength(2)
  expect(stderr).toBe('')
})

/** `rest` is what the shell does with the output; the code is that of the first to fail. */
async function throughShell(library: BaeLibrary, words: readonly string[], rest: string) {
  const command = [process.execPath, baePath, ...words].map((word) => `'${word}'`).join(' ')
  await using shell = new ChildProgram('bash', ['-o', 'pipefail', '-c', `${command} ${rest}`], {
    env: { ...process.env, ...library.env },
  })
  const { code } = await shell.whenExited(60_000)
  return { code, stdout: shell.stdout, stderr: shell.stderr }
}

async function eventsIn(path: string): Promise<readonly BaeEvent[]> {
  const whole = (await readFile(path, 'utf8').catch(() => '')).split('\n').slice(0, -1)
  return whole.map((line) => JSON.parse(line) as BaeEvent)
}

/** No server, and no mark of a process that has not closed the library. */
async function expectClosedWell(library: BaeLibrary): Promise<void> {
  expect(await library.servers()).toEqual([])
  for (const marks of ['open', 'unclean'])
    expect(await readdir(join(library.folder, 'store', marks))).toEqual([])
}

async function expectGoesOn(library: BaeLibrary, torrent: TorrentFile, seed: LibtorrentSeed): Promise<void> {
  const [stopped] = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
  expect(stopped?.pieces).toBeGreaterThan(0)
  await seed.setRate(0)
  expect((await importTorrent(library, torrent.path, [seed])).id).toBe(stopped?.id)
}
