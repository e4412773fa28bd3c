import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { hasProgram } from 'bae-e2e/harness/foreign-program.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { removeFolder } from 'bae-e2e/harness/temporary-folder.js'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import type { Workshop } from 'bae-e2e/harness/workshop.js'
import { makeBenchTorrent } from '../bench-torrent.js'
import { type ClientRun, isForeign, measureClientDownload, measureClientSeeding } from '../client-runs.js'
import { flushPageCache } from '../page-cache.js'
import { putAside } from '../put-aside.js'
import type { Figures } from '../result-table.js'
import { sizeText } from './download-cases.js'
import type { MatrixCase } from './matrix-case.js'

const cpu = 'seeding, CPU, s'
const seeded = 'seeding, first to last byte, s'

/** Content in our library, in libtorrent's own storage in the same client, and in libtorrent's own client. */
const seeders = { bae: 'library', mmap: 'files', 'libtorrent (python)': 'libtorrent' } as const

export function seedingCases(totalBytes: number): readonly MatrixCase[] {
  return (['cold', 'warm'] as const).flatMap((cache) =>
    [1, 8].map((leechers) => seedingCase(totalBytes, leechers, cache)),
  )
}

function seedingCase(totalBytes: number, leechers: number, cache: 'cold' | 'warm'): MatrixCase {
  const isCold = cache === 'cold'
  const atMost = isCold ? 0.9 : 1
  return {
    row: 2,
    name: `${sizeText(totalBytes)} to ${leechers === 1 ? '1 leecher' : `${leechers} leechers`}, ${cache}`,
    baseline: 'mmap',
    control: 'libtorrent (python)',
    goals: [seeded, cpu].map((quantity) => ({ quantity, of: 'ratio', atMost })),
    async open(workshop) {
      const torrent = await makeBenchTorrent(workshop, {
        totalBytes,
        pieceLengthBytes: mebibyte,
        format: 'v1',
      })
      const runs: (readonly [string, ClientRun])[] = []
      for (const [name, client] of Object.entries(seeders)) {
        const run = await runOf(workshop, client, torrent)
        await measureClientDownload(run)
        // What is read once before is warm.
        if (!isCold) await measureClientSeeding(run)
        runs.push([name, run])
      }
      flushPageCache()
      return {
        sides: runs.map(([name, run]) => ({
          name,
          measure: () => measureClientSeeding(run, { leechers, isCold }),
        })),
        [Symbol.asyncDispose]: async () => {
          for (const [, { folder }] of runs) await removeFolder(folder)
        },
      }
    },
  }
}

/** Others once: how long the whole client takes, each against ours in the same round. */
export function otherClientCases(totalBytes: number, webtorrent: string | undefined): readonly MatrixCase[] {
  const clients = ['aria2', 'transmission-daemon', 'qbittorrent-nox', 'webtorrent']
  const isThere = (client: string) =>
    client === 'webtorrent' ? webtorrent !== undefined : isForeign(client) && hasProgram(client)
  return clients.filter(isThere).map((client) => ({
    row: 1,
    name: `${sizeText(totalBytes)} beside ${client}`,
    baseline: client,
    goals: [],
    rounds: 1,
    async open(workshop) {
      const torrent = await makeBenchTorrent(workshop, {
        totalBytes,
        pieceLengthBytes: mebibyte,
        format: 'v1',
      })
      const side = (name: string, kind: string) => ({
        name,
        measure: () => measureFresh(workshop, kind, torrent, webtorrent),
      })
      return { sides: [side('bae', 'library'), side(client, client)], async [Symbol.asyncDispose]() {} }
    },
  }))
}

async function measureFresh(
  workshop: Workshop,
  client: string,
  torrent: TorrentFile,
  webtorrent: string | undefined,
): Promise<Figures> {
  const run = await runOf(workshop, client, torrent)
  flushPageCache()
  try {
    return await measureClientDownload({ ...run, ...(webtorrent !== undefined && { webtorrent }) })
  } finally {
    await putAside(run.folder, workshop)
  }
}

async function runOf(workshop: Workshop, client: string, torrent: TorrentFile): Promise<ClientRun> {
  return { client, torrent, folder: await mkdtemp(join(await workshop.folder, `${client} `)) }
}
