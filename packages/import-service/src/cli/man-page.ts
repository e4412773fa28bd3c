import type { CommandEntry } from './command-entry.js'
import { commands } from './commands.js'
import { environmentRows, optionNames, usageOptions, usageWords } from './help-text.js'
import { optionText } from './option-syntax.js'

const exitCodes: readonly (readonly [string, string])[] = [
  ['0', 'done'],
  ['1', 'failed'],
  ['2', 'the command line or the configuration is wrong'],
  ['128 + N', 'stopped by signal N'],
]

/** bae(1), for man. */
export function manPage(version: string): string {
  return [
    '.\\" Made of the table of commands when bae is built.',
    `.TH BAE 1 "" "bae ${version}" "User Commands"`,
    '.nh',
    '.ad l',
    '.SH NAME',
    'bae \\- import torrents straight into a library of verified chunks',
    '.SH SYNOPSIS',
    '.B bae',
    '.I COMMAND',
    '[\\fIARGUMENT\\fR]...',
    '.SH COMMANDS',
    '.I ID',
    escaped("is what 'bae list' shows: an id, an info hash, or the beginning of one."),
    ...commands.flatMap(commandSection),
    '.SH ENVIRONMENT',
    ...environmentRows.flatMap(tagged),
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(tagged),
    '.SH EXAMPLES',
    ...examples.flatMap(([text, command]) => [
      '.PP',
      escaped(text),
      '.PP',
      '.nf',
      `    ${escaped(command)}`,
      '.fi',
    ]),
    '',
  ].join('\n')
}

const examples: readonly (readonly [string, string])[] = [
  ['See the whole way, with music that is computed on this machine:', 'bae demo'],
  ['Import the music of a torrent alone:', "bae import album.torrent --select '*.flac'"],
  ['Write it into a folder:', 'bae export 6a3cf31b15 ~/Music'],
]

function commandSection(entry: CommandEntry): readonly string[] {
  const usage = ['bae', ...usageWords(entry), ...usageOptions(entry)].join(' ')
  return [
    `.SS ${escaped(usage)}`,
    escaped(entry.description.replace(/\s+/g, ' ')),
    ...optionNames(entry).flatMap((name) => tagged([optionText(name), entry.options[name] ?? ''])),
  ]
}

function tagged([tag, text]: readonly [string, string]): readonly string[] {
  return ['.TP', `.B ${escaped(tag)}`, escaped(text.replace(/\s+/g, ' '))]
}

/** A line that roff takes as it is: no dot or quote begins a request, and a hyphen is the ASCII one. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^\./, '\\&.')
}
