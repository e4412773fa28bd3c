// try-mutants [NAME...]: breaks the addon by each patch of packages/native/cpp-test/mutants, in a copy of it, and runs
// the cases in C++ and the tests in TypeScript that the patch names. Each of them must fail. Ends with an error where
// one did not.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { repositoryRoot } from './repository.js'

const native = join(repositoryRoot, 'packages/native')
const patches = join(native, 'cpp-test/mutants')
// The same folders beside each other, as the Makefile wants them. What was built stays for the next time.
const copy = join(native, 'build/mutants')
/** The same for the whole package, whose tests need the addon. Two levels down, as its tsconfig.json wants it. */
const packageCopy = join(native, 'build/mutants-of/package')
const packageFolders = ['cpp', 'src', 'test', 'scripts']
const packageFiles = ['binding.gyp', 'package.json', 'tsconfig.json', 'vitest.config.ts']
const caseLimitMs = 90_000
const buildLimitMs = 300_000

interface Mutant {
  readonly name: string
  readonly patch: string
  /** doctest filters: each names at least one case, and every case it names must fail. */
  readonly cases: readonly string[]
  /** Files of vitest, each with a pattern of names: a test of that pattern must fail. */
  readonly tests: readonly (readonly [file: string, pattern: string])[]
}

const wanted = process.argv.slice(2)
const mutants = allMutants().filter(({ name }) => wanted.length === 0 || wanted.includes(name))
if (mutants.length === 0) {
  console.error(`try-mutants: no such mutant: ${wanted.join(', ')}`)
  process.exit(2)
}
process.exitCode = tryAll() ? 0 : 1

function allMutants(): Mutant[] {
  return readdirSync(patches)
    .filter((file) => file.endsWith('.patch'))
    .sort()
    .map((file) => {
      const patch = join(patches, file)
      const text = readFileSync(patch, 'utf8')
      const cases = [...text.matchAll(/^Case: (.+)$/gm)].map(([, name = '']) => name)
      const tests = [...text.matchAll(/^Test: (\S+) (.+)$/gm)].map(
        ([, test = '', pattern = '']) => [test, pattern] as const,
      )
      return { name: basename(file, '.patch'), patch, cases, tests }
    })
}

function tryAll(): boolean {
  copySources(copy, ['cpp', 'cpp-test'])
  if (mutants.some(({ tests }) => tests.length > 0)) copyPackage()
  const survivors: string[] = []
  for (const mutant of mutants) {
    const reason = whySurvived(mutant)
    console.log(reason === undefined ? `caught    ${mutant.name}` : `SURVIVED  ${mutant.name}: ${reason}`)
    if (reason !== undefined) survivors.push(mutant.name)
  }
  console.log(`${mutants.length - survivors.length} of ${mutants.length} mutants were caught`)
  return survivors.length === 0
}

/** Unchanged files keep their time, so that make builds nothing twice. */
function copySources(to: string, folders: readonly string[]): void {
  mkdirSync(to, { recursive: true })
  for (const folder of folders) {
    rmSync(join(to, folder), { recursive: true, force: true })
    cpSync(join(native, folder), join(to, folder), { recursive: true, preserveTimestamps: true })
  }
}

function copyPackage(): void {
  copySources(packageCopy, packageFolders)
  for (const file of packageFiles)
    cpSync(join(native, file), join(packageCopy, file), { preserveTimestamps: true })
  cpSync(join(repositoryRoot, 'tsconfig.base.json'), join(packageCopy, '../../tsconfig.base.json'))
  const modules = join(packageCopy, 'node_modules')
  if (!existsSync(modules)) symlinkSync(join(native, 'node_modules'), modules)
}

function whySurvived({ patch, cases, tests }: Mutant): string | undefined {
  if (cases.length + tests.length === 0) return 'it names no case and no test'
  const inCpp = cases.length === 0 ? undefined : whenApplied(copy, patch, () => whyCasesPass(cases))
  return (
    inCpp ?? (tests.length === 0 ? undefined : whenApplied(packageCopy, patch, () => whyTestsPass(tests)))
  )
}

function whenApplied(to: string, patch: string, look: () => string | undefined): string | undefined {
  if (!applied(to, patch, [])) return 'the patch does not fit the sources any more'
  try {
    return look()
  } finally {
    applied(to, patch, ['--reverse'])
  }
}

function whyCasesPass(cases: readonly string[]): string | undefined {
  const { status, stderr } = run('make', ['-j2'])
  if (status !== 0) return `it does not compile:\n${stderr}`
  const green = cases.filter((name) => !fails(name))
  return green.length === 0 ? undefined : `passes ${green.join(', ')}`
}

function whyTestsPass(tests: Mutant['tests']): string | undefined {
  const built = run(process.execPath, ['scripts/build-addon.mjs'], buildLimitMs, packageCopy)
  if (built.status !== 0) return `it does not compile:\n${built.stderr}`
  const green = tests.filter(([file, pattern]) => !testFails(file, pattern))
  return green.length === 0 ? undefined : `passes ${green.map((test) => test.join(' ')).join(', ')}`
}

/** Some test of the pattern fails: one of several that are made from a table may be another's case. */
function testFails(file: string, pattern: string): boolean {
  const vitest = join(repositoryRoot, 'node_modules/.bin/vitest')
  const args = ['run', '--project', 'native', file, '-t', pattern]
  const { status, stdout } = run(vitest, args, caseLimitMs, packageCopy)
  return status !== 0 && /Tests .*failed/.test(stdout)
}

function applied(to: string, patch: string, options: readonly string[]): boolean {
  const { status } = run('patch', ['-p1', '--silent', '--force', '-d', to, '-i', patch, ...options])
  return status === 0
}

/** A case that hangs has failed, too. */
function fails(filter: string): boolean {
  const binary = join(copy, 'build/cpp-test/none/disk-tests')
  const { stdout } = run(binary, ['--count', `--test-case=${filter}`])
  if (/filters: 0$/m.test(stdout)) return false
  return run(binary, [`--test-case=${filter}`], caseLimitMs).status !== 0
}

function run(
  command: string,
  args: readonly string[],
  timeout?: number,
  cwd = join(copy, 'cpp-test'),
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 28,
  })
}
