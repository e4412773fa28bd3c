import { afterAll, expect, it } from 'vitest'
import { BaeLibrary } from '../harness/bae-library.js'
import { BaeProcess, completedOf } from '../harness/bae-process.js'
import { expectVerified } from '../harness/expect-export.js'
import { needs } from '../harness/foreign-program.js'
import { MemoryWatch, processTree } from '../harness/memory-watch.js'
import { LibtorrentSeed } from '../harness/peers/libtorrent-seed.js'
import { gibibyte, mebibyte } from '../harness/sizes.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

const memoryLimitBytes = 400 * mebibyte

it('importing 2 GiB keeps all bae processes together below 400 MiB', async (context) => {
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
  const completed = completedOf(await importing.result(200_000))
  await watch.stop()
  const [node, all] = [watch.peakBytes('node'), watch.peakBytes('all')]
  context.annotate(`VmHWM: node ${toMebibytes(node)} MiB, with PostgreSQL ${toMebibytes(all)} MiB`)
  expect(node).toBeGreaterThan(20 * mebibyte)
  expect(all).toBeGreaterThan(node)
  expect(all).toBeLessThan(memoryLimitBytes)
  await expectVerified(library, completed.id, completed.pieces)
})

function toMebibytes(bytes: number): number {
  return Math.round(bytes / mebibyte)
}
