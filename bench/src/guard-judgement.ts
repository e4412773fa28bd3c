import { type ResultRow, type Round, resultRows } from './result-table.js'

/** A pair that is measured in turn, and how its quantities usually divide. */
export interface GuardPair {
  readonly name: string
  /** By quantity: ours divided by theirs. */
  readonly usual: Readonly<Record<string, number>>
  measure(): Promise<Round>
}

export interface Judgement extends ResultRow {
  readonly atMost: number
  readonly isExceeded: boolean
}

/** Half as much again is a regression; less may be the machine. */
const tolerance = 1.5

/** The quantities with a usual ratio, by the medians of their rounds. */
export function judge(usual: GuardPair['usual'], rounds: readonly Round[]): readonly Judgement[] {
  const rows = resultRows(rounds)
  return Object.entries(usual).map(([quantity, ratio]) => {
    const row = rows.find((each) => each.quantity === quantity)
    if (row === undefined) throw new Error(`${quantity} was not measured`)
    const atMost = ratio * tolerance
    return { ...row, atMost, isExceeded: !(row.ratio.median <= atMost) }
  })
}

/** Rounds of a pair, and all of them once more where they exceed a bound: a machine may be busy for a moment. */
export async function judgePair(
  pair: GuardPair,
  rounds: number,
  say: (line: string) => void,
): Promise<readonly Judgement[]> {
  const first = await measureAndJudge(pair, rounds)
  if (!first.some(({ isExceeded }) => isExceeded)) return first
  for (const line of first.filter(({ isExceeded }) => isExceeded)) {
    say(
      `${pair.name}, ${line.quantity}: ${line.ratio.median.toFixed(2)} is above ${line.atMost.toFixed(2)}; once more`,
    )
  }
  return measureAndJudge(pair, rounds)
}

async function measureAndJudge(pair: GuardPair, rounds: number): Promise<readonly Judgement[]> {
  const measured: Round[] = []
  for (let round = 0; round < rounds; round += 1) measured.push(await pair.measure())
  return judge(pair.usual, measured)
}
