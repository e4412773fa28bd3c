import { once } from 'node:events'
import { ControlServer } from '../control/control-server.js'
import { ImportError } from '../errors.js'
import { readPackageVersion } from '../package-version.js'
import { printable } from './cli-output.js'
import { type CliContext, type CommandArguments, exitDone, type RunCommand } from './command.js'
import { findService } from './service-connection.js'
import { ServiceManager } from './service-manager.js'
import { inLibrary } from './short-id.js'

export const runServe: RunCommand = async (args, context) => {
  const { output, stop, environment } = context
  const config = await context.config(args)
  const { libraryDirectory } = config
  // Before anything is opened; the socket says it once more where two begin at the same time.
  if ((await findService(config, context)) !== undefined) throw runsAlready(libraryDirectory)
  const composition = await context.compose()
  using manager = new ServiceManager({ environment, failed: (message) => output.note(`bae: ${message}`) })
  await using service = await composition.openForImport(config, { signal: stop.signal })
  const deps = {
    service,
    parseTorrentFile: composition.parseTorrentFile,
    version: await readPackageVersion(),
  }
  await using control = await ControlServer.open(deps, libraryDirectory)
  await service.start()
  await manager.ready(`serves ${libraryDirectory}`)
  if (args.json) output.printJson({ event: 'ready', library: libraryDirectory })
  else output.print(`serving ${printable(libraryDirectory)}; ${howToUse(args, context)}`)
  await stopped(context)
  await manager.stopping()
  await control.close()
  await service.close()
  if (stop.lostOutput) throw stop.signal.reason
  if (args.json) output.printJson({ event: 'stopped' })
  else output.print('stopped; what is stored stays, and the next service goes on')
  return exitDone
}

async function stopped({ stop }: CliContext): Promise<void> {
  if (!stop.signal.aborted) await once(stop.signal, 'abort')
}

function howToUse(args: CommandArguments, { commandName: bae }: CliContext): string {
  const there = inLibrary(args)
  return `'${bae} add SOURCE${there}' hands it an import, '${bae} watch${there}' shows them`
}

function runsAlready(libraryDirectory: string): ImportError {
  return new ImportError(
    'IMPORT_SERVICE_RUNNING',
    `a service runs on the library ${libraryDirectory} already`,
  )
}
