import type { Measurement } from './measured-run.js'
import { type Spread, spreadOf } from './statistics.js'

export interface Round {
  readonly bae: Measurement
  readonly mmap: Measurement
}

export interface ResultRow {
  readonly quantity: string
  readonly bae: Spread
  readonly mmap: Spread
  /** bae's figure divided by the other's, round by round: below 1 is better. */
  readonly ratio: Spread
}

const quantities: readonly (readonly [string, (measured: Measurement) => number])[] = [
  ['first to last payload byte, s', (measured) => measured.transferSeconds],
  ['start to end of the process, s', (measured) => measured.processSeconds],
  ['CPU (user + system), s', (measured) => measured.cpuSeconds],
  ['peak resident, MiB', (measured) => measured.peakResidentBytes / 1024 / 1024],
]

export function resultRows(rounds: readonly Round[]): readonly ResultRow[] {
  return quantities.map(([quantity, of]) => ({
    quantity,
    bae: spreadOf(rounds.map((round) => of(round.bae))),
    mmap: spreadOf(rounds.map((round) => of(round.mmap))),
    ratio: spreadOf(rounds.map((round) => of(round.bae) / of(round.mmap))),
  }))
}

/** A Markdown table: medians, with the lowest and highest in brackets. */
export function formatTable(rows: readonly ResultRow[]): string {
  const head = ['| | bae import | libtorrent mmap | bae / mmap |', '|---|---|---|---|']
  const lines = rows.map(
    ({ quantity, bae, mmap, ratio }) =>
      `| ${[quantity, ...[bae, mmap, ratio].map(formatSpread)].join(' | ')} |`,
  )
  return [...head, ...lines].join('\n')
}

function formatSpread({ median, lowest, highest }: Spread): string {
  return `${formatNumber(median)} (${formatNumber(lowest)} - ${formatNumber(highest)})`
}

function formatNumber(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}
