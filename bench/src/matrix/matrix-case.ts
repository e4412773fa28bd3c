import type { Workshop } from 'bae-e2e/harness/workshop.js'
import type { Figures } from '../result-table.js'

/** The rows of the benchmark, and what each of them is about. */
export const rowTitles = {
  1: 'Download',
  2: 'Seeding',
  3: 'Verifying',
  4: 'Streaming over HTTP',
  5: 'Many torrents',
  6: 'Growth',
} as const

export type RowNumber = keyof typeof rowTitles

/** One way to do it. */
export interface Side {
  readonly name: string
  measure(): Promise<Figures>
}

/** What a quantity should be at most: ours divided by the baseline's, or ours alone. */
export interface Goal {
  readonly quantity: string
  readonly of: 'ratio' | 'figure'
  readonly atMost: number
}

/** Sides that are measured in turn. The first is ours. */
export interface OpenCase extends AsyncDisposable {
  readonly sides: readonly Side[]
}

export interface MatrixCase {
  readonly row: RowNumber
  readonly name: string
  /** The name of the side that goals are against. */
  readonly baseline: string
  /** The name of the side that the baseline must be within a tenth of, or the case is void. */
  readonly control?: string
  readonly goals: readonly Goal[]
  /** Where fewer than asked for are enough. */
  readonly rounds?: number
  open(workshop: Workshop): Promise<OpenCase>
}

/** What was measured of one side, round by round. */
export interface MeasuredSide {
  readonly name: string
  readonly rounds: readonly Figures[]
}

export interface CaseResult extends Pick<MatrixCase, 'row' | 'name' | 'baseline' | 'control' | 'goals'> {
  readonly sides: readonly MeasuredSide[]
  /** Why it ended early, if it did: its rounds are those before. */
  readonly failure?: string
}
