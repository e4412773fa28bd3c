import { formatSpread } from '../result-table.js'
import type { RunDescription } from '../run-description.js'
import { type Comparison, compareSides, countGoals, voidReason } from './compare-sides.js'
import { type CaseResult, type Goal, type RowNumber, rowTitles } from './matrix-case.js'
import { type PlotLine, plotRatios } from './ratio-plot.js'

const rowNumbers = Object.keys(rowTitles).map(Number) as readonly RowNumber[]

/** Rows that nothing measures, and why. */
const notThere: Partial<Record<RowNumber, string>> = { 4: 'There is no HTTP yet.' }

/** One table of all cases, as Markdown: medians, in brackets the lowest and the highest round. */
export function formatMatrix(results: readonly CaseResult[]): string {
  const head = '| row | case | what | ours | against | theirs | ours / theirs | goal | |'
  const lines = results.flatMap((result) =>
    compareSides(result).map((comparison) => {
      const cells = [
        result.row,
        result.name,
        comparison.quantity,
        spreadText(comparison.ours),
        comparison.against,
        spreadText(comparison.theirs),
        spreadText(comparison.ratio),
        goalText(comparison.goal),
        verdictText(result, comparison),
      ]
      return `| ${cells.join(' | ')} |`
    }),
  )
  return [head, '|---|---|---|---|---|---|---|---|---|', ...lines].join('\n')
}

/** What is not in the table: rows that are void, cases that failed, rows that are not there, how many goals were met. */
export function matrixNotes(results: readonly CaseResult[]): readonly string[] {
  const { met, judged } = countGoals(results.flatMap(compareSides))
  return [
    `Goals met: ${met} of ${judged}.`,
    ...results.flatMap((result) => {
      const reason = voidReason(result)
      return reason === undefined ? [] : [`Void, row ${result.row}, ${result.name}: ${reason}.`]
    }),
    ...results.flatMap(({ row, name, failure }) =>
      failure === undefined ? [] : [`Failed, row ${row}, ${name}: ${failure.split('\n')[0]}`],
    ),
    ...Object.entries(notThere).map(([row, why]) => `Row ${row}: not there yet. ${why}`),
  ]
}

/** The page of one run. `plotOf` names the file of a row's plot. */
export function formatPage(
  run: RunDescription,
  results: readonly CaseResult[],
  plotOf: (row: RowNumber) => string,
): string {
  const { date, commit, machine } = run
  const shown = rowNumbers.filter((row) => results.some((result) => result.row === row))
  return [
    '# Benchmark',
    '',
    `${date.slice(0, 16).replace('T', ' ')}, commit ${commit}, ${machine.cpu}, ${machine.cores} cores, \
${Math.round(machine.memoryBytes / 2 ** 30)} GiB, Linux ${machine.kernel}, Node ${machine.node}. Sides in turn; medians, in \
brackets the lowest and the highest round; ratios are of one round. What the quantities are: \`bench/README.md\`.`,
    '',
    ...matrixNotes(results).map((note) => `- ${note}`),
    '',
    ...shown.flatMap((row) => [
      `## ${rowTitles[row]}`,
      '',
      `![Ratios](${plotOf(row)})`,
      '',
      formatMatrix(results.filter((result) => result.row === row)),
      '',
    ]),
  ].join('\n')
}

/** All ratios of one row; the dot is the median. */
export function plotRow(row: RowNumber, results: readonly CaseResult[]): string {
  const lines = results
    .filter((result) => result.row === row)
    .flatMap((result) => compareSides(result).map((comparison) => plotLine(result, comparison)))
  return plotRatios(`${rowTitles[row]}: ours / theirs`, lines)
}

function plotLine({ name }: CaseResult, { quantity, against, ratio, goal }: Comparison): PlotLine {
  return {
    label: `${name} · ${quantity} / ${against}`,
    ...ratio,
    ...(goal?.of === 'ratio' && { atMost: goal.atMost }),
  }
}

function spreadText(spread: Comparison['ratio']): string {
  return Number.isFinite(spread.median) ? formatSpread(spread) : '–'
}

function goalText(goal: Goal | undefined): string {
  if (goal === undefined) return ''
  return goal.of === 'ratio' ? `${goal.atMost} x` : `${goal.atMost}`
}

function verdictText(result: CaseResult, { isMet, goal }: Comparison): string {
  if (isMet !== undefined) return isMet ? 'met' : 'missed'
  return goal !== undefined && voidReason(result) !== undefined ? 'void' : ''
}
