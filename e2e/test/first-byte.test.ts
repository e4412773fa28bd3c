import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, baeJson, completedOf, importTorrent } from '../harness/bae-process.js'
import { poll } from '../harness/bounded-wait.js'
import { needs } from '../harness/foreign-program.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { readTorrent } from '../harness/read-torrent.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

it('the first byte of a local seed comes within a second of the start of the session', async (context) => {
  needs(context, 'python3-libtorrent')
  const [warmUp, torrent] = [
    await workshop.fileTorrent(40_000, 16 * kibibyte),
    await workshop.fileTorrent(mebibyte, 16 * kibibyte),
  ]
  await using seed = await LibtorrentSeed.start([warmUp, torrent])
  await using library = await BaeLibrary.create()
  await importTorrent(library, warmUp.path, [seed])
  const startMs = await shortestMs(3, () => baeJson(library, ['list']))

  const uploadedBefore = (await seed.count()).uploadedBytes
  const startedAtMs = performance.now()
  await using importing = new BaeProcess(library, ['import', torrent.path, '--peer', seed.address, '--json'])
  await poll(10_000, 'the first byte', async () => {
    const { uploadedBytes } = await seed.count()
    return uploadedBytes > uploadedBefore ? true : undefined
  })
  const firstByteMs = performance.now() - startedAtMs
  completedOf(await importing.result(10_000))
  context.annotate(
    `first byte after ${Math.round(firstByteMs)} ms, of which ${Math.round(startMs)} ms are process and database`,
  )
  // A process and its database start before the session does: as much as for a command without a session.
  expect(firstByteMs - startMs).toBeLessThan(1000)
})

it('every peer that is named is dialled, also two at one address', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(mebibyte, 16 * kibibyte)
  const content = await readTorrent(torrent)
  // None of them gives anything, so that all are still wanted.
  const silent = { tamper: () => new Uint8Array(0) }
  await using first = await RawSeed.start(content, silent)
  await using second = await RawSeed.start(content, silent)
  await using third = await RawSeed.start(content, { ...silent, host: '127.0.0.2' })
  await using library = await BaeLibrary.create()
  const peers = [first, second, third].flatMap((peer) => ['--peer', peer.address])
  await using importing = new BaeProcess(library, ['import', torrent.path, ...peers, '--json'])
  await importing.whenProgress(10_000, ({ state }) => state === 'downloading')
  for (const [number, peer] of [first, second, third].entries()) {
    await poll(5000, `peer ${number} dialled`, () => peer.connectedAtMs)
  }
})

async function shortestMs(times: number, run: () => Promise<unknown>): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY
  for (let count = 0; count < times; count += 1) {
    const startedAtMs = performance.now()
    await run()
    shortest = Math.min(shortest, performance.now() - startedAtMs)
  }
  return shortest
}
