// What does importing through bae cost, against libtorrent's own mmap storage in the same kind of process?
// node dist/download.js [--rounds 5] [--mebibytes 2048]

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BaeLibrary } from 'bae-e2e/harness/bae-library.js'
import { baePath } from 'bae-e2e/harness/bae-process.js'
import { LibtorrentSeed } from 'bae-e2e/harness/peers/libtorrent-seed.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { makeTemporaryFolder, removeFolder } from 'bae-e2e/harness/temporary-folder.js'
import type { TorrentFile } from 'bae-e2e/harness/torrent-maker.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { downloadFigures, type Measurement, measureDownload } from './measured-run.js'
import { flushPageCache } from './page-cache.js'
import { formatTable, type Round, resultRows } from './result-table.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, mebibytes: { type: 'string', default: '2048' } },
})
const roundCount = Number(values.rounds)
const totalBytes = Number(values.mebibytes) * mebibyte

async function measureBae(seed: LibtorrentSeed, torrent: TorrentFile): Promise<Measurement> {
  await using library = await BaeLibrary.create()
  const command = [process.execPath, baePath, 'import', torrent.path, '--peer', seed.address, '--json']
  return await measureDownload(seed, totalBytes, command, library.env)
}

async function measureMmap(seed: LibtorrentSeed, torrent: TorrentFile): Promise<Measurement> {
  const folder = await makeTemporaryFolder()
  try {
    const [host = '', port = ''] = seed.address.split(':')
    const leecher = join(repositoryRoot, 'bench/dist/mmap-leecher.js')
    return await measureDownload(seed, totalBytes, [
      process.execPath,
      leecher,
      torrent.path,
      folder,
      host,
      port,
    ])
  } finally {
    await removeFolder(folder)
  }
}

async function measureRound(seed: LibtorrentSeed, torrent: TorrentFile): Promise<Round> {
  flushPageCache()
  const ours = downloadFigures(await measureBae(seed, torrent))
  flushPageCache()
  return { ours, theirs: downloadFigures(await measureMmap(seed, torrent)) }
}

async function main(): Promise<void> {
  await using workshop = new Workshop()
  const torrent = await workshop.fileTorrent(totalBytes, mebibyte)
  await using seed = await LibtorrentSeed.start([torrent])
  // The seed hashes each piece before it gives it away for the first time.
  await measureMmap(seed, torrent)
  const rounds: Round[] = []
  for (let number = 1; number <= roundCount; number += 1) {
    rounds.push(await measureRound(seed, torrent))
    process.stderr.write(`round ${number} of ${roundCount}\n`)
  }
  const rows = resultRows(rounds)
  process.stdout.write(`${formatTable(rows, { ours: 'bae import', theirs: 'libtorrent mmap' })}\n`)
  const shape = { totalBytes, pieceLengthBytes: mebibyte, files: 1, version: 1 }
  await writeResult('download', { torrent: shape, rows, rounds })
}

await main()
