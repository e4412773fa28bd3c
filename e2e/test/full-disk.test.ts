import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { isError } from '../harness/bae-events.js'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, baeJson, importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { expectError, expectFailure } from '../harness/expect-failure.js'
import { needs } from '../harness/foreign-program.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { readTorrent } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { SmallFileSystem } from '../harness/small-file-system.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

it('a torrent that does not fit is refused with one sentence, and nothing is left', async (context) => {
  needs(context, 'python3-libtorrent')
  await using library = await BaeLibrary.create()
  await using _ = SmallFileSystem.mount(context, library.folder, { sizeBytes: 24 * mebibyte })
  const torrent = await workshop.fileTorrent(64 * mebibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  const args = ['import', torrent.path, '--peer', seed.address]
  await expectFailure(library, args, { code: 'STORAGE_NO_SPACE' })
  expect(await library.chunkFiles()).toEqual([])
  expect((await library.size()).bytes).toBeLessThan(mebibyte)
  expect(await baeJson(library, ['list'])).toEqual([])
})

it('a disk that fills up meanwhile stops the import, and the same command goes on when there is room', async (context) => {
  needs(context, 'python3-libtorrent')
  await using library = await BaeLibrary.create()
  await using disk = SmallFileSystem.mount(context, library.folder, { sizeBytes: 96 * mebibyte })
  const torrent = await workshop.fileTorrent(64 * mebibyte, mebibyte)
  // It gives no more before the disk is full.
  await using seed = await RawSeed.start(await readTorrent(torrent), {
    blocks: (8 * mebibyte) / (16 * kibibyte),
  })
  const args = ['import', torrent.path, '--peer', seed.address, '--json']
  await using importing = new BaeProcess(library, args)
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 4)
  const ballast = join(disk.folder, 'ballast')
  // The file system ends before the ballast does: what there is of it takes all the room.
  await writeFile(ballast, new Uint8Array(96 * mebibyte)).catch(() => {})
  seed.allow(Number.POSITIVE_INFINITY)
  const stopped = await importing.result(60_000)
  expect(stopped.code).toBe(1)
  const last = stopped.events.at(-1)
  expect(isError(last) ? last.code : last).toBe('STORAGE_NO_SPACE')
  expect(stopped.stderr).not.toMatch(/^\s+at /m)

  await rm(ballast)
  const { id, pieces } = await importTorrent(library, torrent.path, [seed])
  await expectVerified(library, id, pieces)
  await expectExportEquals(library, id, torrent.content)
  expect(await bae(library, ['remove', id])).toMatchObject({ code: 0 })
})

it('a disk of the database that fills up stops the import, and the same command goes on when there is room', async (context) => {
  needs(context, 'python3-libtorrent')
  await using library = await BaeLibrary.create()
  await using disk = SmallFileSystem.mount(context, library.stateFolder, { sizeBytes: 80 * mebibyte })
  // Small pieces: the records need more than the room that the server keeps for itself.
  const torrent = await workshop.fileTorrent(64 * mebibyte, 16 * kibibyte)
  // It gives no more before the disk is full.
  await using seed = await RawSeed.start(await readTorrent(torrent), {
    blocks: (8 * mebibyte) / (16 * kibibyte),
  })
  const words = ['import', torrent.path, '--peer', seed.address, '--json']
  await using importing = new BaeProcess(library, words)
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 4)
  const ballast = join(disk.folder, 'ballast')
  await writeFile(ballast, new Uint8Array(80 * mebibyte)).catch(() => {})
  seed.allow(Number.POSITIVE_INFINITY)
  expectError(await importing.result(60_000), 1, 'STORAGE_NO_SPACE')
  await expectFailure(library, ['list'], { code: 'STORAGE_NO_SPACE' })

  await rm(ballast)
  const { id, pieces } = await importTorrent(library, torrent.path, [seed])
  await expectVerified(library, id, pieces)
})

it('a disk without a free byte lists and removes imports', async (context) => {
  needs(context, 'python3-libtorrent')
  await using library = await BaeLibrary.create()
  await using disk = SmallFileSystem.mount(context, library.stateFolder, { sizeBytes: 320 * mebibyte })
  const torrent = await workshop.fileTorrent(mebibyte, 16 * kibibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  const ballast = join(disk.folder, 'ballast')
  const { id } = await importTorrent(library, torrent.path, [seed])
  await writeFile(ballast, new Uint8Array(320 * mebibyte)).catch(() => {})
  // The server was stopped by the last command, and has to start.
  expect(await baeJson(library, ['list'])).toMatchObject([{ id, state: 'completed' }])
  expect(await bae(library, ['remove', id])).toMatchObject({ code: 0 })
  expect(await baeJson(library, ['list'])).toEqual([])
})
