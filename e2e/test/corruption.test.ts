import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportSnapshot } from '@bae/import-service'
import { afterAll, expect, it } from 'vitest'
import type { VerifyReport } from '../harness/bae-events.js'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, baeJson, importTorrent } from '../harness/bae-process.js'
import { poll } from '../harness/bounded-wait.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { expectError } from '../harness/expect-failure.js'
import { needs } from '../harness/foreign-program.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { flipOneBit, RawSeed } from '../harness/peers/raw-seed.js'
import { readTorrent } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const totalBytes = 12 * mebibyte + 4321
const pieceLengthBytes = 256 * kibibyte
const blocksOfPiece = pieceLengthBytes / (16 * kibibyte)
/** A torrent that nobody has. */
const nobodysMagnet = `magnet:?xt=urn:btih:${'5e'.repeat(20)}`

it('a peer that sends corrupt data gets no byte into the library', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, pieceLengthBytes)
  await using corrupt = await RawSeed.start(await readTorrent(torrent), { tamper: flipOneBit })
  await using library = await BaeLibrary.create()
  const args = ['import', torrent.path, '--peer', corrupt.address, '--json']
  await using importing = new BaeProcess(library, args)
  await poll(60_000, 'the corrupt peer sent away', () =>
    corrupt.servedBlocks > 0 && corrupt.connections === 0 ? true : undefined,
  )
  importing.signal('SIGINT')
  expectError(await importing.result(60_000), 130, 'IMPORT_INTERRUPTED')
  expect(await baeJson(library, ['list'])).toEqual([])
  expect((await library.size()).bytes).toBeLessThan(pieceLengthBytes / 4)

  await using good = await LibtorrentSeed.start([torrent])
  const completed = await importTorrent(library, torrent.path, [good])
  await expectVerified(library, completed.id, completed.pieces)
})

it('with a corrupt peer and a good seed the import completes, and every byte is right', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, pieceLengthBytes)
  await using corrupt = await RawSeed.start(await readTorrent(torrent), {
    tamper: flipOneBit,
    host: '127.0.0.2',
  })
  // Slow enough that the other one is asked too.
  await using good = await LibtorrentSeed.start([torrent], { rateBytesPerSecond: 2 * mebibyte })
  await using library = await BaeLibrary.create()
  const completed = await importTorrent(library, torrent.path, [corrupt, good])
  expect(corrupt.servedBlocks).toBeGreaterThan(0)
  await expectVerified(library, completed.id, completed.pieces)
  await expectExportEquals(library, completed.id, torrent.content)
})

it('one flipped byte in a stored chunk makes verify fail and name piece, file and chunk', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, pieceLengthBytes)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const { id, pieces, files } = await importTorrent(library, torrent.path, [seed])
  const [path = ''] = await library.chunkFiles()
  const chunk = await readFile(path)
  const flippedAt = chunk.length >> 1
  const place = (await readFile(torrent.content.path)).indexOf(chunk.subarray(0, 64)) + flippedAt
  chunk[flippedAt] = (chunk[flippedAt] ?? 0) ^ 0x10
  await writeFile(path, chunk)

  const result = await bae(library, ['verify', id, '--json'])
  expect(result.code).toBe(1)
  const report = JSON.parse(result.stdout) as VerifyReport
  expect(report).toMatchObject({ id, pieces })
  const named = report.bad.find((bad) => bad.piece === Math.floor(place / pieceLengthBytes))
  expect(named?.files).toEqual([files[0]?.path])
  expect(path.replaceAll('/', '')).toContain(named?.chunk)

  const text = await bae(library, ['verify', id])
  expect(text.code).toBe(1)
  for (const word of [String(named?.piece), named?.chunk, files[0]?.path]) {
    expect(text.stdout + text.stderr).toContain(word)
  }
})

it('damaged bytes are never handed out: export and cat fail and leave nothing', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, pieceLengthBytes)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const { id, name } = await importTorrent(library, torrent.path, [seed])
  const [path = ''] = await library.chunkFiles()
  await rm(path)
  expect(await bae(library, ['verify', id])).toMatchObject({ code: 1 })
  const exported = await bae(library, ['export', id, library.outputFolder])
  expect(exported.code).toBe(1)
  expect(exported.stderr).toMatch(/\[[A-Z]+_[A-Z_]+\]/)
  await expect(readFile(join(library.outputFolder, name))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await bae(library, ['cat', id, name])).toMatchObject({ code: 1 })
})

