import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot, writtenFiles } from './repository.js'

const oneTest = /\bit(?:\.concurrent)?(?:\.each\(.*\))?\(\s*['"`]([^'"`]+)['"`]/g
/** In the suites of a contract, tests are members of an object. */
const oneClause = /^ +'([^']+)': (?:async )?\(/gm

/** The cases in C++ and the tests of the addon. */
export function nativeTestNames(): string[] {
  return [
    ...namesIn('packages/native/cpp-test', /\.cc$/, /TEST_CASE\("([^"]+)"/g),
    ...namesIn('packages/native/test/native', /\.test\.ts$/, oneTest),
  ]
}

export function storageTestNames(): string[] {
  return [
    ...namesIn('packages/storage/test', /\.test\.ts$/, oneTest),
    ...namesIn('packages/storage/src/compliance', /\.ts$/, oneClause),
  ]
}

function namesIn(folder: string, files: RegExp, pattern: RegExp): string[] {
  return writtenFiles(join(repositoryRoot, folder), files).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, name = '']) => name),
  )
}
