import { cp, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { Aria2Seed } from '../harness/peers/aria2-seed.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { repositoryRoot } from '../harness/repository-root.js'
import type { TorrentFile } from '../harness/torrent-maker.js'
import { Workshop } from '../harness/workshop.js'

const fixtures = join(repositoryRoot, 'e2e/node_modules/webtorrent-fixtures/fixtures')
const workshop = new Workshop()
afterAll(() => workshop.close())

// Those of the package that come with their content, made by other people's programs over the years.
const torrents = [
  ['leaves.torrent', 'Leaves of Grass by Walt Whitman.epub'],
  ['leaves-metadata.torrent', 'Leaves of Grass by Walt Whitman.epub'],
  ['alice.torrent', 'alice.txt'],
  ['folder.torrent', 'folder'],
  ['numbers.torrent', 'numbers'],
  ['lots-of-numbers.torrent', 'lots-of-numbers'],
] as const

it.for(torrents)('%s with its content goes through', async ([torrentName, contentName], context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await fixture(torrentName, contentName)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const completed = await importTorrent(library, torrent.path, [seed])
  expect(completed.name).toBe(contentName)
  await expectVerified(library, completed.id, completed.pieces)
  await expectExportEquals(library, completed.id, torrent.content)
})

it('several real torrents live in one library', async (context) => {
  needs(context, 'aria2')
  await using library = await BaeLibrary.create()
  for (const [torrentName, contentName] of torrents.slice(2)) {
    const torrent = await fixture(torrentName, contentName)
    await using seed = await Aria2Seed.start(torrent)
    const completed = await importTorrent(library, torrent.path, [seed])
    await expectExportEquals(library, completed.id, torrent.content)
  }
})

/** A copy, because seeds write beside what they seed. */
async function fixture(torrentName: string, contentName: string): Promise<TorrentFile> {
  const folder = join(await workshop.folder, basename(torrentName, '.torrent'))
  await cp(join(fixtures, torrentName), join(folder, torrentName))
  const path = join(folder, 'content', contentName)
  await cp(join(fixtures, contentName), path, { recursive: true })
  const content = { folder: dirname(path), name: contentName, path, totalBytes: (await stat(path)).size }
  return { path: join(folder, torrentName), content, pieceLengthBytes: 0 }
}
