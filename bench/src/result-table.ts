import { type Spread, spreadOf } from './statistics.js'

/** One run: a figure for each quantity, named with its unit. */
export type Figures = Readonly<Record<string, number>>

export interface Round {
  readonly ours: Figures
  readonly theirs: Figures
}

export interface ResultRow {
  readonly quantity: string
  readonly ours: Spread
  readonly theirs: Spread
  /** Our figure divided by the other's, round by round: below 1 is better. */
  readonly ratio: Spread
}

export function resultRows(rounds: readonly Round[]): readonly ResultRow[] {
  return Object.keys(rounds[0]?.ours ?? {}).map((quantity) => {
    const ours = rounds.map((round) => round.ours[quantity] ?? Number.NaN)
    const theirs = rounds.map((round) => round.theirs[quantity] ?? Number.NaN)
    const ratios = ours.map((figure, round) => figure / (theirs[round] ?? Number.NaN))
    return { quantity, ours: spreadOf(ours), theirs: spreadOf(theirs), ratio: spreadOf(ratios) }
  })
}

/** A Markdown table: medians, with the lowest and highest in brackets. `sides`: what ours and theirs are called. */
export function formatTable(
  rows: readonly ResultRow[],
  sides: { readonly ours: string; readonly theirs: string },
): string {
  const head = [`| | ${sides.ours} | ${sides.theirs} | ratio |`, '|---|---|---|---|']
  const lines = rows.map(
    ({ quantity, ours, theirs, ratio }) =>
      `| ${[quantity, ...[ours, theirs, ratio].map(formatSpread)].join(' | ')} |`,
  )
  return [...head, ...lines].join('\n')
}

export function formatSpread({ median, lowest, highest }: Spread): string {
  return `${formatNumber(median)} (${formatNumber(lowest)} - ${formatNumber(highest)})`
}

function formatNumber(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}
