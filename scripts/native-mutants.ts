import { join } from 'node:path'
import {
  copyParts,
  type Mutant,
  type MutatedPackage,
  run,
  surroundCopy,
  testLimitMs,
  whenApplied,
  whyTestsPass,
} from './mutants.js'
import { repositoryRoot } from './repository.js'

const native = join(repositoryRoot, 'packages/native')
// The same folders beside each other, as the Makefile wants them. What was built stays for the next time.
const copy = join(native, 'build/mutants')
/** The same for the whole package, whose tests need the addon. */
const packageCopy = join(native, 'build/mutants-of/package')
const packageParts = [
  'cpp',
  'src',
  'test',
  'scripts',
  'binding.gyp',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]
const buildLimitMs = 300_000

/** The addon, by cases in C++ and by tests of the built addon. */
export const nativeMutants: MutatedPackage = {
  name: 'native',
  patches: join(native, 'cpp-test/mutants'),
  prepare(mutants) {
    copyParts(native, copy, ['cpp', 'cpp-test', 'scripts'])
    if (mutants.every(({ tests }) => tests.length === 0)) return
    copyParts(native, packageCopy, packageParts)
    surroundCopy(native, packageCopy)
  },
  whySurvived(mutant) {
    const inCpp =
      mutant.cases.length === 0 ? undefined : whenApplied(copy, mutant, () => whyCasesPass(mutant))
    if (inCpp !== undefined || mutant.tests.length === 0) return inCpp
    return whenApplied(packageCopy, mutant, () => {
      const built = run(process.execPath, ['scripts/build-addon.mjs'], {
        cwd: packageCopy,
        timeout: buildLimitMs,
      })
      if (built.status !== 0) return `it does not compile:\n${built.stderr}`
      return whyTestsPass(packageCopy, 'native', mutant)
    })
  },
}

function whyCasesPass({ cases }: Mutant): string | undefined {
  const { status, stderr } = run('make', ['-j2'], { cwd: join(copy, 'cpp-test') })
  if (status !== 0) return `it does not compile:\n${stderr}`
  const green = cases.filter((name) => !caseFails(name))
  return green.length === 0 ? undefined : `passes ${green.join(', ')}`
}

/** A case that hangs has failed, too. */
function caseFails(filter: string): boolean {
  const binary = join(copy, 'build/cpp-test/none/disk-tests')
  const cwd = join(copy, 'cpp-test')
  const { stdout } = run(binary, ['--count', `--test-case=${filter}`], { cwd })
  if (/filters: 0$/m.test(stdout)) return false
  return run(binary, [`--test-case=${filter}`], { cwd, timeout: testLimitMs }).status !== 0
}
