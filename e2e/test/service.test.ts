import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportSnapshot } from '@bae/import-service'
import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, baeJson, baePath, completedOf, importTorrent } from '../harness/bae-process.js'
import { BaeService } from '../harness/bae-service.js'
import { poll } from '../harness/bounded-wait.js'
import { ChildProgram } from '../harness/child-program.js'
import { expectError, expectFailure } from '../harness/expect-failure.js'
import { needs } from '../harness/foreign-program.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { readTorrent } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

/** Two minutes for all: what is done meanwhile may take its time. */
const rateBytesPerSecond = 256 * kibibyte
/** Of a seed that gives no more before it is told to. */
const firstBlocks = (8 * mebibyte) / (16 * kibibyte)

interface Added {
  readonly id: string
  readonly state: string
  readonly isServed: boolean
}

it('commands beside a service hand over to it, follow and steer it, and SIGTERM stops it cleanly', async (context) => {
  needs(context, 'python3-libtorrent')
  const small = await workshop.fileTorrent(3 * mebibyte + 5, mebibyte)
  const large = await workshop.fileTorrent(32 * mebibyte, mebibyte)
  await using fast = await LibtorrentSeed.start([small])
  await using slow = await LibtorrentSeed.start([large], { rateBytesPerSecond })
  await using library = await BaeLibrary.create()
  await using service = await BaeService.start(library)
  await expectFailure(library, ['serve'], { code: 'IMPORT_SERVICE_RUNNING' })

  const imported = await importTorrent(library, small.path, [fast])
  expect(imported.bytes).toBe(3 * mebibyte + 5)

  const added = await baeJson<Added>(library, ['add', large.path, '--peer', slow.address])
  expect(added.isServed).toBe(true)
  const watched = await watchInTerminal(library, added.id)
  for (const line of watched) expect(line.length).toBeLessThan(80)
  expect(watched.join('\n')).toContain('downloading')

  expect(await baeJson(library, ['pause', added.id])).toMatchObject({ state: 'paused', isServed: true })
  expect((await baeJson<ImportSnapshot>(library, ['show', added.id])).state).toBe('paused')
  await slow.setRate(0)
  await baeJson(library, ['resume', added.id])
  expect((await bae(library, ['watch', added.id])).code).toBe(0)
  expect((await baeJson<ImportSnapshot>(library, ['show', added.id])).state).toBe('completed')

  const changes = (await bae(library, ['events', '--json'])).stdout.trimEnd().split('\n')
  const states = changes
    .map((line) => JSON.parse(line) as { importId: string; to: string })
    .filter(({ importId }) => importId === added.id)
  expect(states.map(({ to }) => to)).toEqual(
    expect.arrayContaining(['queued', 'downloading', 'paused', 'completed']),
  )
  expect((await baeJson<ImportSnapshot>(library, ['remove', added.id])).id).toBe(added.id)
  expect(await baeJson<readonly unknown[]>(library, ['list'])).toHaveLength(1)

  const { code, stderr } = await service.stop()
  expect(code).toBe(0)
  // Its log: nothing went wrong.
  expect(
    stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.includes('"level":"info"')),
  ).toEqual([])
  await expectClosedWell(library)
})

it('bae import that is stopped leaves the import to the service', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(32 * mebibyte, mebibyte)
  await using seed = await RawSeed.start(await readTorrent(torrent), { blocks: firstBlocks })
  await using library = await BaeLibrary.create()
  await using _ = await BaeService.start(library)
  const words = ['import', torrent.path, '--peer', seed.address, '--json']
  await using importing = new BaeProcess(library, words)
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 2)
  importing.signal('SIGINT')
  expectError(await importing.result(60_000), 130, 'IMPORT_INTERRUPTED')
  seed.allow(Number.POSITIVE_INFINITY)
  // The same command finds it where it is.
  expect(completedOf(await bae(library, words)).bytes).toBe(32 * mebibyte)
})

it('what was added without a service, and what a killed one had begun, goes on with the next', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(32 * mebibyte, mebibyte)
  await using seed = await RawSeed.start(await readTorrent(torrent), { blocks: firstBlocks })
  await using library = await BaeLibrary.create()
  const added = await baeJson<Added>(library, ['add', torrent.path, '--peer', seed.address])
  expect(added).toMatchObject({ state: 'queued', isServed: false })
  await using first = await BaeService.start(library)
  await poll(60_000, 'the first pieces', async () => {
    const { pieces } = await baeJson<ImportSnapshot>(library, ['show', added.id])
    return pieces > 2 ? true : undefined
  })
  await first.kill()
  expect(await readdir(library.folder)).toContain('control.sock')
  await expectFailure(library, ['watch'], { code: 'IMPORT_SERVICE_NOT_RUNNING' })
  seed.allow(Number.POSITIVE_INFINITY)
  await using _ = await BaeService.start(library)
  expect((await bae(library, ['watch', added.id])).code).toBe(0)
  expect(seed.servedBlocks * 16 * kibibyte).toBeLessThan(48 * mebibyte)
  expect((await baeJson<{ bad: readonly unknown[] }>(library, ['verify', added.id])).bad).toEqual([])
})

/** What a terminal of 80 columns shows of `bae watch` until Ctrl-C. */
async function watchInTerminal(library: BaeLibrary, id: string): Promise<readonly string[]> {
  const words = `stty cols 80 rows 10; exec "${process.execPath}" "${baePath}" watch ${id}`
  await using terminal = new ChildProgram('script', ['-qec', words, '/dev/null'], {
    env: { ...process.env, ...library.env, TERM: 'xterm' },
  })
  await poll(60_000, 'a screen with a speed', () => (/iB\/s/.test(terminal.stdout) ? true : undefined))
  terminal.writeLine('\u0003')
  await terminal.whenExited(60_000)
  const [, drawn = '', left = ''] = terminal.stdout.replaceAll('\u001b', '^').split(/\^\[\?1049[hl]/)
  expect(left).toMatch(/^1 import/)
  return drawn.split(/\^\[\??\d*[A-Za-z]|\r?\n/)
}

/** No server, and no mark of a process that has not closed the library. */
async function expectClosedWell(library: BaeLibrary): Promise<void> {
  expect(await library.servers()).toEqual([])
  expect(await readdir(library.folder)).not.toContain('control.sock')
  for (const marks of ['open', 'unclean'])
    expect(await readdir(join(library.folder, 'store', marks))).toEqual([])
}
