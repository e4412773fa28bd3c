import type { ImportProgress } from '../import-progress.js'
import { formatBytes, formatCount, formatDuration, formatRate, formatShare } from './format-quantities.js'
import { pausedText } from './pause-text.js'

export interface BarOptions {
  /** Columns for the whole line. */
  readonly columns: number
  readonly unicode: boolean
}

const longestBar = 40
const shortestBar = 5
/** Of what came and is not stored yet. */
const longestStoringSeconds = 5

/** One line about a running import: what is least important goes first when it does not fit. */
export function formatProgress(progress: ImportProgress, options: BarOptions): string {
  const { totalPieces, totalBytes } = progress
  if (totalPieces === null || totalBytes === null) return clip(waitingText(progress), options.columns)
  const parts = [
    formatShare(progress.pieces, totalPieces),
    `${formatBytes(progress.bytes)} of ${formatBytes(totalBytes)}`,
    ...(progress.state === 'downloading' ? transferTexts(progress, totalBytes) : [stateText(progress)]),
  ]
  return formatBar(totalPieces === 0 ? 1 : progress.pieces / totalPieces, parts, options)
}

/** A bar of `share` (0 to 1) with texts after it. */
export function formatBar(share: number, texts: readonly string[], options: BarOptions): string {
  for (let count = texts.length; count > 0; count -= 1) {
    const text = texts.slice(0, count).join('  ')
    const room = Math.min(longestBar, options.columns - 1 - text.length - 2)
    if (room >= shortestBar) return `${drawBar(share, room, options.unicode)}  ${text}`
  }
  return clip(texts.join('  '), options.columns)
}

/** The same for a log file: no bar, everything named. */
export function formatProgressLine(progress: ImportProgress): string {
  const { totalPieces, totalBytes } = progress
  if (totalPieces === null || totalBytes === null) return waitingText(progress)
  const share = formatShare(progress.pieces, totalPieces)
  const pieces = `${progress.pieces} of ${formatCount(totalPieces, 'piece')}`
  const texts = progress.state === 'downloading' ? transferTexts(progress, totalBytes) : [stateText(progress)]
  return [share, pieces, `${formatBytes(progress.bytes)} of ${formatBytes(totalBytes)}`, ...texts].join(', ')
}

function drawBar(share: number, width: number, unicode: boolean): string {
  const done = Math.min(width, Math.floor(share * width))
  const [full, empty] = unicode ? ['█', '░'] : ['#', '.']
  return (full ?? '').repeat(done) + (empty ?? '').repeat(width - done)
}

function transferTexts(progress: ImportProgress, totalBytes: number): readonly string[] {
  const rate = progress.downloadBytesPerSecond
  const leftBytes = totalBytes - progress.bytes
  // Peers that have given everything leave before the last of it is stored. Where more is missing they are just gone: the
  // rate is a mean, and there for a minute.
  if (progress.peers === 0)
    return [leftBytes < rate * longestStoringSeconds ? 'storing what came' : 'waiting for peers']
  const peers = formatCount(progress.peers, 'peer')
  // In its first second, too: a rate is not known at once.
  if (rate === 0) return ['waiting for data', peers]
  return [formatRate(rate), `${formatDuration(leftBytes / rate)} left`, peers]
}

function stateText({ state, pause }: ImportProgress): string {
  const texts: Record<ImportProgress['state'], string> = {
    queued: 'waiting for its turn',
    opening: 'opening',
    fetchingMetadata: 'fetching metadata',
    choosingFiles: 'waiting for a choice of files',
    checking: 'checking',
    downloading: 'downloading',
    completing: 'finishing',
    verifying: 'verifying',
    completed: 'completed',
    seeding: 'seeding',
    paused: pausedText(pause),
    failed: 'failed',
    cancelled: 'cancelled',
  }
  return texts[state]
}

function waitingText(progress: ImportProgress): string {
  if (progress.state === 'paused') return stateText(progress)
  if (progress.state !== 'fetchingMetadata') return `${stateText(progress)}...`
  return `asking peers what the torrent holds, ${formatCount(progress.peers, 'peer')}`
}

function clip(text: string, columns: number): string {
  return text.length < columns ? text : text.slice(0, Math.max(0, columns - 1))
}
