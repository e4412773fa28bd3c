// try-mutants [NAME...]: breaks the disk backend by each patch of packages/native/cpp-test/mutants, in a copy of it,
// and runs the cases that the patch names. Each of them must fail. Ends with an error where one did not.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { repositoryRoot } from './repository.js'

const native = join(repositoryRoot, 'packages/native')
const patches = join(native, 'cpp-test/mutants')
// The same folders beside each other, as the Makefile wants them. What was built stays for the next time.
const copy = join(native, 'build/mutants')
const caseLimitMs = 90_000

interface Mutant {
  readonly name: string
  readonly patch: string
  /** doctest filters: each names at least one case, and every case it names must fail. */
  readonly cases: readonly string[]
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
      const cases = [...readFileSync(patch, 'utf8').matchAll(/^Case: (.+)$/gm)].map(([, name]) => name ?? '')
      return { name: basename(file, '.patch'), patch, cases }
    })
}

function tryAll(): boolean {
  copySources()
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
function copySources(): void {
  mkdirSync(copy, { recursive: true })
  for (const folder of ['cpp', 'cpp-test']) {
    rmSync(join(copy, folder), { recursive: true, force: true })
    cpSync(join(native, folder), join(copy, folder), { recursive: true, preserveTimestamps: true })
  }
}

function whySurvived({ patch, cases }: Mutant): string | undefined {
  if (cases.length === 0) return 'it names no case'
  if (!applied(patch, [])) return 'the patch does not fit the sources any more'
  try {
    const { status, stderr } = run('make', ['-j2'])
    if (status !== 0) return `it does not compile:\n${stderr}`
    const green = cases.filter((name) => !fails(name))
    return green.length === 0 ? undefined : `passes ${green.join(', ')}`
  } finally {
    applied(patch, ['--reverse'])
  }
}

function applied(patch: string, options: readonly string[]): boolean {
  const { status } = run('patch', ['-p1', '--silent', '--force', '-d', copy, '-i', patch, ...options])
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
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, args, {
    cwd: join(copy, 'cpp-test'),
    encoding: 'utf8',
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 28,
  })
}
