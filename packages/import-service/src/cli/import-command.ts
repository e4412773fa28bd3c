import type { AddImportOptions } from '../begin-import.js'
import type { Composition } from '../composition.js'
import type { Config } from '../config/config.js'
import type { ImportedFile, ImportSnapshot } from '../import-snapshot.js'
import { type ImportSource, resolveSource } from '../import-source.js'
import { printable } from './cli-output.js'
import { type CliContext, type CommandArguments, exitDone, type RunCommand } from './command.js'
import { follow } from './follow-import.js'
import { formatBytes, formatCount, formatDuration, formatRate } from './format-quantities.js'
import { type ImportedByService, importByService } from './import-by-service.js'
import { formatListed, listFiles } from './list-files.js'
import { parseTimeout } from './parse-timeout.js'
import { parsePeer, resolvePeer } from './peer-address.js'
import { findService } from './service-connection.js'
import { inLibrary, shortIdOf } from './short-id.js'

/** What took less is over at once: its rate would say nothing. */
const shownSeconds = 0.05

export const runImport: RunCommand = async (args, context) => {
  const peers = args.peers.map(parsePeer)
  if (args.timeout !== undefined) stopInTime(args.timeout, context)
  const { signal } = context.stop
  const composition = await context.compose()
  const source = await resolveSource(composition, args.positionals[0] ?? '', { signal })
  const addresses = await Promise.all(peers.map((peer) => resolvePeer(peer)))
  const config = await context.config(args)
  if (args.flags.has('list')) {
    const listed = await whileTold('asking for the list of files...', args, context, () =>
      listFiles({ config, source, select: args.select, peers: addresses }, context),
    )
    if (args.json) context.output.printJson({ event: 'listed', ...listed })
    else for (const line of formatListed(listed)) context.output.print(line)
    return exitDone
  }
  const options = { peers: addresses, select: args.select }
  const running = await findService(config, context)
  const { snapshot, wasCompleted } =
    running === undefined
      ? await importHere({ composition, config, source, options }, args, context)
      : await importByService(running, { source, options }, args, context)
  if (args.json) context.output.printJson(completedEvent(snapshot))
  else
    for (const line of describeCompleted(snapshot, wasCompleted, args, context.commandName))
      context.output.print(line)
  return exitDone
}

interface ImportHere {
  readonly composition: Composition
  readonly config: Config
  readonly source: ImportSource
  readonly options: AddImportOptions
}

async function importHere(
  { composition, config, source, options }: ImportHere,
  args: CommandArguments,
  context: CliContext,
): Promise<ImportedByService> {
  const { signal } = context.stop
  const logger = await context.openLog(config)
  // A new library takes seconds: its database is made.
  await using service = await whileTold('opening the library...', args, context, () =>
    composition.openForImport(config, { signal, logger }),
  )
  const job = await service.add(source, { ...options, signal })
  return { snapshot: await follow(job, args, context), wasCompleted: job.wasCompleted }
}

/** Shows on a terminal what is waited for, and takes it away again. */
async function whileTold<T>(
  text: string,
  { json }: CommandArguments,
  { output }: CliContext,
  work: () => Promise<T>,
): Promise<T> {
  if (json || !output.hasTerminal) return await work()
  output.redraw(text)
  try {
    return await work()
  } finally {
    output.redraw('')
  }
}

/** Counts from the start of the process: the time is for the whole command. */
function stopInTime(text: string, { stop }: CliContext): void {
  const seconds = parseTimeout(text)
  stop.stopAfter(Math.max(0, seconds * 1000 - performance.now()), seconds)
}

function completedEvent(snapshot: ImportSnapshot): unknown {
  const { id, infoHash, infoHashV1, infoHashV2, name, seconds } = snapshot
  const { bytes, pieces } = snapshot.selected ?? snapshot
  const files = selectedOf(snapshot).map((file) => ({ path: file.path, bytes: file.bytes }))
  return {
    event: 'completed',
    id,
    infoHash,
    infoHashV1,
    infoHashV2,
    name,
    bytes,
    pieces,
    files,
    seconds: seconds ?? 0,
  }
}

function selectedOf({ files }: ImportSnapshot): readonly ImportedFile[] {
  return files.filter(({ selected }) => selected)
}

function describeCompleted(
  snapshot: ImportSnapshot,
  wasCompleted: boolean,
  args: CommandArguments,
  bae: string,
): readonly string[] {
  const { name, id, infoHash, files, seconds } = snapshot
  const { bytes } = snapshot.selected ?? snapshot
  const some = snapshot.selected === null ? '' : `${selectedOf(snapshot).length} of `
  const size = `${some}${formatCount(files.length, 'file')}, ${formatBytes(bytes)}`
  const shortId = shortIdOf(snapshot)
  const there = inLibrary(args)
  const took =
    seconds === null || seconds < shownSeconds
      ? ''
      : ` in ${formatDuration(seconds)} (${formatRate(bytes / seconds)})`
  return [
    wasCompleted
      ? `${printable(name ?? id)} is in the library already: ${size}; nothing was fetched`
      : `imported ${printable(name ?? id)}: ${size}${took}`,
    `  id         ${id}`,
    `  info hash  ${infoHash ?? ''}`,
    `  next       ${bae} show ${shortId}${there}`,
    `             ${bae} export ${shortId} DIR${there}`,
  ]
}
