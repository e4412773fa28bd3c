// Has something become half as dear again? Ratios of pairs in the same run, never times. Under 90 seconds; writes nothing.
// node dist/guard.js [--rounds 3] [--mebibytes 256]
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { makeBenchTorrent } from './bench-torrent.js'
import { measureClientDownload } from './client-runs.js'
import { type GuardPair, judgePair } from './guard-judgement.js'
import { putAside } from './put-aside.js'
import { type Figures, formatSpread } from './result-table.js'
import { StorageRuns } from './storage-runs.js'

const { values } = parseArgs({
  options: {
    guard: { type: 'boolean' },
    rounds: { type: 'string', default: '3' },
    mebibytes: { type: 'string', default: '256' },
  },
})
const totalBytes = Number(values.mebibytes) * mebibyte

await using workshop = new Workshop()
await using runs = new StorageRuns()
const torrent = await makeBenchTorrent(workshop, { totalBytes, pieceLengthBytes: mebibyte, format: 'v1' })

async function download(client: 'library' | 'files'): Promise<Figures> {
  const folder = await mkdtemp(join(await workshop.folder, `${client} `))
  try {
    return await measureClientDownload({ client, torrent, folder })
  } finally {
    await putAside(folder, workshop)
  }
}

const shape = { totalBytes, files: 1, pieceLengthBytes: mebibyte, hashesGiven: false, isCold: false }
const pairs: readonly GuardPair[] = [
  {
    name: 'download, library / mmap',
    usual: { 'download, CPU, s': 1, 'download, peak resident, MiB': 0.6 },
    measure: async () => ({ ours: await download('library'), theirs: await download('files') }),
  },
  {
    name: 'storage, library / one plain file, cached',
    usual: { 'CPU of writing, s': 5 },
    measure: async () => ({
      ours: await runs.measure(shape, 'bae'),
      theirs: await runs.measure(shape, 'cached'),
    }),
  },
]

process.stdout.write('| pair | what | ratio | at most |\n|---|---|---|---|\n')
const say = (line: string) => process.stderr.write(`${line}\n`)
for (const pair of pairs) {
  for (const { quantity, ratio, atMost, isExceeded } of await judgePair(pair, Number(values.rounds), say)) {
    const verdict = isExceeded ? ' **exceeded**' : ''
    process.stdout.write(
      `| ${pair.name} | ${quantity} | ${formatSpread(ratio)} | ${atMost.toFixed(2)}${verdict} |\n`,
    )
    if (isExceeded) process.exitCode = 1
  }
}
