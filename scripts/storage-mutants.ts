import { join } from 'node:path'
import { copyParts, type MutatedPackage, run, surroundCopy, whenApplied, whyTestsPass } from './mutants.js'
import { repositoryRoot } from './repository.js'

const storage = join(repositoryRoot, 'packages/storage')
const copy = join(storage, 'build/mutants-of/package')
const parts = ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts']

/** The rules by which records and bytes change. */
export const storageMutants: MutatedPackage = {
  name: 'storage',
  patches: join(storage, 'test/mutants'),
  prepare() {
    copyParts(storage, copy, parts)
    surroundCopy(storage, copy)
  },
  whySurvived: (mutant) =>
    whenApplied(copy, mutant, () => {
      // The tests that kill a process start what was built.
      const tsc = join(repositoryRoot, 'node_modules/.bin/tsc')
      const { status, stdout } = run(tsc, ['-b'], { cwd: copy })
      return status === 0 ? whyTestsPass(copy, 'storage', mutant) : `it does not compile:\n${stdout}`
    }),
}
