import type { Config } from '../config/config.js'
import { ControlClient } from '../control/control-client.js'
import type { ImportControls } from '../control/service-like.js'
import { ImportError, isBaeError } from '../errors.js'
import type { CliContext, CommandArguments } from './command.js'
import { openLibrary } from './open-library.js'

/** The service that runs on the library; `undefined` where none does. */
export function findService(config: Config, { stop }: CliContext): Promise<ControlClient | undefined> {
  return ControlClient.find(config.libraryDirectory, { signal: stop.signal })
}

/** The same for what the library itself says as well: a service that does not answer is left aside. */
export async function findServiceToRead(
  config: Config,
  context: CliContext,
): Promise<ControlClient | undefined> {
  try {
    return await findService(config, context)
  } catch (error) {
    if (isBaeError(error, 'IMPORT_SERVICE_UNREACHABLE') || isBaeError(error, 'IMPORT_SERVICE_REQUEST')) return
    throw error
  }
}

/** For what only a service knows. Rejects IMPORT_SERVICE_NOT_RUNNING. */
export async function findRunningService(
  args: CommandArguments,
  context: CliContext,
): Promise<ControlClient> {
  const config = await context.config(args)
  const service = await findService(config, context)
  if (service !== undefined) return service
  throw new ImportError('IMPORT_SERVICE_NOT_RUNNING', `no service runs on ${config.libraryDirectory}`)
}

/** Asks the service that runs, or does it here where none runs. `isServed` says which. */
export async function withControls<T>(
  args: CommandArguments,
  context: CliContext,
  work: (controls: ImportControls, isServed: boolean) => Promise<T>,
): Promise<T> {
  const running = await findService(await context.config(args), context)
  if (running !== undefined) return await work(running, true)
  await using service = await openLibrary(args, context)
  return await work(service, false)
}
