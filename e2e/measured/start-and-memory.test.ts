import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, bae, baeJson, completedOf, importTorrent } from '../harness/bae-process.js'
import { poll } from '../harness/bounded-wait.js'
import { expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { MemoryWatch, processTree } from '../harness/memory-watch.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { gibibyte, kibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const memoryLimitBytes = 400 * mebibyte

it('the first byte of a local seed comes within a second of the start of the session', async (context) => {
  needs(context, 'python3-libtorrent')
  const warmUp = await workshop.fileTorrent(40_000, 16 * kibibyte)
  const torrents = await Promise.all(
    [1, 2, 3].map((number) => workshop.fileTorrent(mebibyte + number, 16 * kibibyte)),
  )
  await using seed = await LibtorrentSeed.start([warmUp, ...torrents])
  await using library = await BaeLibrary.create()
  await importTorrent(library, warmUp.path, [seed])
  const startMs = await shortestMs(3, () => baeJson(library, ['list']))

  const next = torrents.values()
  const firstByteMs = await shortestMs(3, async () => {
    const path = next.next().value?.path ?? ''
    const uploadedBefore = (await seed.count()).uploadedBytes
    const importing = new BaeProcess(library, ['import', path, '--peer', seed.address, '--json'])
    await poll(10_000, 'the first byte', async () => {
      const { uploadedBytes } = await seed.count()
      return uploadedBytes > uploadedBefore ? true : undefined
    })
    return async () => {
      completedOf(await importing.result(10_000))
      await importing[Symbol.asyncDispose]()
    }
  })
  context.annotate(
    `first byte after ${Math.round(firstByteMs)} ms, of which ${Math.round(startMs)} ms are process and database`,
  )
  // A process and its database start before the session does: as much as for a command without a session.
  expect(firstByteMs - startMs).toBeLessThan(1000)
})

it('importing what is there already is instant', async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(mebibyte, 16 * kibibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  await importTorrent(library, torrent.path, [seed])
  expect(await shortestMs(2, () => importTorrent(library, torrent.path, [seed]))).toBeLessThan(2000)
})

it('help comes in under half a second', async () => {
  await using library = await BaeLibrary.create()
  expect(await shortestMs(3, () => bae(library, ['--help']))).toBeLessThan(500)
})

it('importing 2 GiB keeps all bae processes together below 400 MiB', {
  timeout: 120_000,
}, async (context) => {
  needs(context, 'python3-libtorrent')
  const torrent = await workshop.fileTorrent(2 * gibibyte, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  await using library = await BaeLibrary.create()
  await using importing = new BaeProcess(library, ['import', torrent.path, '--peer', seed.address, '--json'])
  await using watch = new MemoryWatch({
    node: async () => [importing.pid],
    all: async () => {
      const servers = await library.servers()
      const trees = await Promise.all([importing.pid, ...servers].map(processTree))
      return trees.flat()
    },
  })
  const completed = completedOf(await importing.result(90_000))
  await watch.stop()
  const [node, all] = [watch.peakBytes('node'), watch.peakBytes('all')]
  context.annotate(`VmHWM: node ${toMebibytes(node)} MiB, with PostgreSQL ${toMebibytes(all)} MiB`)
  expect(node).toBeGreaterThan(20 * mebibyte)
  expect(all).toBeGreaterThan(node)
  expect(all).toBeLessThan(memoryLimitBytes)
  await expectVerified(library, completed.id, completed.pieces)
})

/** The shortest of several runs, as others may use the machine too. What `run` gives is called after its time. */
async function shortestMs(times: number, run: () => Promise<unknown>): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY
  for (let count = 0; count < times; count += 1) {
    const startedAtMs = performance.now()
    const finish = await run()
    shortest = Math.min(shortest, performance.now() - startedAtMs)
    if (typeof finish === 'function') await finish()
  }
  return shortest
}

function toMebibytes(bytes: number): number {
  return Math.round(bytes / mebibyte)
}
