// How soon is the first byte there after a seek into a part of a file that is not downloaded, beside WebTorrent?
// node dist/seek.js --webtorrent FOLDER [--rounds 5] [--mebibytes 2048] [--rate 20]: MiB/s of the seed
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { BenchPeer } from './bench-peer.js'
import { openBenchSeed } from './bench-seed.js'
import { type Figures, formatTable, type Round, resultRows } from './result-table.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    mebibytes: { type: 'string', default: '2048' },
    rate: { type: 'string', default: '20' },
    webtorrent: { type: 'string', default: '' },
  },
})
const totalBytes = Number(values.mebibytes) * mebibyte
/** Parts of the file, far from each other and from where a download is by then. */
const places = [0.9, 0.5, 0.7]

await using workshop = new Workshop()
const torrent = await workshop.fileTorrent(totalBytes, mebibyte)

/** While the client downloads everything as it sees fit, as fast as the seed is. */
async function measure(program: 'client-node' | 'webtorrent-node', first: string): Promise<Figures> {
  const folder = await mkdtemp(join(await workshop.folder, `${program} `))
  await using seed = await openBenchSeed(torrent, Number(values.rate) * mebibyte)
  await using peer = await BenchPeer.start(program, first, torrent.path, folder)
  seed.dial(peer.address)
  const figures: Record<string, number> = {}
  for (const place of places) {
    const before = seed.uploadedBytes()
    while (seed.uploadedBytes() < before + 16 * mebibyte)
      await new Promise((resolve) => setTimeout(resolve, 5))
    const uploadedBefore = seed.uploadedBytes()
    // In the middle of a piece.
    const offset = Math.floor((totalBytes * place) / mebibyte) * mebibyte + mebibyte / 2
    figures[`first byte at ${place} of the file, ms`] = await peer.seek(offset)
    figures[`given away meanwhile, MiB, at ${place}`] = (seed.uploadedBytes() - uploadedBefore) / mebibyte
  }
  return figures
}

const rounds: Round[] = []
for (let number = 1; number <= Number(values.rounds); number++) {
  const ours = await measure('client-node', 'library')
  rounds.push({ ours, theirs: await measure('webtorrent-node', values.webtorrent) })
  process.stderr.write(`round ${number} of ${values.rounds}\n`)
}
const rows = resultRows(rounds)
process.stdout.write(`${formatTable(rows, { ours: 'bae, library', theirs: 'WebTorrent' })}\n`)
await writeResult('seek', { totalBytes, seedMebibytesPerSecond: Number(values.rate), rows, rounds })
