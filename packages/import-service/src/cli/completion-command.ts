import { ImportError } from '../errors.js'
import { exitDone, type RunCommand } from './command.js'
import { commands } from './commands.js'
import { bashCompletion } from './completion/bash.js'
import { fishCompletion } from './completion/fish.js'
import { zshCompletion } from './completion/zsh.js'

const scripts: Readonly<Record<string, (entries: typeof commands) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

export const runCompletion: RunCommand = async ({ positionals: [shell = ''] }, { output }) => {
  const write = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
  if (write === undefined) {
    throw new ImportError(
      'IMPORT_USAGE',
      `there is no completion for '${shell}'; 'bae completion' takes bash, zsh or fish`,
    )
  }
  output.print(write(commands))
  return exitDone
}
