import { ImportError } from '../errors.js'
import { exitDone, type RunCommand } from './command.js'
import type { CommandEntry } from './command-entry.js'
import { bashCompletion } from './completion/bash.js'
import { fishCompletion } from './completion/fish.js'
import { zshCompletion } from './completion/zsh.js'

const scripts: Readonly<Record<string, (commands: readonly CommandEntry[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

/** `commands`: those whose words it completes. */
export const completionOf =
  (commands: readonly CommandEntry[]): RunCommand =>
  async ({ positionals: [shell = ''] }, { output }) => {
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
