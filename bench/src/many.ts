// What does a torrent cost among thousands? Each step of 500 is a row: it should cost what the one before it did.
// node dist/many.js [--rounds 3] [--torrents 2000] [--step 500] [--storage library|files]
import { parseArgs } from 'node:util'
import { makeTemporaryFolder, removeFolder } from 'bae-e2e/harness/temporary-folder.js'
import { runManyClient } from './many-run.js'
import type { ManyFigures, ManyPlan, StepCost } from './many-torrents.js'
import { formatSpread } from './result-table.js'
import { spreadOf } from './statistics.js'
import { writeResult } from './write-result.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    torrents: { type: 'string', default: '2000' },
    step: { type: 'string', default: '500' },
    storage: { type: 'string', default: 'library' },
  },
})
const actions = ['add', 'pause', 'resume', 'restore', 'remove'] as const

async function measureRound(): Promise<ManyFigures> {
  const folder = await makeTemporaryFolder()
  const plan: ManyPlan = {
    torrents: Number(values.torrents),
    step: Number(values.step),
    storage: values.storage === 'files' ? 'files' : 'library',
    folder,
  }
  try {
    const added = await runManyClient('add', plan)
    const restored = await runManyClient('restore', plan)
    return { ...restored, steps: { ...added.steps, ...restored.steps } }
  } finally {
    await removeFolder(folder)
  }
}

const rounds: ManyFigures[] = []
for (let number = 1; number <= Number(values.rounds); number++) {
  rounds.push(await measureRound())
  process.stderr.write(`round ${number} of ${values.rounds}\n`)
}

const head = actions.flatMap((action) => [`${action}, ms`, `${action}, KiB`])
process.stdout.write(`| torrents | ${head.join(' | ')} |\n|---|${head.map(() => '---|').join('')}\n`)
for (let row = 0; row * Number(values.step) < Number(values.torrents); row++) {
  const cells = actions.flatMap((action) => [spreadAt(action, row, 'ms'), spreadAt(action, row, 'kibibytes')])
  process.stdout.write(`| ${(row + 1) * Number(values.step)} | ${cells.join(' | ')} |\n`)
}
const idle = formatSpread(spreadOf(rounds.map(({ idleCpuPercent = Number.NaN }) => idleCpuPercent)))
process.stdout.write(`\nidle with all of them: ${idle} % of a core\n`)
await writeResult('many', { ...values, rounds })

function spreadAt(action: string, row: number, figure: keyof StepCost): string {
  return formatSpread(spreadOf(rounds.map(({ steps }) => steps[action]?.[row]?.[figure] ?? Number.NaN)))
}
