import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { packageNames, repositoryRoot, writtenFiles } from './repository.js'

export const suiteGroups = ['checks', 'unit', 'cpp', 'native', 'examples', 'e2e', 'speed'] as const
export type SuiteGroup = (typeof suiteGroups)[number]

export interface Suite {
  readonly group: SuiteGroup
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** It ends what hangs, and is no measure: a busy machine may take several times as long as an idle one. */
  readonly limitMs: number
  /** 'tests' are counted in a file; 'program' is one test, which its exit code decides. */
  readonly counts: 'tests' | 'program'
  /** How many of the two cores that CI has it keeps busy: two that need one run side by side, and what waits beside them. */
  readonly cores: 0 | 1 | 2
}

const minuteMs = 60_000

/** End to end tests say in their own vitest.config.ts how many they want: they wait much, and some must be alone. */
const twoWorkers = '--maxWorkers=2'

/** Where there is no vitest.config.ts that says it: five seconds would be a measure. */
const patient = '--testTimeout=60000'

const reporters = ['--reporter=default', `--reporter=${join(import.meta.dirname, 'count-reporter.js')}`]

/** Everything that `npm test` runs, in order: what fails fast comes first. */
export function allSuites(): Suite[] {
  return [
    program('lint', bin('biome'), ['ci', '--error-on-warnings', '--colors=off']),
    program('types of tests', bin('tsc'), ['-p', 'tsconfig.test.json']),
    script('layers', 'check-layers'),
    script('docs', 'check-docs'),
    script('contract', 'check-contract-cases'),
    script('mutants', 'check-mutants'),
    vitest('unit', 'scripts unit', 'scripts', [twoWorkers, patient], 10 * minuteMs),
    vitest('unit', 'bench unit', 'bench', [twoWorkers, patient], 10 * minuteMs),
    ...packageNames.map((name) => unitTests(name)),
    cppTests('address'),
    cppTests('thread'),
    cppTests('sessions'),
    cppTests('memcheck'),
    cppTests('helgrind'),
    vitest('native', 'native addon', 'packages/native', ['--project', 'native', twoWorkers], 20 * minuteMs),
    ...examples(),
    vitest('e2e', 'end to end', 'e2e', [], 60 * minuteMs),
    speedGuard(),
  ]
}

/** In a copy of the clone without the other packages: what passes there needs nothing of them. */
function unitTests(name: string): Suite {
  const args = [...projectArgs(name), twoWorkers, ...(measuresCoverage(name) ? ['--coverage'] : [])]
  const suite = script(`${name} unit`, 'run-unit-tests', [name, ...args, ...reporters])
  return { ...suite, group: 'unit', limitMs: 20 * minuteMs, counts: 'tests', cores: 2 }
}

/** What must be covered is in its vitest.config.ts: below it, the suite ends badly. */
function measuresCoverage(name: string): boolean {
  return name === 'storage'
}

/** The native package has a second vitest project, for the tests that need the addon. */
function projectArgs(name: string): string[] {
  return name === 'native' ? ['--project', 'unit'] : []
}

/** The disk backend without Node. Where nothing is built yet, the build takes most of it. Sessions wait for each other. */
function cppTests(kind: string): Suite {
  const suite = script(`disk backend, ${kind}`, 'run-cpp-tests', [kind])
  const cores = kind === 'sessions' ? 0 : 1
  return { ...suite, group: 'cpp', limitMs: 40 * minuteMs, counts: 'tests', cores }
}

/** Every numbered example is compiled by the build and must end well. */
function examples(): Suite[] {
  const folder = join(repositoryRoot, 'examples')
  return writtenFiles(folder, /^\d\d-.*\.ts$/).map((file) => {
    const name = basename(file, '.ts')
    const suite = program(`example ${name}`, process.execPath, [join(folder, 'dist', `${name}.js`)])
    return { ...suite, group: 'examples' as const }
  })
}

/** Ratios of pairs in one run, and alone: what is measured beside it would be measured too. */
function speedGuard(): Suite {
  const args = [join(repositoryRoot, 'bench/dist/bench.js'), '--guard']
  return {
    ...program('speed guard', process.execPath, args),
    group: 'speed',
    limitMs: 20 * minuteMs,
    cores: 2,
  }
}

function vitest(group: SuiteGroup, name: string, folder: string, args: string[], limitMs: number): Suite {
  const cwd = join(repositoryRoot, folder)
  return {
    group,
    name,
    command: bin('vitest'),
    args: ['run', ...args, ...reporters],
    cwd,
    limitMs,
    counts: 'tests',
    cores: 2,
  }
}

function script(name: string, file: string, args: string[] = []): Suite {
  return program(name, process.execPath, [join(import.meta.dirname, `${file}.js`), ...args])
}

function program(name: string, command: string, args: string[]): Suite {
  const limitMs = 10 * minuteMs
  return { group: 'checks', name, command, args, cwd: repositoryRoot, limitMs, counts: 'program', cores: 1 }
}

function bin(name: string): string {
  const path = join(repositoryRoot, 'node_modules/.bin', name)
  if (!existsSync(path)) throw new Error(`${path} is missing: run scripts/bootstrap.sh`)
  return path
}
