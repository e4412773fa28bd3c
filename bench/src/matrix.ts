// Is bae faster than libtorrent's own disk code, with less memory? All rows of the benchmark (bench/README.md).
// node dist/matrix.js [--all] [--rounds 5, 3 with --all] [--mebibytes 2048] [--row 1,2] [--webtorrent FOLDER]
import { parseArgs } from 'node:util'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { compareSides } from './matrix/compare-sides.js'
import type { CaseResult } from './matrix/matrix-case.js'
import { firstOfEachRow, matrixCases } from './matrix/matrix-cases.js'
import { formatMatrix, formatPage, matrixNotes, plotRow } from './matrix/matrix-report.js'
import { runCase } from './matrix/run-case.js'
import { describeRun, resultName, writeResultFile } from './write-result.js'

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    mebibytes: { type: 'string', default: '2048' },
    row: { type: 'string', default: '1,2,3,5,6' },
    webtorrent: { type: 'string' },
  },
})
const rounds = Number(values.rounds ?? (values.all ? 3 : 5))
const wantedRows = values.row.split(',').map(Number)
const every = matrixCases({
  totalBytes: Number(values.mebibytes) * mebibyte,
  ...(values.webtorrent !== undefined && { webtorrent: values.webtorrent }),
})
const cases = (values.all ? every : firstOfEachRow(every)).filter(({ row }) => wantedRows.includes(row))
const run = describeRun()
const name = resultName('matrix', run)
const plotOf = (row: number) => `${name}-row-${row}.svg`

/** After each case: what a long run has found is not lost with its end. */
async function write(results: readonly CaseResult[]): Promise<void> {
  const compared = results.map((result) => ({ ...result, comparisons: compareSides(result) }))
  const found = { benchmark: 'matrix', ...run, rounds, cases: compared }
  await writeResultFile(`${name}.json`, `${JSON.stringify(found, undefined, 2)}\n`)
  for (const row of new Set(results.map((result) => result.row))) {
    await writeResultFile(plotOf(row), plotRow(row, results))
  }
  const page = await writeResultFile(`${name}.md`, formatPage(run, results, plotOf))
  process.stderr.write(`written: ${page}\n`)
}

await using workshop = new Workshop()
const results: CaseResult[] = []
for (const [at, matrixCase] of cases.entries()) {
  const say = (line: string) =>
    process.stderr.write(`${at + 1} of ${cases.length}, row ${matrixCase.row}, ${matrixCase.name}: ${line}\n`)
  results.push(await runCase(matrixCase, workshop, Math.min(rounds, matrixCase.rounds ?? rounds), say))
  await write(results)
}
process.stdout.write(`\n${formatMatrix(results)}\n\n${matrixNotes(results).join('\n')}\n`)
if (results.some(({ failure }) => failure !== undefined)) process.exitCode = 1
