import type { Composition } from '../composition.js'
import { type Environment, processEnvironment } from '../config/sources.js'
import { ImportError } from '../errors.js'
import { silentLog } from '../log/silent-log.js'
import { refuseOldNode } from '../oldest-node.js'
import { readPackageVersion } from '../package-version.js'
import { suggest } from '../suggest.js'
import { CliOutput, type CliOutputOptions } from './cli-output.js'
import { type CliContext, exitDone, exitFailed, exitUsage } from './command.js'
import type { CommandEntry } from './command-entry.js'
import { commands } from './commands.js'
import { endProcess } from './end-process.js'
import { commandHelp, helpText } from './help-text.js'
import { parseArguments } from './parse-arguments.js'
import { codeOf, reportError } from './report-error.js'
import { StopControl } from './stop-control.js'

/** Runs one command line in this process and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const stop = new StopControl({ exit: endProcess })
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.interrupt(name))
  process.stdout.on('error', (error) => stop.outputFailed(error))
  // Nobody can be told that stderr is gone.
  process.stderr.on('error', () => {})
  const environment = processEnvironment()
  const output = new CliOutput(
    { stdout: process.stdout, stderr: process.stderr },
    terminalOptions(environment),
  )
  const resolveConfig: CliContext['resolveConfig'] = async (flags) => {
    const reader = await import('../config/read-config.js')
    return await reader.resolveConfig(flags, { environment, signal: stop.signal })
  }
  const context: CliContext = {
    output,
    stop,
    commandName: environment.BAE_COMMAND || 'bae',
    environment,
    config: async (flags) => (await resolveConfig(flags)).config,
    resolveConfig,
    openLog: async ({ logLevel }) => {
      if (logLevel === undefined) return silentLog
      const { openLog } = await import('../log/log.js')
      return openLog({ level: logLevel, isPretty: output.hasTerminal, write: (line) => output.log(line) })
    },
    compose: loadComposition,
  }
  endProcess(await runCommandLine(argv, context, { debug: environment.BAE_DEBUG === '1' }))
}

/** Resolves to the exit code; every failure is told, none is thrown. */
export async function runCommandLine(
  argv: readonly string[],
  context: CliContext,
  options: { readonly debug: boolean } = { debug: false },
): Promise<number> {
  const { output, stop } = context
  try {
    const exitCode = await dispatch(argv, context)
    await output.written().catch((error) => stop.outputFailed(error))
    // A signal that came too late changes nothing, but a result that nobody has got is none.
    if (stop.lostOutput) throw stop.signal.reason
    return exitCode
  } catch (thrown) {
    // What a command throws whose output is gone is only that.
    const error = stop.lostOutput ? stop.signal.reason : thrown
    const json = wantsJson(argv) && !stop.lostOutput
    // Whoever closed the pipe does not wait for a sentence.
    if (stop.exitCode !== 141)
      reportError(output, error, { json, debug: options.debug, commandName: context.commandName })
    if (isMistake(codeOf(error))) return exitUsage
    return stop.exitCode ?? exitFailed
  } finally {
    stop.close()
  }
}

/** What the user has to write in another way. */
function isMistake(code: string): boolean {
  return code === 'IMPORT_USAGE' || code === 'IMPORT_CONFIG_INVALID'
}

async function dispatch(argv: readonly string[], context: CliContext): Promise<number> {
  const [word, ...rest] = argv
  const { commandName: bae } = context
  if (word === undefined || word === '--help' || word === '-h')
    return printAll(context, helpText(commands, bae))
  if (word === '--version' || word === '-V') return printAll(context, await readPackageVersion())
  if (word === 'help') {
    const [about] = rest
    return printAll(
      context,
      about === undefined ? helpText(commands, bae) : commandHelp(findCommand(about), bae),
    )
  }
  const entry = findCommand(word)
  const args = parseArguments(entry, rest)
  if (args === 'help') return printAll(context, commandHelp(entry, bae))
  const run = await entry.load()
  return await run(args, context)
}

function findCommand(word: string): CommandEntry {
  const found = commands.find((command) => command.name === word)
  if (found !== undefined) return found
  if (word.startsWith('-')) {
    throw new ImportError(
      'IMPORT_USAGE',
      `'${word}' comes before a command: options follow it, as in 'bae list ${word}'`,
    )
  }
  const near = suggest(
    word,
    commands.map((command) => command.name),
  )
  const hint = near === undefined ? "'bae --help' lists the commands" : `did you mean 'bae ${near}'?`
  throw new ImportError('IMPORT_USAGE', `there is no command '${word}'; ${hint}`)
}

function printAll(context: CliContext, text: string): number {
  context.output.print(text)
  return exitDone
}

/** Asked before the command line is understood, as a wrong one is reported as JSON too. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end === -1 ? undefined : end).includes('--json')
}

function terminalOptions(environment: Environment): CliOutputOptions {
  const { NO_COLOR: noColour, TERM: terminal, LC_ALL: all, LC_CTYPE: ctype, LANG: language } = environment
  return {
    colour:
      process.stdout.isTTY === true && process.stderr.isTTY === true && !noColour && terminal !== 'dumb',
    movesCursor: terminal !== 'dumb',
    unicode: /utf-?8/i.test(all || ctype || language || ''),
  }
}

async function loadComposition(): Promise<Composition> {
  refuseOldNode(process.version)
  return (await import('../compose.js')).composition
}
