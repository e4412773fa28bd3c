import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { importTorrent } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { Aria2Peer } from '../harness/peers/aria2-peer.js'
import { foreignPeers } from '../harness/peers/foreign-peers.js'
import { startSeed } from '../harness/peers/leecher.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import type { Seed } from '../harness/peers/seed.js'
import { TransmissionPeer } from '../harness/peers/transmission-peer.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import type { TorrentFile } from '../harness/torrent-maker.js'
import { listFiles } from '../harness/tree-digest.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const seeds = {
  aria2: (torrent: TorrentFile) => startSeed(Aria2Peer.start, torrent),
  'python3-libtorrent': (torrent: TorrentFile) => LibtorrentSeed.start([torrent]),
} as const

const payloads = {
  'a single file of 128 MiB': (pieceLengthBytes: number) =>
    workshop.fileTorrent(128 * mebibyte, pieceLengthBytes),
  'a tree of 300 files': (pieceLengthBytes: number) => workshop.treeTorrent(pieceLengthBytes),
} as const

/** Each payload comes in pieces of all four lengths, two from each client. */
const pieceLengths = {
  aria2: {
    'a single file of 128 MiB': [256 * kibibyte, mebibyte],
    'a tree of 300 files': [16 * kibibyte, 16 * mebibyte],
  },
  'python3-libtorrent': {
    'a single file of 128 MiB': [16 * kibibyte, 16 * mebibyte],
    'a tree of 300 files': [256 * kibibyte, mebibyte],
  },
} as const

describe.each(Object.keys(seeds) as (keyof typeof seeds)[])('from %s', (program) => {
  describe.each(Object.keys(payloads) as (keyof typeof payloads)[])('%s', (payload) => {
    it.for<number>(pieceLengths[program][payload])(
      'comes back byte for byte, in pieces of %i bytes',
      async (pieceLengthBytes, context) => {
        needs(context, 'python3-libtorrent', program)
        const torrent = await payloads[payload](pieceLengthBytes)
        await using seed = await seeds[program](torrent)
        await expectImportedWhole(torrent, seed)
      },
    )
  })
})

it('transmission-daemon gives the tree of 300 files, in pieces of 1 MiB', async (context) => {
  needs(context, 'python3-libtorrent', 'transmission-daemon')
  const torrent = await workshop.treeTorrent(mebibyte)
  await using seed = await startSeed(TransmissionPeer.start, torrent)
  await expectImportedWhole(torrent, seed)
})

describe('into one library, side by side', () => {
  let library: BaeLibrary
  beforeAll(async () => {
    library = await BaeLibrary.create()
  })
  afterAll(() => library.close())

  // Each has other bytes: what the library knows of v2 files, it would not fetch.
  it.for([
    ['rtorrent', 'v1', 16],
    ['qbittorrent-nox', 'v2', 18],
    ['qbittorrent-nox', 'hybrid', 19],
    ['python3-libtorrent', 'v2', 20],
    ['python3-libtorrent', 'hybrid', 21],
  ] as const)(
    '%s gives a torrent, %s, of %i files',
    { concurrent: true },
    async ([program, kind, files], context) => {
      needs(context, 'python3-libtorrent', program)
      const torrent = await workshop.torrentOf(await workshop.tree(files), 64 * kibibyte, kind)
      await using seed = await startSeed(foreignPeers[program].start, torrent)
      const { id, pieces, bytes } = await importTorrent(library, torrent.path, [seed])
      expect(bytes).toBe(torrent.content.totalBytes)
      await expectVerified(library, id, pieces)
      await expectExportEquals(library, id, torrent.content)
    },
  )
})

async function expectImportedWhole(torrent: TorrentFile, seed: Seed): Promise<void> {
  const { content, pieceLengthBytes } = torrent
  await using library = await BaeLibrary.create()
  const completed = await importTorrent(library, torrent.path, [seed])
  const pieces = Math.ceil(content.totalBytes / pieceLengthBytes)
  expect(completed).toMatchObject({ name: content.name, bytes: content.totalBytes, pieces })
  expect(completed.files).toHaveLength((await listFiles(content.path)).length)
  await expectVerified(library, completed.id, pieces)
  await expectExportEquals(library, completed.id, content)
}
