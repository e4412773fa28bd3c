import { rm, writeFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { CreateTorrentOptions, CreateTorrentProgress } from '@bae/native'
import type { TorrentLayout } from '@bae/storage'
import { parseBytes } from '../config/parse-bytes.js'
import { ImportError, systemErrorCode } from '../errors.js'
import { importedFiles, totalFileBytes, totalPieces } from '../import-snapshot.js'
import { safeName } from '../safe-path.js'
import { printable } from './cli-output.js'
import { type CliContext, type CommandArguments, exitDone, type RunCommand } from './command.js'
import { formatBar } from './format-progress.js'
import { formatBytes, formatCount, formatShare } from './format-quantities.js'
import { ProgressReporter } from './progress-reporter.js'

const smallestPieceBytes = 16 * 1024
const largestPieceBytes = 64 * 1024 * 1024
const formats = ['v1', 'v2', 'hybrid'] as const

export const runCreate: RunCommand = async (args, context) => {
  const { output } = context
  const path = resolve(args.positionals[0] ?? '')
  const options = readOptions(args)
  const [target = `${basename(path)}.torrent`] = args.values.get('output') ?? []
  const composition = await context.compose()
  const torrentFile = await withProgress(args, context, (onProgress) =>
    composition.createTorrentFile(path, { ...options, onProgress, signal: context.stop.signal }),
  )
  const layout = await composition.parseTorrentFile(torrentFile)
  await writeNew(target, torrentFile)
  const facts = describeTorrent(target, layout)
  if (args.json) output.printJson(facts)
  else {
    const { files, bytes, pieces, pieceLengthBytes, infoHash } = facts
    const cut = `${formatCount(pieces, 'piece')} of ${formatBytes(pieceLengthBytes)}`
    output.print(`made ${printable(target)}: ${formatCount(files, 'file')}, ${formatBytes(bytes)}, ${cut}`)
    output.print(`  info hash  ${infoHash ?? ''}`)
  }
  return exitDone
}

function readOptions({ values, flags }: CommandArguments): CreateTorrentOptions {
  const format = formats.find((each) => each === values.get('format')?.[0])
  const [asked] = values.get('format') ?? []
  if (asked !== undefined && format === undefined) {
    throw new ImportError('IMPORT_USAGE', `--format is 'v1', 'v2' or 'hybrid', not '${asked}'`)
  }
  const [pieceLength] = values.get('piece-length') ?? []
  const [comment] = values.get('comment') ?? []
  return {
    trackers: urlsOf('tracker', values.get('tracker')),
    webSeeds: urlsOf('web-seed', values.get('web-seed')),
    creator: 'bae',
    isPrivate: flags.has('private'),
    ...(format && { format }),
    ...(pieceLength !== undefined && { pieceLengthBytes: parsePieceLength(pieceLength) }),
    ...(comment !== undefined && { comment }),
  }
}

function parsePieceLength(text: string): number {
  const bytes = parseBytes(text) ?? 0
  const isPower = Number.isInteger(Math.log2(bytes))
  if (isPower && bytes >= smallestPieceBytes && bytes <= largestPieceBytes) return bytes
  throw new ImportError(
    'IMPORT_USAGE',
    `--piece-length takes a power of two from '16 KiB' to '64 MiB', not '${text}'`,
  )
}

function urlsOf(option: string, urls: readonly string[] = []): readonly string[] {
  const wrong = urls.find((url) => !/^(https?|udp|wss?):\/\/[^/]/i.test(url))
  if (wrong === undefined) return urls
  throw new ImportError(
    'IMPORT_USAGE',
    `--${option} takes an address such as http://host/path, not '${wrong}'`,
  )
}

async function withProgress<T>(
  args: CommandArguments,
  { output }: CliContext,
  work: (onProgress: (progress: CreateTorrentProgress) => void) => Promise<T>,
): Promise<T> {
  let progress: CreateTorrentProgress = { hashedPieces: 0, totalPieces: 0 }
  const share = (): number => progress.hashedPieces / Math.max(1, progress.totalPieces)
  const text = (): string => `${formatShare(progress.hashedPieces, Math.max(1, progress.totalPieces))} hashed`
  const view = {
    bar: (columns: number) => formatBar(share(), [text()], { columns, unicode: output.unicode }),
    line: text,
    event: () => ({ event: 'progress', ...progress }),
  }
  // Scripts get one object, so progress is for people alone.
  if (args.json) return await work(() => {})
  using _ = new ProgressReporter(output, view, { json: false })
  return await work((now) => {
    progress = now
  })
}

/** Never overwrites, and leaves nothing that is not whole. */
async function writeNew(target: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(target, bytes, { flag: 'wx', flush: true })
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') {
      throw new ImportError('IMPORT_EXPORT_EXISTS', `${target} is there already`, { cause: error })
    }
    await rm(target, { force: true }).catch(() => {})
    const code = systemErrorCode(error)
    const why = code === 'ENOENT' ? 'its folder is not there' : (code ?? 'unknown reason')
    throw new ImportError('IMPORT_EXPORT_FAILED', `${target} cannot be written: ${why}`, { cause: error })
  }
}

function describeTorrent(path: string, layout: TorrentLayout) {
  const { infoHashV1 = null, infoHashV2 = null, name, pieceLengthBytes } = layout
  return {
    path,
    infoHash: infoHashV1 ?? infoHashV2,
    infoHashV1,
    infoHashV2,
    name: safeName(name),
    bytes: totalFileBytes(layout),
    files: importedFiles(layout).length,
    pieces: totalPieces(layout),
    pieceLengthBytes,
  }
}
