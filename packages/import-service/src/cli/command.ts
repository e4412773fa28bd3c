import type { Composition } from '../composition.js'
import type { Config } from '../config/config.js'
import type { ResolvedConfig } from '../config/read-config.js'
import type { ConfigFlags, Environment } from '../config/sources.js'
import type { Log } from '../log/log.js'
import type { CliOutput } from './cli-output.js'
import type { FlagName, OptionName } from './option-syntax.js'
import type { StopControl } from './stop-control.js'

export interface CommandArguments {
  /** One for each required argument, then what there is of the optional ones. */
  readonly positionals: readonly string[]
  readonly library?: string
  /** The file of the configuration. */
  readonly config?: string
  /** KEY=VALUE. */
  readonly set: readonly string[]
  readonly json: boolean
  readonly repair: boolean
  readonly peers: readonly string[]
  /** Globs. */
  readonly select: readonly string[]
  readonly timeout?: string
  /** What was given for each option with a value. */
  readonly values: ReadonlyMap<OptionName, readonly string[]>
  /** Those that were given. */
  readonly flags: ReadonlySet<FlagName>
}

export interface CliContext {
  readonly output: CliOutput
  readonly stop: StopControl
  /** How the user calls this program: 'bae', or './bae' in a clone. */
  readonly commandName: string
  readonly environment: Environment
  /** Rejects IMPORT_CONFIG_INVALID. */
  readonly config: (flags: ConfigFlags) => Promise<Config>
  /** The same with where each value came from. */
  readonly resolveConfig: (flags: ConfigFlags) => Promise<ResolvedConfig>
  /** The log of this process at stderr. Silent for good where no level is set. */
  readonly openLog: (config: Pick<Config, 'logLevel'>) => Promise<Log>
  /** Loads the real parts: called only by commands that need them, so that help is quick. */
  readonly compose: () => Promise<Composition>
}

/** Resolves to the exit code. */
export type RunCommand = (args: CommandArguments, context: CliContext) => Promise<number>

/** Exit codes that scripts depend on. */
export const exitDone = 0
export const exitFailed = 1
export const exitUsage = 2
