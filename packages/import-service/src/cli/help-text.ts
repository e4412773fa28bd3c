import { type Setting, settingKeys, settingOf } from '../config/settings.js'
import type { CommandEntry } from './command-entry.js'
import { type OptionName, optionText, syntaxOf } from './option-syntax.js'
import { hang, wrapText, wrapWords } from './wrap-text.js'

/** Every terminal has these. */
const helpColumns = 80
const indentColumns = 2

/** The first two are what `helpText` shows, the manual page has all. */
export const environmentRows: readonly (readonly [string, string])[] = [
  [
    'BAE_LIBRARY',
    'the library, where --library names none; else ~/.local/share/bae, or /var/lib/bae for root',
  ],
  [
    'BAE_CONFIG',
    'a file of settings, where --config names none; else ~/.config/bae/bae.yaml, or /etc/bae/bae.yaml for root',
  ],
  ...settingKeys
    .filter((key) => key !== 'library')
    .map(settingOf)
    .map((setting) => [setting.variable, `${setting.text} (${initialText(setting)})`] as const),
  ['BAE_DEBUG', '1: show stacks and causes of errors'],
  ['NO_COLOR', '1: no colours'],
]

function initialText({ initially, otherwise = '' }: Setting): string {
  return initially ?? otherwise
}

/** What 'bae --help' prints. */
export function helpText(commands: readonly CommandEntry[], bae: string): string {
  const shown = commands.map((entry) => [usageWords(entry).join(' '), entry.summary] as const)
  return [
    'bae imports torrents straight into a library of verified chunks.',
    '',
    'Usage:',
    ...table(shown.map(([usage, summary]) => [`${bae} ${usage}`, summary])),
    '',
    ...wrapText(
      `'${bae} COMMAND --help' tells more about one; '${bae} --version' says the version.`,
      helpColumns,
    ),
    ...wrapText(`ID is what '${bae} list' shows: an id, an info hash, or the beginning of one.`, helpColumns),
    '',
    'Where things are (environment variables):',
    ...table(environmentRows.slice(0, 2)),
    '',
    ...wrapText(
      `New here? '${bae} demo' shows everything in half a minute; '${bae} doctor' says what is missing.`,
      helpColumns,
    ),
  ].join('\n')
}

/** What '--help' of one command prints. */
export function commandHelp(entry: CommandEntry, bae: string): string {
  const options = optionNames(entry).map(
    (name) => [optionText(name), asCalled(entry.options[name] ?? '', bae)] as const,
  )
  const head = `Usage: ${bae} ${entry.name} `
  const words = [...usageWords(entry).slice(1), ...usageOptions(entry)]
  return [
    ...hang(head, wrapWords(words, helpColumns - head.length)),
    '',
    ...wrapText(asCalled(entry.description, bae), helpColumns),
    ...(options.length === 0 ? [] : ['', ...table(options)]),
  ].join('\n')
}

/** 'export ID DIR' as words. */
export function usageWords({ name, positionals }: CommandEntry): readonly string[] {
  const words = positionals.map((each) => {
    const word = each.isOptional ? `[${each.name}]` : each.name
    return each.mayRepeat ? `${word}...` : word
  })
  return [name, ...words]
}

/** '[--peer HOST:PORT]...' for each. */
export function usageOptions(entry: CommandEntry): readonly string[] {
  return optionNames(entry).map((name) => `[${optionText(name)}]${syntaxOf(name).mayRepeat ? '...' : ''}`)
}

export function optionNames({ options }: CommandEntry): readonly OptionName[] {
  return Object.keys(options) as OptionName[]
}

/** Texts name the program 'bae'; who calls it in a clone, or by a path, has to type something else. */
export function asCalled(text: string, bae: string): string {
  return text.replace(/(?<=')bae(?= [a-z-])/g, () => bae)
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const indent = ' '.repeat(indentColumns)
  const width = Math.max(...rows.map(([head]) => head.length))
  return rows.flatMap(([head, text]) => {
    const start = `${indent}${head.padEnd(width)}${indent}`
    return hang(start, wrapText(text, helpColumns - start.length))
  })
}
