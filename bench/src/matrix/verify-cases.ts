import { join } from 'node:path'
import { BaeLibrary } from 'bae-e2e/harness/bae-library.js'
import { baePath, importTorrent } from 'bae-e2e/harness/bae-process.js'
import { LibtorrentSeed } from 'bae-e2e/harness/peers/libtorrent-seed.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import { makeBenchTorrent } from '../bench-torrent.js'
import { pythonLeecher } from '../leecher-commands.js'
import { measureProcess } from '../measured-process.js'
import { dropPageCache, flushPageCache } from '../page-cache.js'
import type { Figures } from '../result-table.js'
import { sizeText } from './download-cases.js'
import type { MatrixCase, Side } from './matrix-case.js'

const importLimitMs = 240_000
const duration = 'start to end of the process, s'
const cpu = 'CPU, s'

export function verifyCases(totalBytes: number): readonly MatrixCase[] {
  return (['cold', 'warm'] as const).map((cache) => ({
    row: 3,
    name: `${sizeText(totalBytes)}, ${cache}`,
    baseline: 'mmap recheck',
    control: 'libtorrent (python)',
    goals: [duration, cpu].map((quantity) => ({ quantity, of: 'ratio', atMost: cache === 'cold' ? 0.9 : 1 })),
    async open(workshop) {
      const shape = { totalBytes, pieceLengthBytes: mebibyte, format: 'v1' } as const
      const torrent = await makeBenchTorrent(workshop, shape)
      const library = await BaeLibrary.create()
      try {
        const sides = checkers(torrent, library, await importOnce(library, torrent), cache === 'cold')
        // What is read once before is warm.
        if (cache === 'warm') for (const side of sides) await side.measure()
        return { sides, [Symbol.asyncDispose]: () => library.close() }
      } catch (error) {
        await library.close()
        throw error
      }
    },
  }))
}

async function importOnce(library: BaeLibrary, torrent: TorrentFile): Promise<string> {
  await using seed = await LibtorrentSeed.start([torrent])
  const { id } = await importTorrent(library, torrent.path, [seed], { limitMs: importLimitMs })
  flushPageCache()
  return id
}

function checkers(torrent: TorrentFile, library: BaeLibrary, id: string, isCold: boolean): readonly Side[] {
  const { path, content } = torrent
  const mmap = join(repositoryRoot, 'bench/dist/recheck-checker.js')
  const job = { torrentPath: path, folder: content.folder, addresses: [] }
  const side = (name: string, command: readonly string[], env: NodeJS.ProcessEnv = {}): Side => ({
    name,
    measure: () => measureCheck(command, env, isCold),
  })
  return [
    side('bae verify', [process.execPath, baePath, 'verify', id, '--json'], library.env),
    side('mmap recheck', [process.execPath, mmap, 'mmap', path, content.folder, content.path]),
    side('libtorrent (python)', pythonLeecher(job)),
  ]
}

async function measureCheck(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  isCold: boolean,
): Promise<Figures> {
  if (isCold) dropPageCache()
  const { figures } = await measureProcess(command, async () => {}, env)
  return {
    [duration]: figures.processSeconds,
    [cpu]: figures.cpuSeconds,
    'peak resident, MiB': figures.peakServiceBytes / mebibyte,
  }
}
