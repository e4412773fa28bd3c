import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'
import type { SuiteCounts } from './suite-counts.js'

/** Writes how many tests passed, failed and were skipped, and what the skipped ones lack, to $BAE_COUNTS_FILE. */
export default class CountReporter implements Reporter {
  readonly #ended: TestModule[] = []

  /** So that a run which is ended at its time limit has counted what it did. */
  onTestModuleEnd(module: TestModule): void {
    this.#ended.push(module)
    writeCounts(countModules(this.#ended, 0))
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    writeCounts(countModules(modules, unhandledErrors.length))
  }
}

function writeCounts(counts: SuiteCounts): void {
  const file = process.env.BAE_COUNTS_FILE
  if (file === undefined) throw new Error('BAE_COUNTS_FILE must name the file for the counts')
  writeFileSync(file, JSON.stringify(counts))
}

function countModules(modules: readonly TestModule[], unhandledErrors: number): SuiteCounts {
  const skippedNeeds: Record<string, number> = {}
  const failures: string[] = []
  let passed = 0
  for (const module of modules) {
    if (module.errors().length > 0) failures.push(`${module.relativeModuleId}: could not be loaded`)
    for (const test of module.children.allTests()) {
      const result = test.result()
      const need = needOf(test)
      if (result.state === 'passed') passed += 1
      else if (need !== undefined) skippedNeeds[need] = (skippedNeeds[need] ?? 0) + 1
      else failures.push(`${module.relativeModuleId}: ${test.fullName} (${result.state})`)
    }
  }
  if (unhandledErrors > 0) failures.push(`${unhandledErrors} errors outside of any test`)
  return { passed, failures, skippedNeeds }
}

/** What a skipped test lacks, from its note `needs X`. A skip that does not say so counts as a failure. */
function needOf(test: TestCase): string | undefined {
  const result = test.result()
  if (result.state !== 'skipped') return undefined
  return /^needs (?<what>.+)$/.exec(result.note ?? '')?.groups?.what
}
