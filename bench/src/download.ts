// What does importing through bae cost, against libtorrent's own mmap storage in the same kind of process?
// node dist/download.js [--rounds 5] [--mebibytes 2048]

import { parseArgs } from 'node:util'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { DownloadSides } from './download-sides.js'
import { downloadFigures } from './measured-run.js'
import { formatTable, type Round, resultRows } from './result-table.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, mebibytes: { type: 'string', default: '2048' } },
})
const roundCount = Number(values.rounds)
const totalBytes = Number(values.mebibytes) * mebibyte

async function main(): Promise<void> {
  await using workshop = new Workshop()
  const pieceLengthBytes = mebibyte
  await using sides = await DownloadSides.open(workshop, { totalBytes, pieceLengthBytes, format: 'v1' }, 1)
  const rounds: Round[] = []
  for (let number = 1; number <= roundCount; number += 1) {
    const ours = downloadFigures(await sides.baeWithLibrary())
    rounds.push({ ours, theirs: downloadFigures(await sides.native('mmap')) })
    process.stderr.write(`round ${number} of ${roundCount}\n`)
  }
  const rows = resultRows(rounds)
  process.stdout.write(`${formatTable(rows, { ours: 'bae import', theirs: 'libtorrent mmap' })}\n`)
  const shape = { totalBytes, pieceLengthBytes, files: 1, version: 1 }
  await writeResult('download', { torrent: shape, rows, rounds })
}

await main()
