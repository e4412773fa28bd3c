/** What became of the tests of one suite. */
export interface SuiteCounts {
  readonly passed: number
  /** One line for each test that failed, or that was skipped without saying what it needs. */
  readonly failures: readonly string[]
  /** How many tests were skipped for want of a program, by its name. */
  readonly skippedNeeds: Readonly<Record<string, number>>
}

export function addCounts(all: readonly SuiteCounts[]): SuiteCounts {
  const skippedNeeds: Record<string, number> = {}
  for (const counts of all) {
    for (const [need, count] of Object.entries(counts.skippedNeeds)) {
      skippedNeeds[need] = (skippedNeeds[need] ?? 0) + count
    }
  }
  return {
    passed: all.reduce((sum, counts) => sum + counts.passed, 0),
    failures: all.flatMap((counts) => counts.failures),
    skippedNeeds,
  }
}

export function skippedCount(counts: SuiteCounts): number {
  return Object.values(counts.skippedNeeds).reduce((sum, count) => sum + count, 0)
}

/** `12 passed, 0 failed`, and `, 3 skipped` when there are some. */
export function countsLine(counts: SuiteCounts): string {
  const line = `${counts.passed} passed, ${counts.failures.length} failed`
  const skipped = skippedCount(counts)
  return skipped === 0 ? line : `${line}, ${skipped} skipped`
}
