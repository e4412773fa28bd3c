import type { CaseResult, MeasuredSide } from '../src/matrix/matrix-case.js'

/** A side whose CPU was so much, round by round. */
export function side(name: string, ...seconds: readonly number[]): MeasuredSide {
  return { name, rounds: seconds.map((cpu) => ({ 'CPU, s': cpu })) }
}

export function result(sides: readonly MeasuredSide[], changed: Partial<CaseResult> = {}): CaseResult {
  return {
    row: 1,
    name: '2 GiB',
    baseline: 'mmap',
    goals: [{ quantity: 'CPU, s', of: 'ratio', atMost: 0.95 }],
    sides,
    ...changed,
  }
}
