import type { BadFile, VerifiedImport } from '../verified-import.js'
import { printable } from './cli-output.js'
import { formatCount } from './format-quantities.js'
import { clipText } from './text-width.js'

const maxFiles = 20
const maxChunks = 20
const maxRanges = 8

/** In lines of at most 80 columns, but for paths where the output is no terminal. */
export function formatVerified(report: VerifiedImport, columns: number | undefined): readonly string[] {
  const { ok, pieces, files, repair } = report
  if (files.length === 0) return [`ok: ${formatCount(pieces, 'piece')} checked, all right`]
  const shown = files.slice(0, maxFiles).flatMap((file) => formatFile(file, columns))
  const more = files.length - maxFiles
  return [
    `damaged: ${pieces - ok} of ${formatCount(pieces, 'piece')} wrong`,
    ...shown,
    ...(more > 0 ? [`  and ${formatCount(more, 'file')} more`] : []),
    ...(repair === null ? [] : formatRepair(repair)),
  ]
}

function formatFile({ path, pieces, chunks }: BadFile, columns: number | undefined): readonly string[] {
  const name = printable(path)
  const more = chunks.length - maxChunks
  return [
    `  ${columns === undefined ? name : clipText(name, columns - 4)}`,
    `    ${pieces.length === 1 ? 'piece' : 'pieces'} ${formatRanges(pieces)}`,
    ...chunks.slice(0, maxChunks).map((chunk) => `    ${chunk.key} ${placeOf(chunk)}`),
    ...(more > 0 ? [`    and ${formatCount(more, 'chunk')} more`] : []),
  ]
}

function formatRepair({
  healedChunks,
  lostPieces,
}: NonNullable<VerifiedImport['repair']>): readonly string[] {
  const healed = healedChunks > 0 ? [`healed: ${formatCount(healedChunks, 'chunk')} from another copy`] : []
  if (lostPieces.length === 0) return healed
  const lost = `lost: ${formatCount(lostPieces.length, 'piece')}; 'bae import' fetches them again`
  return [...healed, lost]
}

/** '4-6, 9'. */
function formatRanges(pieces: readonly number[]): string {
  const ranges: { first: number; last: number }[] = []
  for (const piece of pieces) {
    const range = ranges.at(-1)
    if (range?.last === piece - 1) range.last = piece
    else ranges.push({ first: piece, last: piece })
  }
  const shown = ranges
    .slice(0, maxRanges)
    .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
  return `${shown.join(', ')}${ranges.length > maxRanges ? ', ...' : ''}`
}

function placeOf({ local, remote }: BadFile['chunks'][number]): string {
  if (local) return remote ? 'both' : 'here'
  return remote ? 'remote' : 'gone'
}
