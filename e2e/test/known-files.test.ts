import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { bae, importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { type Payload, writePseudoRandomFile } from '../harness/payload.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { magnetOf } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import type { TorrentFile, TorrentKind } from '../harness/torrent-maker.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const files = { 'cover.png': 300_001, 'long.wav': 5 * mebibyte + 12_345, 'exact.bin': 2 * mebibyte, tiny: 1 }
// A manifest of each torrent, and nothing of its bytes.
const slackBytes = 64 * kibibyte

it('v2 and hybrid torrents of files that came by a v1 torrent are complete without a peer', async (context) => {
  needs(context, 'python3-libtorrent')
  const [v1, v2, hybrid] = await Promise.all([
    album('one', 'v1', 512 * kibibyte, files),
    album('two', 'v2', 256 * kibibyte, files),
    album('three', 'hybrid', 4 * mebibyte, files),
  ])
  await using library = await BaeLibrary.create()
  const first = await importFromSeed(library, v1)
  const size = await library.size()
  const chunks = await library.chunkFiles()
  for (const torrent of [v2, hybrid]) {
    const imported = await importTorrent(library, torrent.path, [])
    expect(imported.bytes).toBe(torrent.content.totalBytes)
    await expectVerified(library, imported.id, imported.pieces)
    await expectExportEquals(library, imported.id, torrent.content)
  }
  expect(await library.chunkFiles()).toEqual(chunks)
  expect((await library.size()).bytes - size.bytes).toBeLessThan(slackBytes)
  expect(await bae(library, ['remove', first.id])).toMatchObject({ code: 0 })
  expect(await library.chunkFiles()).toEqual(chunks)
})

it('a magnet link brings only the files that the library does not have', async (context) => {
  needs(context, 'python3-libtorrent')
  const v1 = await album('known', 'v1', mebibyte, files)
  const ownBytes = 3 * mebibyte + 7
  const more = await album('more', 'hybrid', 256 * kibibyte, { ...files, 'own.wav': ownBytes })
  await using library = await BaeLibrary.create()
  await importFromSeed(library, v1)
  await using seed = await LibtorrentSeed.start([more])
  const imported = await importTorrent(library, await magnetOf(more, 'hybrid'), [seed])
  await expectVerified(library, imported.id, imported.pieces)
  await expectExportEquals(library, imported.id, more.content)
  const { uploadedBytes } = await seed.count()
  expect(uploadedBytes).toBeLessThan(ownBytes + slackBytes)
})

async function importFromSeed(library: BaeLibrary, torrent: TorrentFile) {
  await using seed = await LibtorrentSeed.start([torrent])
  return await importTorrent(library, torrent.path, [seed])
}

/** Bytes go with the name of a file, whatever torrent it is in. */
async function album(
  name: string,
  kind: TorrentKind,
  pieceLengthBytes: number,
  contents: Readonly<Record<string, number>>,
): Promise<TorrentFile> {
  const folder = join(await workshop.folder, 'albums')
  const path = join(folder, name)
  await mkdir(path, { recursive: true })
  let totalBytes = 0
  for (const [file, lengthBytes] of Object.entries(contents)) {
    await writePseudoRandomFile(join(path, file), lengthBytes, file)
    totalBytes += lengthBytes
  }
  const payload: Payload = { folder, name, path, totalBytes }
  return workshop.torrentOf(payload, pieceLengthBytes, kind)
}
