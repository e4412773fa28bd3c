import type { Composition } from '../composition.js'
import type { Config } from '../config/config.js'
import type { ImportSnapshot } from '../import-snapshot.js'
import { type ImportSource, resolveSource } from '../import-source.js'
import type { SubmitOptions } from '../submit-import.js'
import { printable } from './cli-output.js'
import { type CliContext, type CommandArguments, exitDone, type RunCommand } from './command.js'
import { parsePeer, resolvePeer } from './peer-address.js'
import { findService } from './service-connection.js'
import { inLibrary, shortIdOf } from './short-id.js'

export const runAdd: RunCommand = async (args, context) => {
  const peers = args.peers.map(parsePeer)
  const composition = await context.compose()
  const source = await resolveSource(composition, args.positionals[0] ?? '', { signal: context.stop.signal })
  const options: SubmitOptions = {
    peers: await Promise.all(peers.map((peer) => resolvePeer(peer))),
    select: args.select,
    choose: args.flags.has('choose'),
    seed: args.flags.has('seed'),
    paused: args.flags.has('paused'),
  }
  const config = await context.config(args)
  const { snapshot, isServed } = await handOver({ composition, config, source, options }, context)
  const { id, infoHash, infoHashV1, infoHashV2, name, state } = snapshot
  if (args.json) {
    context.output.printJson({ event: 'added', id, infoHash, infoHashV1, infoHashV2, name, state, isServed })
  } else for (const line of describeAdded(snapshot, isServed, args, context)) context.output.print(line)
  return exitDone
}

interface HandOver {
  readonly composition: Composition
  readonly config: Config
  readonly source: ImportSource
  readonly options: SubmitOptions
}

/** To the service that runs; where none does it is recorded for the next one. */
async function handOver(
  { composition, config, source, options }: HandOver,
  context: CliContext,
): Promise<{ readonly snapshot: ImportSnapshot; readonly isServed: boolean }> {
  const running = await findService(config, context)
  if (running !== undefined) return { snapshot: await running.submit(source, options), isServed: true }
  const { signal } = context.stop
  await using service = await composition.openToRecord(config, { signal })
  return { snapshot: await service.submit(source, options), isServed: false }
}

function describeAdded(
  snapshot: ImportSnapshot,
  isServed: boolean,
  args: CommandArguments,
  { commandName: bae }: CliContext,
): readonly string[] {
  const { id, name, infoHash, state } = snapshot
  const what = printable(name ?? infoHash ?? id)
  const isDone = state === 'completed' || state === 'seeding'
  const next = `${isServed ? `${bae} watch ${shortIdOf(snapshot)}` : `${bae} serve`}${inLibrary(args)}`
  return [
    isDone
      ? `${what} is in the library already`
      : isServed
        ? `added ${what}`
        : `added ${what}: it is queued, as no service runs; the next one takes it`,
    `  id         ${id}`,
    `  info hash  ${infoHash ?? ''}`,
    ...(isDone ? [] : [`  next       ${next}`]),
  ]
}
