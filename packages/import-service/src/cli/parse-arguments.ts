import { type ParseArgsConfig, parseArgs } from 'node:util'
import { ImportError, systemErrorCode } from '../errors.js'
import type { Command, CommandArguments, FlagName, OptionName } from './command.js'
import { suggest } from './suggest.js'

type OptionConfig = NonNullable<ParseArgsConfig['options']>[string]

const optionConfigs: Readonly<Record<OptionName, OptionConfig>> = {
  library: { type: 'string' },
  json: { type: 'boolean' },
  peer: { type: 'string', multiple: true },
  select: { type: 'string', multiple: true },
  list: { type: 'boolean' },
  attributes: { type: 'boolean' },
  timeout: { type: 'string' },
  repair: { type: 'boolean' },
  verify: { type: 'boolean' },
  add: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  'forget-unknown': { type: 'boolean' },
}

const flagNames: readonly FlagName[] = ['attributes', 'list', 'verify', 'add', 'dry-run', 'forget-unknown']

/** The arguments of one command, or 'help' where that is asked for. Rejects IMPORT_USAGE with one sentence. */
export function parseArguments(command: Command, argv: readonly string[]): CommandArguments | 'help' {
  const { values, positionals } = parse(command, argv)
  if (values.help === true) return 'help'
  const missing = command.positionals[positionals.length]
  if (missing !== undefined) throw usage(command, `needs ${missing}`)
  const surplus = positionals[command.positionals.length + (command.optionalPositionals?.length ?? 0)]
  if (surplus !== undefined) throw usage(command, `takes no '${surplus}': that is one argument too many`)
  for (const name of command.options) {
    if ([values[name]].flat().includes('')) throw usage(command, `needs a value for --${name}`)
  }
  const { library, timeout, json, repair } = values
  return {
    positionals,
    ...(typeof library === 'string' ? { library } : {}),
    ...(typeof timeout === 'string' ? { timeout } : {}),
    peers: textsOf(values.peer),
    select: textsOf(values.select),
    json: json === true,
    repair: repair === true,
    flags: new Set(flagNames.filter((name) => values[name] === true)),
  }
}

/** Of an option that may be given more than once. */
function textsOf(values: unknown): readonly string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : []
}

function parse(command: Command, argv: readonly string[]) {
  const options: Record<string, OptionConfig> = { help: { type: 'boolean', short: 'h' } }
  for (const name of command.options) options[name] = optionConfigs[name]
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw usage(command, describeFailure(command, error), error)
  }
}

function describeFailure(command: Command, error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  const option = /'(?:-\w, )?(-[^ '=]*)/.exec(message)?.[1] ?? 'an option'
  if (systemErrorCode(error) === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const near = suggest(option, ['--help', ...command.options.map((name) => `--${name}`)])
    return `has no option '${option}'${near === undefined ? '' : `; did you mean '${near}'?`}`
  }
  return message.includes('does not take an argument')
    ? `takes no value for ${option}`
    : `needs a value for ${option}`
}

function usage(command: Command, what: string, cause?: unknown): ImportError {
  const hint = what.endsWith('?') ? '' : `; 'bae ${command.name} --help' shows how to call it`
  return new ImportError('IMPORT_USAGE', `'bae ${command.name}' ${what}${hint}`, { cause })
}
