import { type ParseArgsConfig, parseArgs } from 'node:util'
import { ImportError, systemErrorCode } from '../errors.js'
import { suggest } from '../suggest.js'
import type { CommandArguments } from './command.js'
import type { CommandEntry } from './command-entry.js'
import { optionNames } from './help-text.js'
import { type FlagName, type OptionName, optionSyntax, syntaxOf } from './option-syntax.js'

type OptionConfig = NonNullable<ParseArgsConfig['options']>[string]

const allNames = Object.keys(optionSyntax) as readonly OptionName[]

function isFlag(name: OptionName): name is FlagName {
  return syntaxOf(name).value === undefined
}

function configOf(name: OptionName): OptionConfig {
  return { type: isFlag(name) ? 'boolean' : 'string', multiple: syntaxOf(name).mayRepeat ?? false }
}

/** The arguments of one command, or 'help' where that is asked for. Rejects IMPORT_USAGE with one sentence. */
export function parseArguments(command: CommandEntry, argv: readonly string[]): CommandArguments | 'help' {
  const { values, positionals } = parse(command, argv)
  if (values.help === true) return 'help'
  const missing = command.positionals[positionals.length]
  if (missing !== undefined && !missing.isOptional) throw usage(command, `needs ${missing.name}`)
  const surplus = positionals[command.positionals.length]
  const mayRepeat = command.positionals.at(-1)?.mayRepeat ?? false
  if (!mayRepeat && surplus !== undefined)
    throw usage(command, `takes no '${surplus}': that is one argument too many`)
  for (const name of optionNames(command)) {
    if ([values[name]].flat().includes('')) throw usage(command, `needs a value for --${name}`)
  }
  const { config, library, timeout, json, repair } = values
  return {
    positionals,
    ...(typeof library === 'string' ? { library } : {}),
    ...(typeof config === 'string' ? { config } : {}),
    set: textsOf(values.set),
    ...(typeof timeout === 'string' ? { timeout } : {}),
    peers: textsOf(values.peer),
    select: textsOf(values.select),
    json: json === true,
    repair: repair === true,
    values: new Map(
      allNames.filter((name) => !isFlag(name)).map((name) => [name, textsOf([values[name]].flat())]),
    ),
    flags: new Set(allNames.filter(isFlag).filter((name) => values[name] === true)),
  }
}

/** Of an option that may be given more than once. */
function textsOf(values: unknown): readonly string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : []
}

function parse(command: CommandEntry, argv: readonly string[]) {
  const options: Record<string, OptionConfig> = { help: { type: 'boolean', short: 'h' } }
  for (const name of optionNames(command)) options[name] = configOf(name)
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw usage(command, describeFailure(command, error), error)
  }
}

function describeFailure(command: CommandEntry, error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  const option = /'(?:-\w, )?(-[^ '=]*)/.exec(message)?.[1] ?? 'an option'
  if (systemErrorCode(error) === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const near = suggest(option, ['--help', ...optionNames(command).map((name) => `--${name}`)])
    return `has no option '${option}'${near === undefined ? '' : `; did you mean '${near}'?`}`
  }
  return message.includes('does not take an argument')
    ? `takes no value for ${option}`
    : `needs a value for ${option}`
}

function usage(command: CommandEntry, what: string, cause?: unknown): ImportError {
  const hint = what.endsWith('?') ? '' : `; 'bae ${command.name} --help' shows how to call it`
  return new ImportError('IMPORT_USAGE', `'bae ${command.name}' ${what}${hint}`, { cause })
}
