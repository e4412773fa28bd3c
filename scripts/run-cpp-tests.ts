// run-cpp-tests KIND: builds the tests of the C++ disk backend and runs them under a sanitizer, or under valgrind.
// Writes its counts to $BAE_COUNTS_FILE.
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from './repository.js'
import type { SuiteCounts } from './suite-counts.js'

const folder = join(repositoryRoot, 'packages/native/cpp-test')

interface Kind {
  /** What the binary is built with. */
  readonly sanitizer: 'none' | 'address' | 'thread'
  /** What it runs under. */
  readonly under: readonly string[]
  /** doctest's options: which cases. */
  readonly cases: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const kinds: Readonly<Record<string, Kind>> = {
  address: { sanitizer: 'address', under: [], cases: [], env: { ASAN_OPTIONS: 'detect_leaks=1' } },
  thread: { sanitizer: 'thread', under: [], cases: [], env: { TSAN_OPTIONS: 'halt_on_error=0' } },
}

const kind = kinds[process.argv[2] ?? '']
if (kind === undefined) {
  console.error(`run-cpp-tests ${Object.keys(kinds).join('|')}`)
  process.exit(2)
}
if (existsSync('/usr/include/doctest/doctest.h')) build(kind) && test(kind)
else count({ passed: 0, failures: [], skippedNeeds: { doctest: 1 } })

function build({ sanitizer }: Kind): boolean {
  const { status } = spawnSync('make', ['-j2', `SANITIZER=${sanitizer}`], { cwd: folder, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
  return status === 0
}

function test({ sanitizer, under, cases, env }: Kind): void {
  const binary = join(folder, '../build/cpp-test', sanitizer, 'disk-tests')
  const [command = binary, ...args] = [...under, binary, ...cases]
  const result = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
  })
  process.stdout.write(result.stdout)
  process.stderr.write(result.stderr)
  count(countsOf(result.stdout, result.status))
}

/** A binary that ends badly with all its cases passed was stopped, or what it ran under complained. */
function countsOf(output: string, status: number | null): SuiteCounts {
  const summary = /test cases:\s+\d+ \|\s+(?<passed>\d+) passed \|\s+(?<failed>\d+) failed/.exec(
    output,
  )?.groups
  const failed = [...output.matchAll(/^TEST CASE:\s+(?<name>.+)$/gm)].map((match) => match.groups?.name ?? '')
  const failures = Number(summary?.failed ?? 1) > 0 ? [...new Set(failed)] : []
  if (status !== 0 && failures.length === 0) failures.push(`ended with ${status ?? 'a signal'}`)
  return { passed: Number(summary?.passed ?? 0), failures, skippedNeeds: {} }
}

function count(counts: SuiteCounts): void {
  if (counts.failures.length > 0) process.exitCode = 1
  const { BAE_COUNTS_FILE: file } = process.env
  if (file !== undefined) writeFileSync(file, JSON.stringify(counts))
}
