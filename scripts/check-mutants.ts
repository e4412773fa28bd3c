// Each mutant fits the sources and names tests that are there. Whether the tests do notice is shown by try-mutants.
import { spawnSync } from 'node:child_process'
import { type Mutant, type MutatedPackage, patternsOf, readMutants } from './mutants.js'
import { nativeMutants } from './native-mutants.js'
import { finish, repositoryRoot } from './repository.js'
import { storageMutants } from './storage-mutants.js'
import { nativeTestNames, storageTestNames } from './test-names.js'

const natives = readMutants(nativeMutants.patches)
const storages = readMutants(storageMutants.patches)
const problems = [
  ...natives.flatMap((mutant) => problemsOf(nativeMutants, mutant, nativeTestNames())),
  ...storages.flatMap((mutant) => problemsOf(storageMutants, mutant, storageTestNames())),
]
finish(problems, `mutants: ${natives.length} of native and ${storages.length} of storage fit and name tests`)

function problemsOf(owner: MutatedPackage, mutant: Mutant, tests: readonly string[]): string[] {
  const patterns = patternsOf(mutant)
  const missing = patterns.filter((pattern) => !tests.some((test) => pattern.test(test)))
  const args = ['apply', '--check', `--directory=packages/${owner.name}`, mutant.patch]
  const git = spawnSync('git', args, { cwd: repositoryRoot, encoding: 'utf8' })
  const name = `mutant ${mutant.name} of ${owner.name}`
  return [
    ...(patterns.length === 0 ? [`${name} names no test`] : []),
    ...missing.map((pattern) => `${name} names a test that is not there: ${pattern.source}`),
    ...(git.status === 0 ? [] : [`${name} does not fit the sources: ${git.stderr.trim()}`]),
  ]
}
