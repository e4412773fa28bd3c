// What does it cost to keep bytes in a library, against the best plain way to write and read one file?
// node dist/storage.js [--rounds 5] [--mebibytes 2048] [--files 1,2000] [--piece 1048576,262144] [--chunks 2048]
import { parseArgs } from 'node:util'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { formatTable, type Round, resultRows } from './result-table.js'
import { StorageRuns, type StorageShape } from './storage-runs.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    mebibytes: { type: 'string', default: '2048' },
    files: { type: 'string', default: '1,2000' },
    piece: { type: 'string', default: '1048576,262144' },
    chunks: { type: 'string', default: '2048' },
  },
})
const totalBytes = Number(values.mebibytes) * mebibyte
await using runs = new StorageRuns()

/** None of an empty list. */
function numbersOf(list: string): readonly number[] {
  return list.split(',').filter(Boolean).map(Number)
}

async function compare(shape: StorageShape): Promise<void> {
  const rounds: Round[] = []
  for (let number = 0; number < Number(values.rounds); number++) {
    const ours = await runs.measure(shape, 'bae')
    rounds.push({ ours, theirs: await runs.measurePlain(shape) })
  }
  const rows = resultRows(rounds)
  const hashes = shape.hashesGiven ? 'given' : 'made here'
  const title = `${values.mebibytes} MiB, files: ${shape.files}, pieces of ${shape.pieceLengthBytes} bytes, hashes ${hashes}`
  const table = formatTable(rows, { ours: 'library', theirs: 'one plain file' })
  process.stdout.write(`\n${title}\n\n${table}\n`)
  await writeResult('storage', { shape, rows, rounds })
}

/** What each step costs, for chunks that are new to the library, and once more for another torrent with the same ones. */
async function compareSteps(chunks: number): Promise<void> {
  const rounds: Round[] = []
  for (let number = 0; number < Number(values.rounds); number++) {
    const { known, fresh } = await runs.measureSteps(chunks)
    rounds.push({ ours: known, theirs: fresh })
  }
  const rows = resultRows(rounds)
  const table = formatTable(rows, { ours: 'known already', theirs: 'new' })
  process.stdout.write(`\n${chunks} chunks of 1 MiB, CPU a chunk, µs\n\n${table}\n`)
  await writeResult('storage-steps', { chunks, rows, rounds })
}

if (Number(values.chunks) > 0) await compareSteps(Number(values.chunks))
for (const files of numbersOf(values.files)) {
  for (const pieceLengthBytes of numbersOf(values.piece)) {
    await compare({ totalBytes, files, pieceLengthBytes, hashesGiven: false, isCold: true })
    // Files of odd lengths do not begin where a block does: their blocks are no leaves.
    if (files === 1) await compare({ totalBytes, files, pieceLengthBytes, hashesGiven: true, isCold: true })
  }
}
