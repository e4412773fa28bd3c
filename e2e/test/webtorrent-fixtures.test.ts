import { cp, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { Aria2Peer } from '../harness/peers/aria2-peer.js'
import { startSeed } from '../harness/peers/leecher.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { repositoryRoot } from '../harness/repository-root.js'
import type { TorrentFile } from '../harness/torrent-maker.js'
import { Workshop } from '../harness/workshop.js'

const fixtures = join(repositoryRoot, 'e2e/node_modules/webtorrent-fixtures/fixtures')
const workshop = new Workshop()
let library: BaeLibrary

// One library for all of them, as a user has.
beforeAll(async () => {
  library = await BaeLibrary.create()
})

afterAll(async () => {
  await library.close()
  await workshop.close()
})

const seeds = {
  aria2: (torrent: TorrentFile) => startSeed(Aria2Peer.start, torrent),
  'python3-libtorrent': (torrent: TorrentFile) => LibtorrentSeed.start([torrent]),
} as const

// Those of the package that come with their content, made by other people's programs over the years.
const torrents = [
  ['leaves.torrent', 'Leaves of Grass by Walt Whitman.epub', 'aria2'],
  ['leaves-metadata.torrent', 'Leaves of Grass by Walt Whitman.epub', 'python3-libtorrent'],
  ['alice.torrent', 'alice.txt', 'python3-libtorrent'],
  ['folder.torrent', 'folder', 'aria2'],
  ['numbers.torrent', 'numbers', 'python3-libtorrent'],
  ['lots-of-numbers.torrent', 'lots-of-numbers', 'aria2'],
] as const

it.for(torrents)('%s with %s goes through, from %s', async ([torrentName, contentName, program], context) => {
  needs(context, program)
  const torrent = await fixture(torrentName, contentName)
  await using seed = await seeds[program](torrent)
  const completed = await importTorrent(library, torrent.path, [seed])
  expect(completed.name).toBe(contentName)
  await expectVerified(library, completed.id, completed.pieces)
  await expectExportEquals(library, completed.id, torrent.content)
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
