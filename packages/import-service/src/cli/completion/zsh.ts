import type { CommandEntry } from '../command-entry.js'
import { optionNames } from '../help-text.js'
import { type Offer, type OptionName, syntaxOf } from '../option-syntax.js'
import { shortText } from './short-text.js'

/** A file that zsh can source behind compinit, or find as `_bae` in its fpath. */
export function zshCompletion(commands: readonly CommandEntry[]): string {
  return `#compdef bae
# Completion of bae for zsh; ~/.zshrc reads it behind compinit with: source <(bae completion zsh)
_bae_ids() {
  local -a ids
  ids=(\${(f)"$(\${program} list 2>/dev/null </dev/null | awk -F '  +' 'NR > 1 { print $1 ":" $5 }')"})
  _describe -t imports 'import' ids
}
_bae() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
    ${quoted('help:tell more about a command')}
  )
  if ((CURRENT == 2)); then
    _describe -t commands 'command' commands
    _arguments '--help[list the commands]' '--version[say the version]'
    return
  fi
  local program=\${words[1]} command=\${words[2]}
  shift words
  ((CURRENT -= 1))
  case $command in
    help) ((CURRENT == 2)) && _describe -t commands 'command' commands ;;
${commands.map(commandCase).join('\n')}
  esac
}
if [[ \${funcstack[1]} == _bae ]]; then _bae "$@"; else compdef _bae bae ./bae; fi`
}

function commandCase(entry: CommandEntry): string {
  const specs = [
    ...optionNames(entry).map((name) => optionSpec(name, entry.options[name] ?? '')),
    "'--help[tell more about this command]'",
    ...entry.positionals.map(({ name, isOptional, mayRepeat, offer }, index) =>
      quoted(`${mayRepeat ? '*:' : `${index + 1}:${isOptional ? ':' : ''}`}${name}:${action(offer)}`),
    ),
  ]
  return `    ${entry.name}) _arguments ${specs.join(' ')} ;;`
}

function optionSpec(name: OptionName, text: string): string {
  const { value, mayRepeat, offer } = syntaxOf(name)
  const argument = value === undefined ? '' : `:${value.replaceAll(':', '\\:')}:${action(offer)}`
  return quoted(`${mayRepeat ? '*' : ''}--${name}[${explanation(text)}]${argument}`)
}

function explanation(text: string): string {
  return shortText(text).replace(/[[\]\\:]/g, '\\$&')
}

function action(offer: Offer | undefined): string {
  if (offer === undefined) return ' '
  if (offer === 'ids') return '_bae_ids'
  if (offer === 'files') return '_files'
  if (offer === 'folders') return '_files -/'
  return `(${offer.join(' ')})`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
