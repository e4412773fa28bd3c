import type { CommandEntry } from '../command-entry.js'
import { optionNames } from '../help-text.js'
import { type Offer, type OptionName, syntaxOf } from '../option-syntax.js'
import { shortText } from './short-text.js'

export function fishCompletion(commands: readonly CommandEntry[]): string {
  const names = commands.map(({ name }) => name)
  return `# Completion of bae for fish; config.fish reads it with: bae completion fish | source
function __bae_ids
  set -l words (commandline -opc)
  $words[1] list 2>/dev/null </dev/null | awk -F '  +' 'NR > 1 { print $1 "\\t" $5 }'
end
complete -c bae -f
complete -c bae -n '__fish_is_nth_token 1' -l help -s h -d 'list the commands'
complete -c bae -n '__fish_is_nth_token 1' -l version -s V -d 'say the version'
complete -c bae -n '__fish_is_nth_token 1' -a help -d 'tell more about a command'
complete -c bae -n '__fish_seen_subcommand_from help; and __fish_is_nth_token 2' -a ${quoted(names.join(' '))}
${commands.map(linesOf).join('\n')}`
}

function linesOf(entry: CommandEntry): string {
  const inCommand = `__fish_seen_subcommand_from ${entry.name}`
  const offers = entry.positionals.flatMap(({ offer }, index) => {
    const offering = offered(offer)
    if (offering === undefined) return []
    const isThere =
      index === entry.positionals.length - 1
        ? inCommand
        : `${inCommand}; and __fish_is_nth_token ${index + 2}`
    return [`complete -c bae -n ${quoted(isThere)} ${offering}`]
  })
  return [
    `complete -c bae -n '__fish_is_nth_token 1' -a ${entry.name} -d ${quoted(entry.summary)}`,
    ...optionNames(entry).map((name) => optionLine(inCommand, name, entry.options[name] ?? '')),
    `complete -c bae -n ${quoted(inCommand)} -l help -s h -d 'tell more about this command'`,
    ...offers,
  ].join('\n')
}

function optionLine(inCommand: string, name: OptionName, text: string): string {
  const { value, offer } = syntaxOf(name)
  const takes = value === undefined ? '' : ` -r ${offered(offer) ?? '-f'}`
  return `complete -c bae -n ${quoted(inCommand)} -l ${name}${takes} -d ${quoted(shortText(text))}`
}

function offered(offer: Offer | undefined): string | undefined {
  if (offer === undefined) return undefined
  if (offer === 'ids') return "-f -a '(__bae_ids)'"
  if (offer === 'files') return '-F'
  if (offer === 'folders') return "-f -a '(__fish_complete_directories)'"
  return `-a ${quoted(offer.join(' '))}`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
