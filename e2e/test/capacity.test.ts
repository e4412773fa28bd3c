import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { bae, baeJson, importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { expectFailure } from '../harness/expect-failure.js'
import { needs } from '../harness/foreign-program.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { mebibyte } from '../harness/sizes.js'
import { folderSize } from '../harness/tree-digest.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

it('a torrent that is larger than the capacity is refused without a remote folder, and comes in with one', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(64 * mebibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  const args = ['import', torrent.path, '--peer', seed.address]
  await using alone = await BaeLibrary.create({ BAE_CAPACITY: '16 MiB' })
  await expectFailure(alone, args, { code: 'STORAGE_NO_SPACE' })

  await using library = await BaeLibrary.create({ BAE_CAPACITY: '16 MiB', BAE_REMOTE: 'remote' })
  const remote = join(library.root, 'remote')
  const { id, pieces } = await importTorrent(library, torrent.path, [seed])
  expect((await folderSize(join(library.folder, 'store'))).bytes).toBeLessThanOrEqual(17 * mebibyte)
  await expectVerified(library, id, pieces)
  await expectExportEquals(library, id, torrent.content)
  expect((await folderSize(join(library.folder, 'store'))).bytes).toBeLessThanOrEqual(17 * mebibyte)
  expect((await folderSize(remote)).bytes).toBeGreaterThanOrEqual(64 * mebibyte)

  const without = { env: { BAE_CAPACITY: '', BAE_REMOTE: '' } }
  await expectFailure(library, ['verify', id], { code: 'STORAGE_UNAVAILABLE' }, without)
  expect(await bae(library, ['remove', id])).toMatchObject({ code: 0 })
  expect(await library.chunkFiles()).toEqual([])
  expect((await folderSize(remote)).bytes).toBeLessThan(mebibyte)
  expect(await baeJson(library, ['list'])).toEqual([])
})

it('a torrent that is larger than the capacity comes in beside a pinned one, also where its pieces are far smaller than chunks', async (context) => {
  needs(context, 'python3-libtorrent')
  const small = await workshop.fileTorrent(2 * mebibyte, 65_536)
  const torrent = await workshop.fileTorrent(24 * mebibyte, 16_384)
  await using one = await LibtorrentSeed.start([torrent, small])
  await using other = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create({ BAE_CAPACITY: '16 MiB', BAE_REMOTE: 'remote' })
  const kept = await importTorrent(library, small.path, [one])
  expect(await baeJson(library, ['pin', kept.id])).toMatchObject({ id: kept.id, pinned: true })
  const chunks = [...(await library.chunkFiles())]
  const { id, pieces } = await importTorrent(library, torrent.path, [one, other])
  expect(await library.chunkFiles()).toEqual(expect.arrayContaining(chunks))
  expect((await folderSize(join(library.folder, 'store'))).bytes).toBeLessThanOrEqual(17 * mebibyte)
  await expectVerified(library, id, pieces)
})
