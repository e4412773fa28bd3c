import { type ResultRow, resultRows } from '../result-table.js'
import type { CaseResult, Goal, MeasuredSide } from './matrix-case.js'

/** Ours against one other side, in one quantity. */
export interface Comparison extends ResultRow {
  readonly against: string
  readonly goal?: Goal
  /** Undefined without a goal, and where the case is void. */
  readonly isMet?: boolean
}

/** How far the baseline may be from libtorrent's own client. */
const controlTolerance = 0.1
/** What the control is compared in: its memory is not that of a Node process. */
const controlled = /, s$/

/** Of what only we have there is a line beside the baseline alone. */
export function compareSides(result: CaseResult): readonly Comparison[] {
  const [ours, ...others] = result.sides
  if (ours === undefined) return []
  return others
    .filter(({ name }) => name !== result.control)
    .flatMap((theirs) =>
      pairRows(ours, theirs)
        .filter((row) => Number.isFinite(row.theirs.median) || theirs.name === result.baseline)
        .map((row) => judgeRow(result, theirs, row)),
    )
}

function judgeRow(result: CaseResult, theirs: MeasuredSide, row: ResultRow): Comparison {
  const goal = goalOf(result, theirs, row.quantity)
  if (goal === undefined) return { ...row, against: theirs.name }
  const isJudged = goal.of === 'figure' || voidReason(result) === undefined
  const reached = (goal.of === 'ratio' ? row.ratio : row.ours).median
  return { ...row, against: theirs.name, goal, ...(isJudged && { isMet: reached <= goal.atMost }) }
}

/** Why nothing can be said against the baseline; undefined where something can. */
export function voidReason({ sides, baseline, control }: CaseResult): string | undefined {
  if (control === undefined || sides.length === 0) return undefined
  const [theirs, own] = [baseline, control].map((name) => sides.find((side) => side.name === name))
  if (theirs === undefined || own === undefined) return `${baseline} was not compared with ${control}`
  const outside = pairRows(theirs, own).filter(
    ({ quantity, ratio }) => controlled.test(quantity) && !(Math.abs(ratio.median - 1) <= controlTolerance),
  )
  if (outside.length === 0) return undefined
  const ratios = outside.map(({ quantity, ratio }) => `${quantity}: ${ratio.median.toFixed(2)}`)
  return `${baseline} is not within a tenth of ${control} (${ratios.join('; ')})`
}

function goalOf({ baseline, goals }: CaseResult, theirs: MeasuredSide, quantity: string): Goal | undefined {
  if (theirs.name !== baseline) return undefined
  return goals.find((goal) => goal.quantity === quantity)
}

function pairRows(ours: MeasuredSide, theirs: MeasuredSide): readonly ResultRow[] {
  const nothing = {}
  return resultRows(
    ours.rounds.map((figures, round) => ({ ours: figures, theirs: theirs.rounds[round] ?? nothing })),
  )
}

/** How often ours met its goals, of those that could be judged. */
export function countGoals(comparisons: readonly Comparison[]): {
  readonly met: number
  readonly judged: number
} {
  const judged = comparisons.filter(({ isMet }) => isMet !== undefined)
  return { met: judged.filter(({ isMet }) => isMet).length, judged: judged.length }
}
