import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CliContext, CommandArguments } from '../cli/command.js'
import { follow } from '../cli/follow-import.js'
import { formatBytes, formatCount, formatDuration, formatRate } from '../cli/format-quantities.js'
import type { Composition } from '../composition.js'
import type { Config } from '../config/config.js'
import { ImportError, systemErrorCode } from '../errors.js'
import type { ImportService } from '../import-service.js'
import type { ImportSnapshot } from '../import-snapshot.js'
import { sourceOf } from '../import-source.js'
import { compareTrees } from './compare-trees.js'
import { DemoSteps } from './demo-steps.js'
import { type Album, makeAlbum } from './make-album.js'
import { describeNextSteps } from './next-steps.js'

interface DemoFolders {
  readonly root: string
  /** What the peer gives away; removed at the end. */
  readonly original: string
  readonly exported: string
}

/** The main job from end to end, on parts that are all real, told in steps. */
export async function runDemo(args: CommandArguments, context: CliContext): Promise<void> {
  const { output } = context
  const root = await makeRoot()
  const folders = { root, original: join(root, 'original'), exported: join(root, 'exported') }
  try {
    // PostgreSQL does not run as root: its user must be able to enter.
    await chmod(root, 0o755)
    const config = await context.config({ ...args, library: args.library ?? join(root, 'library') })
    output.print()
    output.print(`  ${output.style('bold', 'bae: a torrent, from a peer straight into storage you control')}`)
    output.print()
    const snapshot = await tellStory(folders, config, args, context)
    await rm(folders.original, { recursive: true, force: true })
    for (const line of describeNextSteps(
      snapshot,
      { ...folders, config, ownLibrary: args.library === undefined, commandName: context.commandName },
      output,
    )) {
      output.print(line)
    }
  } catch (error) {
    await rm(root, { recursive: true, force: true }).catch(() => {})
    throw error
  }
}

async function makeRoot(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'bae-demo-'))
  } catch (cause) {
    const why = systemErrorCode(cause) ?? 'unknown reason'
    const message = `the folder for temporary files, ${tmpdir()}, cannot be written: ${why}`
    throw new ImportError('IMPORT_TEMPORARY_UNWRITABLE', message, { cause })
  }
}

async function tellStory(
  folders: DemoFolders,
  config: Config,
  args: CommandArguments,
  context: CliContext,
): Promise<ImportSnapshot> {
  const { signal } = context.stop
  const steps = new DemoSteps(context.output)
  const composition = await context.compose()
  const album = await steps.run(
    'Make an album',
    () => makeAlbum(folders.original, signal),
    ({ files, bytes }) =>
      `${formatCount(files.length, 'file')}, ${formatBytes(bytes)}: music, a cover, a text`,
  )
  const { torrentFile, seed } = await steps.run(
    'Seed it from a second session',
    () => startSeed(composition, album, folders.original),
    (seeding) => `127.0.0.1:${seeding.seed.port}, libtorrent's own storage`,
  )
  await using _ = seed
  await using service = await steps.run(
    'Open the library',
    async () =>
      composition.openForImport(config, {
        signal,
        logger: await context.openLog(config),
        loopbackOnly: true,
      }),
    () => 'chunks in a folder, records in PostgreSQL',
  )
  const snapshot = await steps.run(
    'Import the torrent',
    () => importAlbum(composition, service, torrentFile, seed.port, args, context),
    describeImported,
  )
  await proveIt(steps, service, snapshot, album, folders, signal)
  return snapshot
}

async function startSeed(composition: Composition, album: Album, directory: string) {
  const torrentFile = await composition.createTorrentFile(album.directory)
  return { torrentFile, seed: await composition.seed(torrentFile, directory) }
}

async function importAlbum(
  composition: Composition,
  service: ImportService,
  torrentFile: Uint8Array,
  port: number,
  args: CommandArguments,
  context: CliContext,
): Promise<ImportSnapshot> {
  const { signal } = context.stop
  const source = sourceOf(torrentFile, await composition.parseTorrentFile(torrentFile))
  const job = await service.add(source, { peers: [{ host: '127.0.0.1', port }], signal })
  return follow(job, args, context)
}

async function proveIt(
  steps: DemoSteps,
  service: ImportService,
  snapshot: ImportSnapshot,
  album: Album,
  folders: DemoFolders,
  signal: AbortSignal,
): Promise<void> {
  await steps.run(
    'Verify every piece',
    async () => assertSound(await service.verify(snapshot.id, { signal })),
    (pieces) => `${formatCount(pieces, 'piece')} read back and hashed: all right`,
  )
  const exported = await steps.run(
    'Export the files',
    () => service.export(snapshot.id, folders.exported, { signal }),
    ({ files, bytes }) => `${formatCount(files, 'file')}, ${formatBytes(bytes)}`,
  )
  await steps.run(
    'Compare with the original',
    async () => assertSame(await compareTrees(album.directory, exported.path, album.files)),
    () => 'the same, byte for byte',
  )
}

function describeImported({ pieces, bytes, seconds }: ImportSnapshot): string {
  const took =
    seconds === null || seconds <= 0 ? '' : ` in ${formatDuration(seconds)} (${formatRate(bytes / seconds)})`
  return `${formatCount(pieces, 'piece')}, ${formatBytes(bytes)}${took}`
}

function assertSound(report: { readonly pieces: number; readonly bad: readonly unknown[] }): number {
  if (report.bad.length === 0) return report.pieces
  throw new ImportError(
    'IMPORT_CORRUPT',
    `${report.bad.length} of ${formatCount(report.pieces, 'piece')} are wrong`,
  )
}

function assertSame(different: readonly string[]): void {
  if (different.length === 0) return
  throw new ImportError(
    'IMPORT_CORRUPT',
    `what was exported differs from the original in ${different.join(', ')}`,
  )
}
