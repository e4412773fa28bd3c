import { printable } from './cli-output.js'
import {
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  formatShortDuration,
} from './format-quantities.js'
import { shortPauseText } from './pause-text.js'
import { clipText } from './text-width.js'
import { isSettled, type WatchedImport } from './watched-imports.js'

const heads = ['ID', 'STATE', 'DONE', 'SPEED', 'PEERS', 'LEFT', 'NAME'] as const
/** As wide as what stands there most of the time, so that nothing moves; the name has the rest, 27 columns of 80. */
const widths = [10, 11, 4, 10, 5, 6] as const
const shortestName = 8

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

/** A table of as many as fit, and in its last line what does not; in its first one how many of `waiting` are not in it. */
export function formatScreen(
  imports: readonly WatchedImport[],
  { columns, rows }: ScreenSize,
  waiting = 0,
): readonly string[] {
  const room = Math.max(1, rows - 2)
  // Hundreds of seeds must not hide what is on its way.
  const sorted = [...imports].sort((one, other) => rankOf(one) - rankOf(other))
  const shown = sorted.length > room ? sorted.slice(0, room - 1) : sorted
  const rest = imports.length - shown.length
  return [
    formatTotals(imports, waiting),
    formatRow([...heads], columns),
    ...shown.map((each) => formatRow(cellsOf(each), columns)),
    ...(rest > 0 ? [`... and ${rest} more`] : []),
  ].map((line) => clipText(line, columns - 1))
}

/** What happens, then what has ended or waits for somebody, then what is only given to others. */
function rankOf(watched: WatchedImport): number {
  if (watched.state === 'seeding') return 2
  return isSettled(watched) ? 1 : 0
}

/** The same of one import for a log: everything named. */
export function formatWatchedLine(watched: WatchedImport): string {
  const [, state, share, speed, , , name] = cellsOf(watched)
  const { downloadBytesPerSecond, error, peers } = watched
  const left = secondsLeft(watched)
  const moving = downloadBytesPerSecond > 0 ? [speed, formatCount(peers, 'peer')] : []
  const until = left === undefined ? [] : [`${formatDuration(left)} left`]
  const why =
    error === null || watched.state !== 'failed' ? [] : [`${printable(error.message)} [${error.code}]`]
  return `${watched.shortId}  ${name}: ${[state, share, ...moving, ...until, ...why].join(', ')}`
}

function formatTotals(imports: readonly WatchedImport[], waiting: number): string {
  const running = imports.filter(({ peers, downloadBytesPerSecond }) => peers + downloadBytesPerSecond > 0)
  const rate = imports.reduce((sum, { downloadBytesPerSecond }) => sum + downloadBytesPerSecond, 0)
  const given = imports.reduce((sum, { uploadBytesPerSecond }) => sum + uploadBytesPerSecond, 0)
  const giving = given === 0 ? '' : `, giving ${formatRate(given)}`
  const toCome = waiting === 0 ? '' : `; ${waiting} more to come`
  if (imports.length === 0 && waiting === 0) return "nothing runs at the moment; 'bae list' shows all imports"
  return `${formatCount(imports.length, 'import')}, ${running.length} with peers, ${formatRate(rate)}${giving}${toCome}`
}

function formatRow(cells: readonly string[], columns: number): string {
  const before = widths.map((width, column) => {
    const text = cells[column] ?? ''
    return column < 2 ? text.padEnd(width) : text.padStart(width)
  })
  const taken = before.reduce((sum, text) => sum + text.length + 1, 0)
  const name = clipText(cells[widths.length] ?? '', Math.max(shortestName, columns - 1 - taken))
  return [...before, name].join(' ')
}

function cellsOf(watched: WatchedImport): readonly string[] {
  const { shortId, state, retryAtMs, pieces, totalPieces, peers, name } = watched
  const rate = state === 'seeding' ? watched.uploadBytesPerSecond : watched.downloadBytesPerSecond
  const left = secondsLeft(watched)
  return [
    shortId.slice(0, widths[0]),
    state === 'failed' && retryAtMs !== null ? 'retrying' : shortStateOf(watched),
    totalPieces === null ? '-' : formatShare(pieces, totalPieces),
    rate > 0 ? formatRate(rate) : '-',
    String(peers),
    left === undefined ? '-' : formatShortDuration(left),
    printable(name ?? '(no name yet)'),
  ]
}

/** At the rate of this moment. */
function secondsLeft({ bytes, totalBytes, downloadBytesPerSecond: rate }: WatchedImport): number | undefined {
  return rate > 0 && totalBytes !== null && bytes < totalBytes ? (totalBytes - bytes) / rate : undefined
}

function shortStateOf({ state, pause }: WatchedImport): string {
  return state === 'paused' ? shortPauseText(pause) : (shortStates[state] ?? state)
}

/** Words that the column has room for. */
const shortStates: Readonly<Record<string, string>> = {
  fetchingMetadata: 'metadata',
  choosingFiles: 'choosing',
}
