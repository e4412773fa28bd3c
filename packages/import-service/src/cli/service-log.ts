import type { Config } from '../config/config.js'
import type { RunningConfig } from '../config/running-config.js'
import type { Log, LogLevel } from '../log/log.js'
import type { CliContext } from './command.js'

/** The log of a service: at 'info' unless its settings say otherwise, and as they say when they change. */
export async function openServiceLog(
  running: RunningConfig,
  { openLog }: Pick<CliContext, 'openLog'>,
): Promise<Log> {
  const log = await openLog({ logLevel: levelOf(running.config) })
  running.onChange((config) => {
    log.level = levelOf(config)
  })
  return log
}

function levelOf({ logLevel = 'info' }: Config): LogLevel {
  return logLevel
}
