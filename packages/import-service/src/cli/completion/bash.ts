import type { CommandEntry } from '../command-entry.js'
import { optionNames } from '../help-text.js'
import { type Offer, type OptionName, optionSyntax, syntaxOf } from '../option-syntax.js'

/** The first column below the head. */
const listedIds = "awk 'NR > 1 { print $1 }'"

/** For bash 4 and newer. Names of files are left to readline, which knows how to quote them. */
export function bashCompletion(commands: readonly CommandEntry[]): string {
  const names = [...commands.map(({ name }) => name), 'help', '--help', '--version']
  return `# Completion of bae for bash; ~/.bashrc reads it with: source <(bae completion bash)
_bae_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "\${COMP_WORDS[COMP_CWORD]}"); }
_bae_names() { compopt -o "$1"; }
# Those of the library that the words before name. Silent where there is none.
_bae_ids() { _bae_words "$("\${COMP_WORDS[0]}" list "\${library[@]}" 2>/dev/null </dev/null | ${listedIds})"; }

_bae() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" options option index arguments=0
  local -a library=()
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _bae_words '${names.join(' ')}'
    return
  fi
  [[ $previous == = ]] && previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  case $previous in
${valueCases()}
  esac
  # Readline makes words of their own of ':' and '=': what follows one belongs to the word before it.
  for ((index = 2; index < COMP_CWORD; index += 1)); do
    case \${COMP_WORDS[index]} in
      ${valueOptions().join(' | ')})
        option="\${COMP_WORDS[index]}"
        ((index += 1))
        [[ \${COMP_WORDS[index]} == = ]] && ((index += 1))
        [[ $option == --library ]] && library=(--library "\${COMP_WORDS[index]/#~/$HOME}") ;;
      :* | =*) ((index += 1)) ;;
      -*) ;;
      *) ((arguments += 1)) ;;
    esac
  done
  case \${COMP_WORDS[1]} in
    help) options=; [[ $arguments == 0 ]] && _bae_words '${commands.map(({ name }) => name).join(' ')}' ;;
${commands.map(commandCase).join('\n')}
    *) return ;;
  esac
  [[ $current == -* ]] && _bae_words "$options"
}
complete -F _bae bae ./bae`
}

function commandCase(entry: CommandEntry): string {
  const options = [...optionNames(entry).map((name) => `--${name}`), '--help'].join(' ')
  const offers = entry.positionals.flatMap(({ offer, mayRepeat }, index) => {
    const offering = offered(offer)
    const isThere = `$arguments ${mayRepeat ? '-ge' : '=='} ${index}`
    return offering === undefined ? [] : [`[[ ${isThere} && $current != -* ]] && ${offering}`]
  })
  return `    ${entry.name}) ${[`options='${options}'`, ...offers].join('; ')} ;;`
}

function valueCases(): string {
  return (Object.keys(optionSyntax) as OptionName[])
    .filter((name) => syntaxOf(name).value !== undefined)
    .map(
      (name) => `    --${name}) ${[offered(syntaxOf(name).offer), 'return'].filter(Boolean).join('; ')} ;;`,
    )
    .join('\n')
}

function valueOptions(): readonly string[] {
  return (Object.keys(optionSyntax) as OptionName[])
    .filter((name) => syntaxOf(name).value !== undefined)
    .map((name) => `--${name}`)
}

function offered(offer: Offer | undefined): string | undefined {
  if (offer === undefined) return undefined
  if (offer === 'ids') return '_bae_ids'
  if (offer === 'files') return '_bae_names default'
  if (offer === 'folders') return '_bae_names dirnames'
  return `_bae_words '${offer.join(' ')}'`
}
