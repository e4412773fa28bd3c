// What does seeding from a JavaScript storage cost, whose bytes are in memory, against libtorrent's mmap storage with
// a warm page cache? node dist/upload.js [--rounds 5] [--mebibytes 1024] [--piece 1048576]
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { openBenchSession } from './bench-session.js'
import { makeBenchTorrent } from './bench-torrent.js'
import { measureProcess } from './measured-process.js'
import { processFigures } from './measured-run.js'
import { type Figures, formatTable, type Round, resultRows } from './result-table.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    mebibytes: { type: 'string', default: '1024' },
    piece: { type: 'string', default: '1048576' },
  },
})
const seeder = join(repositoryRoot, 'bench/dist/upload-seeder.js')

/** The leecher keeps nothing and hashes nothing, so that it is not what is waited for. */
async function measureSeeder(kind: 'javascript' | 'mmap', torrent: TorrentFile): Promise<Figures> {
  const leecher = await openBenchSession({
    diskBackend: 'disabled',
    settings: { disable_hash_checks: true },
  })
  const { session } = leecher
  try {
    const torrentFile = await readFile(torrent.path)
    const handle = await session.addTorrent({ torrentId: 'leech', torrentFile, savePath: '/tmp' })
    const { folder } = torrent.content
    const address = ['127.0.0.1', String(session.listenPort)]
    const command = [process.execPath, seeder, kind, torrent.path, folder, ...address]
    const { figures, seen } = await measureProcess(command, async () => {
      const firstAtMs = await firstByteAtMs(() => session.torrentStatus(handle).downloadedBytes)
      await leecher.until('torrentFinished')
      const seconds = (performance.now() - firstAtMs) / 1000
      await session.removeTorrent(handle)
      return seconds
    })
    return { 'first to last payload byte, s': seen, ...processFigures(figures) }
  } finally {
    await session.close()
  }
}

async function firstByteAtMs(downloadedBytes: () => number): Promise<number> {
  while (downloadedBytes() === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  return performance.now()
}

await using workshop = new Workshop()
const shape = {
  totalBytes: Number(values.mebibytes) * mebibyte,
  pieceLengthBytes: Number(values.piece),
  format: 'v1',
} as const
const torrent = await makeBenchTorrent(workshop, shape)
// The file comes into the page cache.
await measureSeeder('mmap', torrent)
const rounds: Round[] = []
for (let number = 0; number < Number(values.rounds); number++) {
  const ours = await measureSeeder('javascript', torrent)
  rounds.push({ ours, theirs: await measureSeeder('mmap', torrent) })
}
const rows = resultRows(rounds)
const table = formatTable(rows, { ours: 'JavaScript storage', theirs: 'libtorrent mmap, warm' })
process.stdout.write(`\n${values.mebibytes} MiB, pieces of ${values.piece} bytes\n\n${table}\n`)
await writeResult('upload', { shape, rows, rounds })