it('verify --repair gives up what is damaged, and importing again fetches just that', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, pieceLengthBytes)
  await using library = await BaeLibrary.create()
  await using seed = await RawSeed.start(await readTorrent(torrent))
  const { id, pieces } = await importTorrent(library, torrent.path, [seed])
  const [path = ''] = await library.chunkFiles()
  const chunk = await readFile(path)
  chunk[chunk.length >> 1] = (chunk[chunk.length >> 1] ?? 0) ^ 0x10
  await writeFile(path, chunk)

  const repaired = await bae(library, ['verify', id, '--repair', '--json'])
  expect(repaired.code).toBe(1)
  const { bad, repair } = JSON.parse(repaired.stdout) as VerifyReport
  expect(repair).toEqual({ healedChunks: 0, lostPieces: [bad[0]?.piece] })
  expect(await baeJson(library, ['show', id])).toMatchObject({ state: 'queued', pieces: pieces - 1 })
  await expectVerified(library, id, pieces - 1)

  const served = seed.servedBlocks
  await importTorrent(library, torrent.path, [seed])
  expect(seed.servedBlocks - served).toBe(blocksOfPiece)
  await expectVerified(library, id, pieces)
  await expectExportEquals(library, id, torrent.content)
})

it('after kill -9 of any bae a damaged chunk is named, and not one byte of it is given out', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, pieceLengthBytes)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const { id, name } = await importTorrent(library, torrent.path, [seed])
  const [path = ''] = await library.chunkFiles()
  const chunk = await readFile(path)
  chunk[chunk.length - 1] = (chunk.at(-1) ?? 0) ^ 0x10
  await writeFile(path, chunk)

  const always = await bae(library, ['cat', id, name], { env: { BAE_CHECK_READS: 'always' } })
  expect([always.code, always.stderr]).toEqual([1, expect.stringContaining('[STORAGE_CORRUPT]')])
  // Closed well, the library is trusted: only verify looks.
  expect(await bae(library, ['cat', id, name])).toMatchObject({ code: 0 })

  await using importing = new BaeProcess(library, ['import', nobodysMagnet, '--json'])
  await importing.whenProgress(60_000, () => true)
  await importing.kill()
  const checked = await bae(library, ['cat', id, name])
  expect([checked.code, checked.stderr]).toEqual([1, expect.stringContaining('[STORAGE_CORRUPT]')])
  expect(checked.stderr).toContain(path.replaceAll('/', '').slice(-64))

  expect(await bae(library, ['verify', '--repair'])).toMatchObject({ code: 1 })
  await importTorrent(library, torrent.path, [seed])
  expect(await bae(library, ['verify'])).toMatchObject({ code: 0 })
  await expectExportEquals(library, id, torrent.content)
})

it('verify looks at a torrent that another process imports, and repairs nothing of it', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(totalBytes, pieceLengthBytes)
  // It gives no more before all is looked at, however long that takes.
  await using seed = await RawSeed.start(await readTorrent(torrent), { blocks: 8 * blocksOfPiece })
  await using library = await BaeLibrary.create()
  const args = ['import', torrent.path, '--peer', seed.address, '--json']
  await using importing = new BaeProcess(library, args)
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 3)
  const [{ id }] = await baeJson<readonly [ImportSnapshot]>(library, ['list'])
  const report = await baeJson<VerifyReport>(library, ['verify', id])
  expect(report).toMatchObject({ id, bad: [] })
  expect(report.pieces).toBeGreaterThan(0)
  const refused = await bae(library, ['verify', id, '--repair'])
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('[IMPORT_BUSY]')])
  seed.allow(Number.POSITIVE_INFINITY)
  expect(await importing.result(60_000)).toMatchObject({ code: 0 })
  expect(await bae(library, ['verify', '--repair'])).toMatchObject({ code: 0 })
})
