// What does it cost to open a torrent of 1 TiB in a million chunks, and to find the chunks of its pieces?
// node dist/mapper.js [--rounds 5]
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import type { MapperFigures } from './mapper-figures.js'
import { formatSpread } from './result-table.js'
import { spreadOf } from './statistics.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
const subject = join(repositoryRoot, 'bench/dist/mapper-subject.js')

/** Files, and which pieces are had: half of them anywhere is the worst for what works on runs. */
const cases = [
  ['1', 'none'],
  ['1', 'all'],
  ['1', 'half'],
  ['100000', 'none'],
  ['100000', 'all'],
] as const

/** A process of its own for each: a torrent is opened by code that has not run before. */
function measure(files: string, state: string): MapperFigures {
  const args = ['--expose-gc', subject, files, state]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as MapperFigures
}

process.stdout.write(
  '| files | had | opened, ms of CPU | mapper made, ms | mapper, MiB | one piece mapped, ns |\n',
)
process.stdout.write('|---|---|---|---|---|---|\n')
for (const [files, state] of cases) {
  const rounds = Array.from({ length: Number(values.rounds) }, () => measure(files, state))
  const figures = [
    rounds.map(({ openMs }) => openMs),
    rounds.map(({ mapperMs }) => mapperMs),
    rounds.map(({ mapperBytes }) => mapperBytes / 1024 / 1024),
    rounds.map(({ mapNs }) => mapNs),
  ].map(spreadOf)
  process.stdout.write(`| ${[files, state, ...figures.map(formatSpread)].join(' | ')} |\n`)
  await writeResult('mapper', { files, state, rounds })
}
