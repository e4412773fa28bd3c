// run-suites [GROUP...]: runs the suites of these groups, or all, in order, as many at once as have their cores, and
// counts. The last line is `N passed, N failed[, N skipped]`.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot, shownPath } from './repository.js'
import { runInOrder } from './run-in-order.js'
import { endPrograms, type ProgramResult, runProgram } from './run-program.js'
import { addCounts, countsLine, type SuiteCounts } from './suite-counts.js'
import { allSuites, type Suite, type SuiteGroup, suiteGroups } from './suites.js'

const logFolder = join(repositoryRoot, '.bae/test')
const shownLogLines = 60
/** What CI has. Suites that wait much or must be alone ask for both. */
const coreCount = 2

const groups = chosenGroups(process.argv.slice(2))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void endPrograms().finally(() => process.exit(130)))
}
mkdirSync(logFolder, { recursive: true })

const chosen = allSuites().filter(({ group }) => groups.includes(group))
const total = addCounts(await runInOrder(chosen, coreCount, ({ cores }) => cores, runSuite))
for (const failure of total.failures) console.log(`failed: ${failure}`)
for (const [need, count] of Object.entries(total.skippedNeeds))
  console.log(`skipped: needs ${need} (${count})`)
console.log(countsLine(total))
process.exitCode = total.failures.length === 0 && total.passed > 0 ? 0 : 1

async function runSuite(suite: Suite): Promise<SuiteCounts> {
  const logFile = join(logFolder, `${fileNameOf(suite)}.log`)
  const countsFile = join(logFolder, `${fileNameOf(suite)}.json`)
  rmSync(countsFile, { force: true })
  const result = await runProgram({ ...suite, logFile, env: { BAE_COUNTS_FILE: countsFile } })
  const counts = suiteCounts(suite, result, countsFile)
  const seconds = (result.durationMs / 1000).toFixed(1)
  console.log(`${suite.name.padEnd(28)} ${countsLine(counts).padEnd(36)} ${seconds} s`)
  if (counts.failures.length > 0) showEnd(logFile)
  return counts
}

function fileNameOf({ name }: Suite): string {
  return name.replace(/[^\w@]+/g, '-')
}

/** A suite that ended badly has at least one failure, also when its tests all passed or were never counted. */
function suiteCounts(suite: Suite, result: ProgramResult, countsFile: string): SuiteCounts {
  const counted = suite.counts === 'tests' ? readCounts(countsFile) : undefined
  if (result.ok && suite.counts === 'program') return { passed: 1, failures: [], skippedNeeds: {} }
  const passed = counted?.passed ?? 0
  const skippedNeeds = counted?.skippedNeeds ?? {}
  const failures = (counted?.failures ?? []).map((failure) => `${suite.name}: ${failure}`)
  if (result.timedOut) failures.push(`${suite.name}: not done within ${suite.limitMs / 1000} s`)
  else if (counted === undefined || (!result.ok && failures.length === 0))
    failures.push(`${suite.name}: ended badly`)
  return { passed, failures, skippedNeeds }
}

function readCounts(file: string): SuiteCounts | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SuiteCounts
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function showEnd(logFile: string): void {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n')
  console.log(`  the end of ${shownPath(logFile)}:`)
  for (const line of lines.slice(-shownLogLines)) console.log(`  ${line}`)
}

function chosenGroups(names: readonly string[]): readonly SuiteGroup[] {
  const chosen = suiteGroups.filter((group) => names.includes(group))
  const unknown = names.find((name) => !chosen.some((group) => group === name))
  if (unknown === undefined) return names.length === 0 ? suiteGroups : chosen
  console.error(`there is no group ${unknown}; groups are ${suiteGroups.join(', ')}`)
  process.exit(2)
}
