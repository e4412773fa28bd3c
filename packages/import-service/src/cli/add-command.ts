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
  const beganAtMs = Date.now()
  const { snapshot, isServed } = await handOver({ composition, config, source, options }, context)
  const { id, infoHash, infoHashV1, infoHashV2, name, state } = snapshot
  if (args.json) {
    context.output.printJson({ event: 'added', id, infoHash, infoHashV1, infoHashV2, name, state, isServed })
  } else {
    // A service is on this machine, and its clock is ours.
    const added = { snapshot, isServed, isKnown: snapshot.addedAtMs < beganAtMs }
    for (const line of describeAdded(added, args, context)) context.output.print(line)
  }
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
  const { signal } = context.stop
  const running = await findService(config, context)
  if (running !== undefined)
    return { snapshot: await running.submit(source, { ...options, signal }), isServed: true }
  await using service = await composition.openToRecord(config, { signal })
  return { snapshot: await service.submit(source, options), isServed: false }
}

interface Added {
  readonly snapshot: ImportSnapshot
  readonly isServed: boolean
  /** It was there before. */
  readonly isKnown: boolean
}

function describeAdded(added: Added, args: CommandArguments, context: CliContext): readonly string[] {
  const { id, name, infoHash, state } = added.snapshot
  const next = nextOf(added, context.commandName, inLibrary(args))
  return [
    saidOf(added, printable(name ?? infoHash ?? id)),
    `  id         ${id}`,
    `  info hash  ${infoHash ?? ''}`,
    `  state      ${state}`,
    ...(next === undefined ? [] : [`  next       ${next}`]),
  ]
}

function saidOf({ snapshot, isServed, isKnown }: Added, what: string): string {
  if (isDone(snapshot)) return `${what} is in the library already`
  const said = isKnown ? `${what} was added before` : `added ${what}`
  return isServed ? said : `${said}; no service runs, the next one goes on with it`
}

/** What its user would do now; `undefined` where nothing is left to do. */
function nextOf({ snapshot, isServed }: Added, bae: string, there: string): string | undefined {
  if (isDone(snapshot)) return undefined
  const id = shortIdOf(snapshot)
  if (snapshot.state === 'paused' && snapshot.pause === 'user') return `${bae} resume ${id}${there}`
  if (snapshot.state === 'choosingFiles')
    return `${bae} select ${id} GLOB${there}; '${bae} show ${id}${there}' shows the files`
  return isServed ? `${bae} watch ${id}${there}` : `${bae} serve${there}`
}

function isDone({ state }: ImportSnapshot): boolean {
  return state === 'completed' || state === 'seeding'
}
