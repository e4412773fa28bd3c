import type { ImportService } from '../import-service.js'
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
  const sources: ImportSource[] = []
  // All of them before the first is handed over: of a list with a mistake in it nothing is begun.
  for (const source of args.positionals)
    sources.push(await resolveSource(composition, source, { signal: context.stop.signal }))
  const options: SubmitOptions = {
    peers: await Promise.all(peers.map((peer) => resolvePeer(peer))),
    select: args.select,
    choose: args.flags.has('choose'),
    seed: args.flags.has('seed'),
    paused: args.flags.has('paused'),
  }
  const handOver = async (service: Pick<ImportService, 'submit'>, isServed: boolean): Promise<number> => {
    for (const source of sources) {
      context.stop.signal.throwIfAborted()
      const beganAtMs = Date.now()
      const snapshot = await service.submit(source, options)
      // A service is on this machine, and its clock is ours.
      tell({ snapshot, isServed, isKnown: snapshot.addedAtMs < beganAtMs }, args, context)
    }
    return exitDone
  }
  const config = await context.config(args)
  const running = await findService(config, context)
  if (running !== undefined) return await handOver(running, true)
  // For the next one.
  await using service = await composition.openToRecord(config, { signal: context.stop.signal })
  return await handOver(service, false)
}

function tell(added: Added, args: CommandArguments, context: CliContext): void {
  const { id, infoHash, infoHashV1, infoHashV2, name, state } = added.snapshot
  const { isServed } = added
  if (args.json)
    context.output.printJson({ event: 'added', id, infoHash, infoHashV1, infoHashV2, name, state, isServed })
  else for (const line of describeAdded(added, args, context)) context.output.print(line)
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
