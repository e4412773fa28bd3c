import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { expectContentEquals, expectSameTree } from '../harness/expect-content.js'
import { needs } from '../harness/foreign-program.js'
import { PseudoRandomBytes } from '../harness/payload.js'
import { LibtorrentPeer } from '../harness/peers/libtorrent-peer.js'
import { SeedingLibrary } from '../harness/seeding-library.js'
import { kibibyte } from '../harness/sizes.js'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'
import { makeTorrent, type TorrentFile } from '../harness/torrent-maker.js'

const kinds = ['v1', 'padded', 'v2', 'hybrid'] as const
const layoutsOfAKind = 2

/** Whole numbers below a bound, the same for a seed at every run. */
function numbersOf(seed: string): (bound: number) => number {
  const bytes = new PseudoRandomBytes(seed)
  return (bound) => Buffer.from(bytes.next(4)).readUInt32LE() % bound
}

/** Of one to sixty files, most of them short, some as long as pieces, blocks and chunks or next to it, some empty. */
async function makeRandomTorrent(
  folder: string,
  seed: string,
  kind: (typeof kinds)[number],
): Promise<TorrentFile> {
  const below = numbersOf(seed)
  const pieceLengthBytes = 16 * kibibyte * 2 ** below(4)
  const edges = [0, 1, 16 * kibibyte, pieceLengthBytes, 2 * pieceLengthBytes, 1024 * kibibyte]
  const lengthOf = () => {
    const edge = edges[below(edges.length)] ?? 0
    return below(4) === 0 ? Math.max(0, edge + below(3) - 1) : below(90_000)
  }
  const name = `random ${seed} ${kind}`
  const content = { folder, name, path: join(folder, name), totalBytes: 0 }
  for (let file = 1 + below(60); file >= 0; file -= 1) {
    // At least one byte: an empty torrent is none.
    const lengthBytes = file === 0 ? 1 + below(90_000) : lengthOf()
    const path = join(content.path, ...['a', 'b', 'c'].slice(0, below(3)), `${below(9)} ${file}`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, new PseudoRandomBytes(`${name} ${file}`).next(lengthBytes))
    content.totalBytes += lengthBytes
  }
  return makeTorrent(content, pieceLengthBytes, join(folder, `${name}.torrent`), kind)
}

// RANDOM_LAYOUTS=anything tries others.
const run = process.env.RANDOM_LAYOUTS ?? 'always'

it('torrents of random files come into the library and back to libtorrent as its own storage has them', async (context) => {
  needs(context, 'python3-libtorrent')
  const folder = await makeTemporaryFolder()
  try {
    const torrents = await Promise.all(
      kinds.flatMap((kind) =>
        Array.from({ length: layoutsOfAKind }, (_, index) =>
          makeRandomTorrent(folder, `${run} ${index}`, kind),
        ),
      ),
    )
    await using library = await SeedingLibrary.fill(torrents)
    for (const torrent of torrents) {
      await expectContentEquals(library.torrent(torrent), torrent.content)
      await using peer = await LibtorrentPeer.start(torrent, { from: library.address })
      await expectSameTree(await peer.whenComplete(60_000), torrent.content)
      expect(library.torrent(torrent).status.completedPieces).toBe(
        library.torrent(torrent).status.totalPieces,
      )
    }
  } finally {
    await removeFolder(folder)
  }
})
