import { once } from 'node:events'
import { RunningConfig, reloadConfig } from '../config/running-config.js'
import { ControlServer } from '../control/control-server.js'
import { ImportError } from '../errors.js'
import type { Log } from '../log/log.js'
import { readPackageVersion } from '../package-version.js'
import { printable } from './cli-output.js'
import { type CliContext, type CommandArguments, exitDone, type RunCommand } from './command.js'
import { findService } from './service-connection.js'
import { openServiceLog } from './service-log.js'
import { ServiceManager } from './service-manager.js'
import { inLibrary } from './short-id.js'

/** Each import that runs takes a quarter of a millisecond of CPU to let go of; others may use the machine. */
const stopMsPerImport = 5

export const runServe: RunCommand = async (args, context) => {
  const { output, stop, environment } = context
  const { signal } = stop
  const running = await RunningConfig.start(() => context.resolveConfig(args))
  const { config } = running
  const { libraryDirectory } = config
  // Before anything is opened; the socket says it once more where two begin at the same time.
  if ((await findService(config, context)) !== undefined) throw runsAlready(libraryDirectory)
  const composition = await context.compose()
  const logger = await openServiceLog(running, context)
  using manager = new ServiceManager({ environment, failed: (message) => logger.warn({}, message) })
  await using service = await composition.openForImport(config, { signal, logger, running })
  stop.needsMore(() => service.runningCount * stopMsPerImport)
  const { parseTorrentFile, readMagnetUri } = composition
  const reload = () => reloadConfig(running, logger)
  const deps = { service, parseTorrentFile, readMagnetUri, reload, version: await readPackageVersion() }
  await using control = await ControlServer.open(deps, libraryDirectory)
  await service.start()
  // A terminal that closes says SIGHUP, too, and takes its service along.
  if (!output.hasTerminal) stop.onHangUp(() => void reload().catch(() => {}))
  await manager.ready(`serves ${libraryDirectory}`)
  if (args.json) output.printJson({ event: 'ready', library: libraryDirectory })
  else output.print(`serving ${printable(libraryDirectory)}; ${howToUse(args, context)}`)
  if (!signal.aborted) await once(signal, 'abort')
  await stopCleanly({ manager, control, service, logger }, signal)
  if (stop.lostOutput) throw signal.reason
  if (args.json) output.printJson({ event: 'stopped' })
  else output.print('stopped; what is stored stays, and the next service goes on')
  return exitDone
}

interface Parts {
  readonly manager: ServiceManager
  readonly control: ControlServer
  readonly service: { close(): Promise<void> }
  readonly logger: Log
}

/** Nobody can ask for anything more before what runs is stopped. */
async function stopCleanly({ manager, control, service, logger }: Parts, signal: AbortSignal): Promise<void> {
  logger.info({ reason: signal.reason }, 'the service stops')
  await manager.stopping()
  await control.close()
  await service.close()
  logger.info({}, 'the service has stopped')
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
