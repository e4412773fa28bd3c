import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { repositoryRoot } from './repository-root.js'

/** Versions that `scripts/test.sh` brings for the tests of what is published. */
export const nodeMajors = [20, 22, 24, 26] as const

/** The executable of that Node; skips the test where it was not brought. */
export function nodeExecutable(context: TestContext, major: number): string {
  const path = join(repositoryRoot, '.bae/nodes/node_modules', `node-${major}`, 'bin/node')
  context.skip(!existsSync(path), `needs Node ${major}`)
  return path
}
