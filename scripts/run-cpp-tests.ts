// run-cpp-tests KIND: builds the tests of the C++ disk backend and runs them under a sanitizer, under valgrind, or alone.
// Writes its counts to $BAE_COUNTS_FILE.
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from './repository.js'
import type { SuiteCounts } from './suite-counts.js'

const folder = join(repositoryRoot, 'packages/native/cpp-test')

interface Kind {
  /** What the binary is built with. */
  readonly sanitizer: 'none' | 'address' | 'thread' | 'valgrind'
  /** What it runs under. */
  readonly under: readonly string[]
  /** doctest's options: which cases. */
  readonly cases: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Cases with libtorrent's session in them. */
const sessions = '*session_*'

/** What a session does most, and its ends: all of them would take a quarter of an hour under valgrind. */
const someSessions = '-tc=12 *,15 *,16 *,20 *,22 *,24 *,27 *,28 *,29 *,30 *,34 *,35 *,36 *,43 *'

/** helgrind is slower still: the ten that take it least, a minute and a half together. */
const fewSessions = '-tc=15 *,16 *,20 *,22 *,27 *,28 *,30 magnet_removed:*,35 *'

const valgrind = ['valgrind', '-q', '--error-exitcode=9']

const kinds: Readonly<Record<string, Kind>> = {
  address: {
    sanitizer: 'address',
    under: [],
    cases: [`-sfe=${sessions}`],
    env: { ASAN_OPTIONS: 'detect_leaks=1' },
  },
  // Those with sessions are for valgrind: libtorrent's own code is not built for ThreadSanitizer, which would take every one of its locks for a race.
  thread: { sanitizer: 'thread', under: [], cases: [`-sfe=${sessions}`], env: {} },
  sessions: { sanitizer: 'valgrind', under: [], cases: [`-sf=${sessions}`], env: {} },
  memcheck: {
    sanitizer: 'valgrind',
    under: [...valgrind, '--leak-check=full', '--errors-for-leak-kinds=definite'],
    cases: [`-sf=${sessions}`, someSessions],
    env: { BAE_SLOW_TESTS: '1' },
  },
  helgrind: {
    sanitizer: 'valgrind',
    under: [...valgrind, '--tool=helgrind', '--suppressions=helgrind.supp'],
    cases: [`-sf=${sessions}`, fewSessions],
    env: { BAE_SLOW_TESTS: '1' },
  },
}

const kind = kinds[process.argv[2] ?? '']
if (kind === undefined) {
  console.error(`run-cpp-tests ${Object.keys(kinds).join('|')}`)
  process.exit(2)
}
const missing = missingFor(kind)
if (missing !== undefined) count({ passed: 0, failures: [], skippedNeeds: { [missing]: 1 } })
else if (build(kind)) test(kind)

function missingFor({ under }: Kind): string | undefined {
  if (!existsSync('/usr/include/doctest/doctest.h')) return 'doctest'
  return under.length > 0 && !existsSync('/usr/include/valgrind/helgrind.h') ? 'valgrind' : undefined
}

/** Kinds that share a build may run at once: the first of them makes it. */
function build({ sanitizer }: Kind): boolean {
  const args = [folder, 'make', '-j2', `SANITIZER=${sanitizer}`]
  const { status } = spawnSync('flock', args, { cwd: folder, stdio: 'inherit' })
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
