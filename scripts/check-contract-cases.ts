// The contract of the disk backend has numbered cases. Each has a test whose name begins with its number, in C++ or on
// the addon, and a mutant that such a test must notice.
import { patternsOf, readMutants } from './mutants.js'
import { nativeMutants } from './native-mutants.js'
import { finish } from './repository.js'
import { nativeTestNames } from './test-names.js'

const caseCount = 47
const tests = nativeTestNames()
const patterns = readMutants(nativeMutants.patches).flatMap(patternsOf)
const numbers = Array.from({ length: caseCount }, (_, index) => index + 1)
finish(numbers.flatMap(problemsOf), `contract: ${caseCount} cases have a test and a mutant`)

function problemsOf(number: number): string[] {
  const ofCase = tests.filter((name) => name.startsWith(`${number} `))
  if (ofCase.length === 0) return [`contract: no test is named after case ${number}`]
  const isNoticed = patterns.some((pattern) => ofCase.some((name) => pattern.test(name)))
  return isNoticed ? [] : [`contract: no mutant names a test of case ${number}`]
}
