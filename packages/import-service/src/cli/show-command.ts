import type { ImportSnapshot } from '../import-snapshot.js'
import { printable } from './cli-output.js'
import { type Command, exitDone } from './command.js'
import { formatBytes, formatCount, formatDuration, formatShare } from './format-quantities.js'
import { openLibrary } from './open-library.js'

export const showCommand: Command = {
  name: 'show',
  positionals: ['ID'],
  options: ['library', 'json'],
  help: `Usage: bae show ID [--library DIR] [--json]

Shows one import with its files. ID is an id, an info hash, or the beginning of one.

  --library DIR  the library
  --json         print one object, as in the array of 'bae list --json'`,
  async run(args, context) {
    await using service = await openLibrary(args, context)
    const snapshot = await service.get(args.positionals[0] ?? '')
    if (args.json) context.output.printJson(snapshot)
    else for (const line of formatImport(snapshot)) context.output.print(line)
    return exitDone
  },
}

export function formatImport(snapshot: ImportSnapshot): readonly string[] {
  const { id, infoHashV1, infoHashV2, name, state, pieces, totalPieces, bytes, totalBytes, files, error } =
    snapshot
  const facts: [string, string][] = [
    ['id', id],
    ...(infoHashV1 === null ? [] : [['info hash', infoHashV1] satisfies [string, string]]),
    ...(infoHashV2 === null ? [] : [['info hash v2', infoHashV2] satisfies [string, string]]),
    ['state', error === null ? state : `${state}: ${printable(error.message)} [${error.code}]`],
    [
      'stored',
      totalPieces === null ? 'nothing yet' : storedText(pieces, totalPieces, bytes, totalBytes ?? 0),
    ],
    ['added', formatInstant(snapshot.addedAtMs)],
    ...(snapshot.completedAtMs === null
      ? []
      : [['completed', completedText(snapshot)] satisfies [string, string]]),
  ]
  return [
    printable(name ?? '(no name yet)'),
    ...facts.map(([label, value]) => `  ${label.padEnd(12)}  ${value}`),
    ...(files.length === 0 ? [] : [`  ${formatCount(files.length, 'file')}:`]),
    ...files.map((file) => `  ${formatBytes(file.bytes).padStart(12)}  ${printable(file.path)}`),
  ]
}

function storedText(pieces: number, totalPieces: number, bytes: number, totalBytes: number): string {
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
