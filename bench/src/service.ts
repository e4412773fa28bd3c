// What does the service cost above the client that it drives, and how soon does it go on with thousands of imports?
// node dist/service.js [--rounds 3] [--mebibytes 512] [--torrents 1000,10000]
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ChildProgram } from 'bae-e2e/harness/child-program.js'
import { repositoryRoot } from 'bae-e2e/harness/repository-root.js'
import { mebibyte } from 'bae-e2e/harness/sizes.js'
import { Workshop } from 'bae-e2e/harness/workshop.js'
import { measureClientDownload } from './client-runs.js'
import { flushPageCache } from './page-cache.js'
import { type Figures, formatSpread, formatTable, type Round, resultRows } from './result-table.js'
import type { SeedsFigures } from './seeds-figures.js'
import { spreadOf } from './statistics.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    mebibytes: { type: 'string', default: '512' },
    torrents: { type: 'string', default: '1000,10000' },
  },
})
const roundNumbers = Array.from({ length: Number(values.rounds) }, (_, index) => index + 1)
const runLimitMs = 600_000

await using workshop = new Workshop()

async function overhead(): Promise<readonly Round[]> {
  const torrent = await workshop.fileTorrent(Number(values.mebibytes) * mebibyte, mebibyte)
  const measure = async (client: string): Promise<Figures> => {
    const folder = await mkdtemp(join(await workshop.folder, `${client} `))
    flushPageCache()
    return await measureClientDownload({ client, torrent, folder })
  }
  const rounds: Round[] = []
  for (const number of roundNumbers) {
    rounds.push({ ours: await measure('service'), theirs: await measure('library') })
    process.stderr.write(`round ${number} of ${values.rounds}\n`)
  }
  return rounds
}

async function starts(count: string): Promise<readonly SeedsFigures[]> {
  const folder = await mkdtemp(join(await workshop.folder, 'seeds '))
  await runNode('fill', count, folder)
  const rounds: SeedsFigures[] = []
  for (const number of roundNumbers) {
    rounds.push(await runNode('seeds', count, folder))
    process.stderr.write(`${count} imports, round ${number} of ${values.rounds}\n`)
  }
  return rounds
}

async function runNode<T>(role: 'fill' | 'seeds', count: string, folder: string): Promise<T> {
  const script = join(repositoryRoot, 'bench/dist/service-node.js')
  await using node = new ChildProgram(process.execPath, [script, role, count, folder])
  const said = await node.nextLine(runLimitMs)
  const { code } = await node.whenExited(runLimitMs)
  if (code !== 0) throw new Error(`${role} exited ${code}: ${node.stderr}`)
  return JSON.parse(said) as T
}

const rounds = Number(values.mebibytes) > 0 ? await overhead() : []
const rows = resultRows(rounds)
process.stdout.write(`${formatTable(rows, { ours: 'service', theirs: 'client with a library' })}\n`)

const head = [
  'imports',
  'begun, s',
  'all seeding, s',
  'CPU of that, s',
  'idle, % of a core',
  'resident, MiB',
  'peak, MiB',
]
process.stdout.write(`\n| ${head.join(' | ')} |\n|${head.map(() => '---|').join('')}\n`)
const started: Record<string, readonly SeedsFigures[]> = {}
for (const count of values.torrents.split(',')) {
  const figures = await starts(count)
  started[count] = figures
  const cells = [
    figures.map(({ startedMs }) => startedMs / 1000),
    figures.map(({ seedingMs }) => seedingMs / 1000),
    figures.map(({ startCpuSeconds }) => startCpuSeconds),
    figures.map(({ idleCpuPercent }) => idleCpuPercent),
    figures.map(({ residentBytes }) => residentBytes / mebibyte),
    figures.map(({ peakBytes }) => peakBytes / mebibyte),
  ].map((numbers) => formatSpread(spreadOf(numbers)))
  process.stdout.write(`| ${[count, ...cells].join(' | ')} |\n`)
}
await writeResult('service', { ...values, rows, rounds, started })
