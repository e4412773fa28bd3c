// The contract of the disk backend has numbered cases. Each has a test whose name begins with its number, in C++ or on
// the addon, and a mutant that such a test must notice; each mutant fits the sources and names tests that are there.
// Whether the tests do notice is shown by try-mutants.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { finish, repositoryRoot, writtenFiles } from './repository.js'

const caseCount = 47
const native = join(repositoryRoot, 'packages/native')

interface Mutant {
  readonly name: string
  readonly path: string
  /** Tests that it names, as patterns of their names. */
  readonly patterns: readonly RegExp[]
}

const tests = [
  ...namesIn('cpp-test', /\.cc$/, /TEST_CASE\("([^"]+)"/g),
  ...namesIn('test/native', /\.test\.ts$/, /\bit(?:\.each\(.*\))?\(\s*'([^']+)'/g),
]
const mutants = writtenFiles(join(native, 'cpp-test/mutants'), /\.patch$/).map(readMutant)
const problems = [...casesWithout(), ...mutants.flatMap(problemsOf)]
finish(problems, `contract: ${caseCount} cases have a test and a mutant (${mutants.length} mutants)`)

function namesIn(folder: string, files: RegExp, pattern: RegExp): string[] {
  return writtenFiles(join(native, folder), files).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, name = '']) => name),
  )
}

function readMutant(path: string): Mutant {
  const text = readFileSync(path, 'utf8')
  const cases = [...text.matchAll(/^Case: (.+)$/gm)].map(([, filter = '']) => doctestFilter(filter))
  const named = [...text.matchAll(/^Test: \S+ (.+)$/gm)].map(([, pattern = '']) => new RegExp(pattern))
  return { name: basename(path, '.patch'), path, patterns: [...cases, ...named] }
}

/** As doctest understands it: `*` stands for anything. */
function doctestFilter(filter: string): RegExp {
  const parts = filter.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}

function casesWithout(): string[] {
  const numbers = Array.from({ length: caseCount }, (_, index) => index + 1)
  return numbers.flatMap((number) => {
    const ofCase = tests.filter((name) => name.startsWith(`${number} `))
    if (ofCase.length === 0) return [`contract: no test is named after case ${number}`]
    const isNoticed = mutants.some(({ patterns }) =>
      patterns.some((pattern) => ofCase.some((name) => pattern.test(name))),
    )
    return isNoticed ? [] : [`contract: no mutant names a test of case ${number}`]
  })
}

function problemsOf({ name, path, patterns }: Mutant): string[] {
  const missing = patterns.filter((pattern) => !tests.some((test) => pattern.test(test)))
  const git = spawnSync('git', ['apply', '--check', '--directory=packages/native', path], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  })
  return [
    ...(patterns.length === 0 ? [`mutant ${name} names no test`] : []),
    ...missing.map((pattern) => `mutant ${name} names a test that is not there: ${pattern.source}`),
    ...(git.status === 0 ? [] : [`mutant ${name} does not fit the sources: ${git.stderr.trim()}`]),
  ]
}
