import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { bae, baeJson, importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { type Payload, writePseudoRandomFile } from '../harness/payload.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import type { TorrentFile } from '../harness/torrent-maker.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const sharedBytes = 9 * mebibyte + 12_345
const ownBytes = 3 * mebibyte + 77
// Room for small files of bae's own beside the chunks.
const slackBytes = 64 * kibibyte

it('importing the same torrent twice fetches nothing and stores nothing', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.treeTorrent(256 * kibibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const first = await importTorrent(library, torrent.path, [seed])
  const [sizeBefore, uploadedBefore] = [await library.size(), (await seed.countWhenAlone()).uploadedBytes]
  const second = await importTorrent(library, torrent.path, [seed])
  expect(second).toMatchObject({
    id: first.id,
    infoHash: first.infoHash,
    bytes: first.bytes,
    files: first.files,
  })
  expect(await library.size()).toEqual(sizeBefore)
  expect((await seed.countWhenAlone()).uploadedBytes).toBe(uploadedBefore)
  expect(await baeJson<unknown[]>(library, ['list'])).toHaveLength(1)
})

it('a file that two torrents share is stored once, and removing one keeps the other whole', async (context) => {
  needs(context, 'python3-libtorrent')
  const [first, second] = [await album('first', mebibyte), await album('second', 32 * kibibyte)]
  await using seed = await LibtorrentSeed.start([first, second])
  await using library = await BaeLibrary.create()
  const one = await importTorrent(library, first.path, [seed])
  const sizeOfOne = (await library.size()).bytes
  expect(sizeOfOne).toBeGreaterThanOrEqual(sharedBytes + ownBytes)
  const two = await importTorrent(library, second.path, [seed])
  expect((await library.size()).bytes - sizeOfOne).toBeLessThan(ownBytes + slackBytes)

  expect(await bae(library, ['remove', one.id])).toMatchObject({ code: 0 })
  const left = (await library.size()).bytes
  expect(left).toBeGreaterThanOrEqual(sharedBytes + ownBytes)
  expect(left).toBeLessThan(sharedBytes + ownBytes + slackBytes)
  await expectVerified(library, two.id, two.pieces)
  await expectExportEquals(library, two.id, second.content)
  expect(await baeJson<{ id: string }[]>(library, ['list'])).toMatchObject([{ id: two.id }])

  expect(await bae(library, ['remove', two.id])).toMatchObject({ code: 0 })
  expect(await baeJson(library, ['list'])).toEqual([])
  expect(await library.chunkFiles()).toEqual([])
  expect((await library.size()).bytes).toBeLessThan(slackBytes)
})

it('removing a torrent twice says that it is not there', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await album('removed twice', mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const { id } = await importTorrent(library, torrent.path, [seed])
  expect(await bae(library, ['remove', id])).toMatchObject({ code: 0 })
  const again = await bae(library, ['remove', id])
  expect(again.code).toBe(1)
  expect(again.stderr).toContain('IMPORT_NOT_FOUND')
})

it('a removed torrent can be imported again', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await album('again', mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const first = await importTorrent(library, torrent.path, [seed])
  await bae(library, ['remove', first.infoHash])
  const second = await importTorrent(library, torrent.path, [seed])
  expect(second.id).not.toBe(first.id)
  await expectExportEquals(library, second.id, torrent.content)
})

/** A torrent of two files, one of which all albums share. */
async function album(name: string, pieceLengthBytes: number): Promise<TorrentFile> {
  const folder = join(await workshop.folder, 'albums')
  const path = join(folder, name)
  await mkdir(path, { recursive: true })
  await writePseudoRandomFile(join(path, 'shared.wav'), sharedBytes, 'shared')
  await writePseudoRandomFile(join(path, `${name}.wav`), ownBytes, name)
  const payload: Payload = { folder, name, path, totalBytes: sharedBytes + ownBytes }
  return workshop.torrentOf(payload, pieceLengthBytes)
}
