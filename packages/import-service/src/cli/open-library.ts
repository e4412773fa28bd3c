import type { Config } from '../config/config.js'
import { ImportError } from '../errors.js'
import type { ImportService } from '../import-service.js'
import type { CliContext, CommandArguments } from './command.js'

/** The service of a library that is there already; a command about an ID makes none. Rejects IMPORT_NOT_FOUND. */
export async function openLibrary(args: CommandArguments, context: CliContext): Promise<ImportService> {
  const config = await context.config(args)
  const service = await openLibraryIfThere(config, context)
  if (service !== undefined) return service
  throw new ImportError(
    'IMPORT_NOT_FOUND',
    `no import is called '${args.positionals[0] ?? ''}': ${noLibraryIn(config)}`,
  )
}

/** The service of a library that is there, for a command about all of it. Rejects IMPORT_NOT_FOUND. */
export async function openLibraryToMend(
  args: CommandArguments,
  context: CliContext,
  mending: 'gc' | 'rebuild',
): Promise<ImportService> {
  const config = await context.config(args)
  const composition = await context.compose()
  const logger = await context.openLog(config)
  const { signal } = context.stop
  const service = await composition.openExistingLibrary(config, { signal, logger, mending })
  if (service !== undefined) return service
  throw new ImportError('IMPORT_NOT_FOUND', noLibraryIn(config))
}

export async function openLibraryIfThere(
  config: Config,
  context: CliContext,
): Promise<ImportService | undefined> {
  const composition = await context.compose()
  const logger = await context.openLog(config)
  return composition.openExistingLibrary(config, { signal: context.stop.signal, logger })
}

function noLibraryIn({ libraryDirectory }: Config): string {
  return `there is no library in ${libraryDirectory}; --library names another folder, and 'bae import' makes one`
}
