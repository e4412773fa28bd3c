import type { ImportSnapshot } from '@bae/import-service'
import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, baeJson, completedOf } from '../harness/bae-process.js'
import { expectExportEquals, expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import type { TorrentFile } from '../harness/torrent-maker.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

// How long an import still goes on at the place where it is killed: a busy machine may take its time to do it.
const leftSeconds = 5
// What the seed may have sent to a process that dies: both sockets' buffers, pieces that were not whole,
// and the batch of records that was not written yet.
const lostAtKillBytes = 24 * mebibyte

it.for([
  ['a file in pieces of 1 MiB', () => workshop.fileTorrent(160 * mebibyte, mebibyte)],
  ['a tree of 300 files in pieces of 16 KiB', () => workshop.treeTorrent(16 * kibibyte)],
] as const)(
  'after kill -9 the same command goes on with %s, and fetches nothing again that was recorded',
  async ([, torrentOf], context) => {
    needs(context, 'python3-libtorrent')
    const torrent = await torrentOf()
    await using seed = await LibtorrentSeed.start([torrent])
    await using library = await BaeLibrary.create()
    const kills = [0.1, 0.45, 0.75]
    let recorded = 0
    for (const share of kills) {
      await killAt(library, torrent, seed, share)
      const before = recorded
      recorded = await recordedBytes(library)
      expect(recorded).toBeGreaterThanOrEqual(before)
    }
    const uploadedBefore = (await seed.countWhenAlone()).uploadedBytes
    await seed.setRate(0)
    const completed = await finish(library, torrent, seed)
    const uploaded = (await seed.count()).uploadedBytes
    const { totalBytes } = torrent.content
    expect(uploaded - uploadedBefore).toBeLessThanOrEqual(totalBytes - recorded)
    expect(uploaded).toBeLessThanOrEqual(totalBytes + kills.length * lostAtKillBytes)
    await expectVerified(library, completed.id, completed.pieces)
    await expectExportEquals(library, completed.id, torrent.content)
  },
)

it('goes on after kill -9 of bae and its PostgreSQL together', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(160 * mebibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  const servers = await killAt(library, torrent, seed, 0.4)
  expect(servers).toHaveLength(1)
  for (const pid of servers) process.kill(pid, 'SIGKILL')
  const recorded = await recordedBytes(library)
  expect(recorded).toBeGreaterThan(0)
  const uploadedBefore = (await seed.countWhenAlone()).uploadedBytes
  await seed.setRate(0)
  const completed = await finish(library, torrent, seed)
  const uploaded = (await seed.count()).uploadedBytes - uploadedBefore
  expect(uploaded).toBeLessThanOrEqual(torrent.content.totalBytes - recorded)
  await expectVerified(library, completed.id, completed.pieces)
})

it.for([40, 150, 400, 900])(
  'killed %i ms after its start, an import leaves a library that works',
  async (delayMs, context) => {
    needs(context, 'python3-libtorrent')
    const torrent = await workshop.fileTorrent(8 * mebibyte + 5, 256 * kibibyte)
    await using seed = await LibtorrentSeed.start([torrent])
    await using library = await BaeLibrary.create()
    await using first = new BaeProcess(library, importArgs(torrent, seed))
    // The moment itself is what is tested: there is nothing to wait for.
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    await first.kill()
    const completed = await finish(library, torrent, seed)
    await expectVerified(library, completed.id, completed.pieces)
    expect(await baeJson<unknown[]>(library, ['list'])).toHaveLength(1)
  },
)

/** Kills the import when it has this share of the pieces. Returns the PostgreSQL that it left running. */
async function killAt(
  library: BaeLibrary,
  torrent: TorrentFile,
  seed: LibtorrentSeed,
  share: number,
): Promise<readonly number[]> {
  await seed.setRate(Math.round(((1 - share) * torrent.content.totalBytes) / leftSeconds))
  await using importing = new BaeProcess(library, importArgs(torrent, seed))
  await importing.whenProgress(60_000, ({ pieces }) => pieces > 0)
  const servers = await library.servers()
  await importing.whenProgress(
    60_000,
    ({ pieces, totalPieces }) => totalPieces > 0 && pieces / totalPieces >= share,
  )
  const killed = await importing.kill()
  expect(killed.signal).toBe('SIGKILL')
  return servers
}

async function finish(library: BaeLibrary, torrent: TorrentFile, seed: LibtorrentSeed) {
  await using importing = new BaeProcess(library, importArgs(torrent, seed))
  return completedOf(await importing.result(60_000))
}

async function recordedBytes(library: BaeLibrary): Promise<number> {
  const [snapshot] = await baeJson<readonly ImportSnapshot[]>(library, ['list'])
  return snapshot?.bytes ?? 0
}

function importArgs(torrent: TorrentFile, seed: LibtorrentSeed): readonly string[] {
  return ['import', torrent.path, '--peer', seed.address, '--json']
}
