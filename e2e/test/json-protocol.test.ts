import { afterAll, expect, it } from 'vitest'
import { isCompleted, isProgress } from '../harness/bae-events.js'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, completedOf } from '../harness/bae-process.js'
import { needs } from '../harness/foreign-program.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { listFiles } from '../harness/tree-digest.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const completedKeys = [
  'event',
  'id',
  'infoHash',
  'infoHashV1',
  'infoHashV2',
  'name',
  'bytes',
  'pieces',
  'files',
  'seconds',
]
const progressKeys = [
  'event',
  'state',
  'pieces',
  'totalPieces',
  'bytes',
  'totalBytes',
  'downloadBytesPerSecond',
  'peers',
]
const uuidVersion7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

it('progress comes at most four times a second and never goes back; the last line has every key', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(32 * mebibyte + 99, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent], { rateBytesPerSecond: 12 * mebibyte })
  await using library = await BaeLibrary.create()
  const startedAtMs = Date.now()
  await using importing = new BaeProcess(library, ['import', torrent.path, '--peer', seed.address, '--json'])
  const result = await importing.result(60_000)
  const elapsedSeconds = (Date.now() - startedAtMs) / 1000
  const completed = completedOf(result)
  expect(Object.keys(completed).toSorted()).toEqual(completedKeys.toSorted())
  expect(completed).toMatchObject({ bytes: 32 * mebibyte + 99, pieces: 33, infoHashV2: null })
  expect(completed.files).toEqual([{ path: torrent.content.name, bytes: 32 * mebibyte + 99 }])
  expect(completed.id).toMatch(uuidVersion7)
  expect(completed.infoHashV1).toMatch(/^[0-9a-f]{40}$/)
  expect(completed.infoHash).toBe(completed.infoHashV1)
  expect(completed.seconds).toBeGreaterThan(1.5)
  expect(completed.seconds).toBeLessThanOrEqual(elapsedSeconds)

  const lines = result.stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(result.events.length)
  const progress = result.events.filter(isProgress)
  expect(progress.length).toBeGreaterThan(4)
  expect(progress).toHaveLength(result.events.length - 1)
  for (const each of progress) expect(Object.keys(each)).toEqual(expect.arrayContaining(progressKeys))
  const pieces = progress.map((each) => each.pieces)
  expect(pieces).toEqual(pieces.toSorted((a, b) => a - b))
  // Lines are read when they are written, or later, several at once: none may come before its quarter of a second.
  const readAtMs = importing.arrived.filter(({ event }) => isProgress(event)).map(({ atMs }) => atMs)
  const tooEarly = readAtMs.filter((atMs, index) => atMs - startedAtMs < 250 * index)
  expect(tooEarly).toEqual([])
})

it('a tree is told by paths without its top folder, and bytes that are the files alone', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.treeTorrent(256 * kibibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const result = await bae(library, ['import', torrent.path, '--peer', seed.address, '--json'])
  const completed = completedOf(result)
  expect(completed.bytes).toBe(torrent.content.totalBytes)
  expect(completed.files.map((file) => file.path).toSorted()).toEqual(await listFiles(torrent.content.path))
  expect(completed.files.reduce((sum, file) => sum + file.bytes, 0)).toBe(completed.bytes)
})

it('without --json stdout tells people what happened, and no JSON', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(mebibyte, 64 * kibibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const result = await bae(library, ['import', torrent.path, '--peer', seed.address])
  expect(result.code).toBe(0)
  expect(result.stdout).toContain(torrent.content.name)
  expect(result.stdout).not.toContain('{')
})

it('a host name is dialled like an address', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(mebibyte, 64 * kibibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const peer = seed.address.replace('127.0.0.1', 'localhost')
  const result = await bae(library, ['import', torrent.path, '--peer', peer, '--json'])
  expect(isCompleted(result.events.at(-1)), result.stdout).toBe(true)
})
