import type { ImportedFile, ImportSnapshot } from '../import-snapshot.js'
import type { StoredShare } from '../stored-share.js'
import { printable } from './cli-output.js'
import { type CliContext, type CommandArguments, exitDone, type RunCommand } from './command.js'
import { formatBytes, formatCount, formatDuration, formatShare } from './format-quantities.js'
import { openLibrary } from './open-library.js'
import { pausedText } from './pause-text.js'
import { findServiceToRead } from './service-connection.js'

export const runShow: RunCommand = async (args, context) => {
  const snapshot = await find(args, context)
  if (args.json) context.output.printJson(snapshot)
  else for (const line of formatImport(snapshot)) context.output.print(line)
  return exitDone
}

async function find(args: CommandArguments, context: CliContext): Promise<ImportSnapshot> {
  const [id = ''] = args.positionals
  const running = await findServiceToRead(await context.config(args), context)
  if (running !== undefined) return await running.get(id, { signal: context.stop.signal })
  await using service = await openLibrary(args, context)
  return await service.get(id)
}

export function formatImport(snapshot: ImportSnapshot): readonly string[] {
  const { id, infoHashV1, infoHashV2, name, totalBytes, selected, files, retry } = snapshot
  const stored = selected ?? snapshot
  const facts: [string, string][] = [
    ['id', id],
    ...(infoHashV1 === null ? [] : [['info hash', infoHashV1] satisfies [string, string]]),
    ...(infoHashV2 === null ? [] : [['info hash v2', infoHashV2] satisfies [string, string]]),
    ['state', stateText(snapshot)],
    ...(retry === null || retry.atMs === null
      ? []
      : [['tried again', formatInstant(retry.atMs)] satisfies [string, string]]),
    ...(selected === null
      ? []
      : [['selected', selectedText(selected, files.length, totalBytes ?? 0)] satisfies [string, string]]),
    ['stored', storedText(stored.pieces, stored.totalPieces, stored.bytes, stored.totalBytes ?? 0)],
    ['added', formatInstant(snapshot.addedAtMs)],
    ...(snapshot.completedAtMs === null
      ? []
      : [['completed', completedText(snapshot)] satisfies [string, string]]),
  ]
  return [
    printable(name ?? '(no name yet)'),
    ...facts.map(([label, value]) => `  ${label.padEnd(12)}  ${value}`),
    ...(files.length === 0 ? [] : [`  ${formatCount(files.length, 'file')}:`]),
    ...files.map(formatFile),
  ]
}

function stateText({ state, pause, error }: ImportSnapshot): string {
  if (state === 'paused') return pausedText(pause)
  if (state === 'choosingFiles') return "choosingFiles until 'bae select'"
  return error === null ? state : `${state}: ${printable(error.message)} [${error.code}]`
}

function formatFile({ path, bytes, selected }: ImportedFile): string {
  return `  ${formatBytes(bytes).padStart(12)}  ${printable(path)}${selected ? '' : '  (not selected)'}`
}

function selectedText(selected: StoredShare, files: number, totalBytes: number): string {
  const size = `${formatBytes(selected.totalBytes)} of ${formatBytes(totalBytes)}`
  return `${selected.files} of ${formatCount(files, 'file')}, ${size}`
}

function storedText(pieces: number, totalPieces: number | null, bytes: number, totalBytes: number): string {
  if (totalPieces === null) return 'nothing yet'
  const share = formatShare(pieces, totalPieces)
  return `${share}, ${pieces} of ${formatCount(totalPieces, 'piece')}, ${formatBytes(bytes)} of ${formatBytes(totalBytes)}`
}

function completedText({ completedAtMs, seconds }: ImportSnapshot): string {
  const took = seconds === null || seconds === 0 ? '' : `, ${formatDuration(seconds)} of transfer`
  return `${formatInstant(completedAtMs ?? 0)}${took}`
}

function formatInstant(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
