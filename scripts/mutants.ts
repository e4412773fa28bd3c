// A mutant is a patch that breaks a package on purpose. It names the tests that must notice.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { repositoryRoot, writtenFiles } from './repository.js'

export interface Mutant {
  readonly name: string
  readonly patch: string
  /** doctest filters: each names at least one case, and every case it names must fail. */
  readonly cases: readonly string[]
  /** Files of vitest, each with a pattern of names: a test of that pattern must fail. */
  readonly tests: readonly (readonly [file: string, pattern: string])[]
}

/** A package that is broken in a copy of it. */
export interface MutatedPackage {
  readonly name: string
  /** Where its patches are; they are made for the folder of the package. */
  readonly patches: string
  /** Makes the copy in which these will be tried. */
  prepare(mutants: readonly Mutant[]): void
  /** `undefined` when all tests that it names have failed. */
  whySurvived(mutant: Mutant): string | undefined
}

export const testLimitMs = 90_000

export function readMutants(folder: string): Mutant[] {
  const patches = writtenFiles(folder, /\.patch$/).sort()
  return patches.map((patch) => {
    const text = readFileSync(patch, 'utf8')
    const cases = [...text.matchAll(/^Case: (.+)$/gm)].map(([, name = '']) => name)
    const tests = [...text.matchAll(/^Test: (\S+) (.+)$/gm)].map(
      ([, test = '', pattern = '']) => [test, pattern] as const,
    )
    return { name: basename(patch, '.patch'), patch, cases, tests }
  })
}

/** The names of tests that it names, as patterns. */
export function patternsOf({ cases, tests }: Mutant): RegExp[] {
  return [...cases.map(doctestFilter), ...tests.map(([, pattern]) => new RegExp(pattern))]
}

export function whenApplied(
  copy: string,
  { patch }: Mutant,
  look: () => string | undefined,
): string | undefined {
  const isApplied = (...options: string[]) =>
    run('patch', ['-p1', '--silent', '--force', '-d', copy, '-i', patch, ...options], { cwd: copy })
      .status === 0
  if (!isApplied()) return 'the patch does not fit the sources any more'
  try {
    return look()
  } finally {
    isApplied('--reverse')
  }
}

/** Folders and files of a package beside each other. Unchanged files keep their time: nothing is built twice. */
export function copyParts(original: string, copy: string, parts: readonly string[]): void {
  mkdirSync(copy, { recursive: true })
  for (const part of parts) {
    rmSync(join(copy, part), { recursive: true, force: true })
    cpSync(join(original, part), join(copy, part), { recursive: true, preserveTimestamps: true })
  }
}

/** What the tools of a package want around it, which is two levels below `tsconfig.base.json`. */
export function surroundCopy(original: string, copy: string): void {
  cpSync(join(repositoryRoot, 'tsconfig.base.json'), join(copy, '../../tsconfig.base.json'))
  const modules = join(copy, 'node_modules')
  if (!existsSync(modules)) symlinkSync(join(original, 'node_modules'), modules)
}

export function whyTestsPass(copy: string, project: string, { tests }: Mutant): string | undefined {
  const green = tests.filter(([file, pattern]) => !testFails(copy, project, file, pattern))
  return green.length === 0 ? undefined : `passes ${green.map((test) => test.join(' ')).join(', ')}`
}

/** Some test of the pattern fails: one of several that are made from a table may be another's case. */
function testFails(copy: string, project: string, file: string, pattern: string): boolean {
  const vitest = join(repositoryRoot, 'node_modules/.bin/vitest')
  const args = ['run', '--project', project, file, '-t', pattern]
  const { status, stdout } = run(vitest, args, { cwd: copy, timeout: testLimitMs })
  return status !== 0 && /Tests .*failed/.test(stdout)
}

/** As doctest understands it: `*` stands for anything. */
function doctestFilter(filter: string): RegExp {
  const parts = filter.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}

export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly timeout?: number },
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, args, {
    ...options,
    encoding: 'utf8',
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 28,
  })
}
