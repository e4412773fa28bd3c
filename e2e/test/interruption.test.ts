import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportSnapshot } from '@bae/import-service'
import { afterAll, expect, it } from 'vitest'
import { isError, type VerifyReport } from '../harness/bae-events.js'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, baeJson, completedOf, importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { expectError, expectFailure } from '../harness/expect-failure.js'
import { needs } from '../harness/foreign-program.js'
import { freePort } from '../harness/free-port.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { readTorrent } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const totalBytes = 48 * mebibyte
// Twelve seconds for all: time enough to do something in the middle, on any machine.
const rateBytesPerSecond = 4 * mebibyte
const lostAtStopBytes = 16 * mebibyte
/** Of a seed that gives no more before it is told to, however long it takes to look at what is there. */
const firstBlocks = (8 * mebibyte) / (16 * kibibyte)

it('a timeout with nothing stored leaves nothing', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, mebibyte)
  await using library = await BaeLibrary.create()
  const startedAtMs = Date.now()
  const args = ['import', torrent.path, '--peer', `127.0.0.1:${await freePort()}`, '--timeout', '2', '--json']
  const result = await bae(library, args)
  expect(Date.now() - startedAtMs).toBeGreaterThan(1900)
  expectError(result, 1, 'IMPORT_TIMEOUT')
  await expectNothingLeft(library)
})

it('a magnet link that nobody answers times out, and leaves nothing', async () => {
  await using library = await BaeLibrary.create()
  const magnet = 'magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567'
  const args = ['import', magnet, '--peer', `127.0.0.1:${await freePort()}`, '--timeout', '2', '--json']
  expectError(await bae(library, args), 1, 'IMPORT_TIMEOUT')
  await expectNothingLeft(library)
})

it('a timeout in the middle keeps what is stored, and the same command goes on', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, mebibyte)
  // Never all of it within the time. A busy machine may need more of that to make a library and to get a first piece.
  await using seed = await LibtorrentSeed.start([torrent], { rateBytesPerSecond: mebibyte })
  await using library = await BaeLibrary.create()
  for (const seconds of ['20', '40']) {
    const args = ['import', torrent.path, '--peer', seed.address, '--timeout', seconds, '--json']
    expectError(await bae(library, args), 1, 'IMPORT_TIMEOUT')
    const stopped = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
    if (stopped.length > 0) break
  }
  await expectGoesOn(library, torrent.path, seed)
})

it('Ctrl-C stops with 130 and says how to go on', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent], { rateBytesPerSecond })
  await using library = await BaeLibrary.create()
  await using importing = new BaeProcess(library, ['import', torrent.path, '--peer', seed.address, '--json'])
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 8)
  importing.signal('SIGINT')
  const result = await importing.result(60_000)
  expectError(result, 130, 'IMPORT_INTERRUPTED')
  const last = result.events.at(-1)
  expect(isError(last) ? last.message : '').toMatch(/same command/)
  expect(await library.servers()).toEqual([])
  await expectGoesOn(library, torrent.path, seed)
})

it('Ctrl-C before the first byte leaves nothing', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, mebibyte)
  await using library = await BaeLibrary.create()
  const peer = `127.0.0.1:${await freePort()}`
  await using importing = new BaeProcess(library, ['import', torrent.path, '--peer', peer, '--json'])
  await importing.whenProgress(60_000, () => true)
  importing.signal('SIGINT')
  expectError(await importing.result(60_000), 130, 'IMPORT_INTERRUPTED')
  await expectNothingLeft(library)
})

it('a second process that imports the same torrent is told IMPORT_BUSY, and the first one ends well', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, mebibyte)
  await using seed = await RawSeed.start(await readTorrent(torrent), { blocks: firstBlocks })
  await using library = await BaeLibrary.create()
  const args = ['import', torrent.path, '--peer', seed.address, '--json']
  await using first = new BaeProcess(library, args)
  await first.whenProgress(60_000, ({ pieces }) => pieces > 0)
  expectError(await bae(library, args), 1, 'IMPORT_BUSY')
  seed.allow(Number.POSITIVE_INFINITY)
  completedOf(await first.result(60_000))
  expect(await baeJson<unknown[]>(library, ['list'])).toHaveLength(1)
})

it('list, show, cat, export and verify work while another process imports', async (context) => {
  needs(context, 'python3-libtorrent')
  const [growing, whole] = [
    await workshop.fileTorrent(totalBytes, mebibyte),
    await workshop.treeTorrent(mebibyte),
  ]
  await using seed = await LibtorrentSeed.start([whole])
  await using seedOfGrowing = await RawSeed.start(await readTorrent(growing), { blocks: firstBlocks })
  await using library = await BaeLibrary.create()
  const { id, pieces, files } = await importTorrent(library, whole.path, [seed])
  const words = ['import', growing.path, '--peer', seedOfGrowing.address, '--json']
  await using first = new BaeProcess(library, words)
  await first.whenProgress(60_000, ({ pieces: stored }) => stored > 0)
  const [, other] = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
  expect(other).toMatchObject({ state: 'downloading', totalPieces: totalBytes / mebibyte })
  const growingId = other?.id ?? ''
  const path = files[0]?.path ?? ''
  const [cat, , , ofGrowing] = await Promise.all([
    bae(library, ['cat', id, path]),
    expectVerified(library, id, pieces),
    expectExportEquals(library, id, whole.content),
    baeJson<VerifyReport>(library, ['verify', growingId]),
    expectFailure(library, ['export', growingId, join(library.outputFolder, 'early')], {
      code: 'IMPORT_INCOMPLETE',
    }),
  ])
  expect(cat).toMatchObject({ code: 0, stdout: await readFile(join(whole.content.path, path), 'utf8') })
  expect(ofGrowing).toMatchObject({ bad: [] })
  expect(first.running).toBe(true)
  seedOfGrowing.allow(Number.POSITIVE_INFINITY)
  completedOf(await first.result(60_000))
})

it('two processes import two torrents into one library at the same time', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrents = [await workshop.fileTorrent(totalBytes, mebibyte), await workshop.treeTorrent(mebibyte)]
  await using seed = await LibtorrentSeed.start(torrents)
  await using library = await BaeLibrary.create()
  const both = torrents.map((torrent) => importTorrent(library, torrent.path, [seed]))
  const [one, two] = await Promise.all(both)
  const listed = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
  expect(listed.map((each) => each.id).toSorted()).toEqual([one?.id, two?.id].toSorted())
  for (const each of listed) expect(each.state).toBe('completed')
})

async function expectGoesOn(library: BaeLibrary, source: string, seed: LibtorrentSeed): Promise<void> {
  const [stopped] = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
  expect(stopped?.pieces).toBeGreaterThan(0)
  expect(stopped?.pieces).toBeLessThan(totalBytes / mebibyte)
  await seed.setRate(0)
  const completed = await importTorrent(library, source, [seed])
  expect(completed.id).toBe(stopped?.id)
  expect((await seed.count()).uploadedBytes).toBeLessThanOrEqual(totalBytes + lostAtStopBytes)
}

async function expectNothingLeft(library: BaeLibrary): Promise<void> {
  expect(await library.servers()).toEqual([])
  expect(await library.chunkFiles()).toEqual([])
  expect((await library.size()).bytes).toBeLessThan(4096)
  expect(await baeJson(library, ['list'])).toEqual([])
}
