// try-mutants [PACKAGE | NAME...]: breaks a package by each of its patches, in a copy of it, and runs the tests that the
// patch names. Each of them must fail. Ends with an error where one did not.
import { type Mutant, type MutatedPackage, readMutants } from './mutants.js'
import { nativeMutants } from './native-mutants.js'
import { storageMutants } from './storage-mutants.js'

const wanted = process.argv.slice(2)
const chosen = [nativeMutants, storageMutants].map((owner) => ({
  owner,
  mutants: readMutants(owner.patches).filter(
    ({ name }) => wanted.length === 0 || wanted.includes(name) || wanted.includes(owner.name),
  ),
}))
const count = chosen.reduce((sum, { mutants }) => sum + mutants.length, 0)
if (count === 0) {
  console.error(`try-mutants: no such mutant: ${wanted.join(', ')}`)
  process.exit(2)
}
const survivors = chosen.flatMap(({ owner, mutants }) => tryAll(owner, mutants))
console.log(`${count - survivors.length} of ${count} mutants were caught`)
process.exitCode = survivors.length === 0 ? 0 : 1

/** The names of those that survived. */
function tryAll(owner: MutatedPackage, mutants: readonly Mutant[]): string[] {
  if (mutants.length === 0) return []
  owner.prepare(mutants)
  return mutants.flatMap((mutant) => {
    const namesNone = mutant.cases.length + mutant.tests.length === 0
    const reason = namesNone ? 'it names no case and no test' : owner.whySurvived(mutant)
    console.log(reason === undefined ? `caught    ${mutant.name}` : `SURVIVED  ${mutant.name}: ${reason}`)
    return reason === undefined ? [] : [mutant.name]
  })
}
