import type { CliOutput } from '../cli/cli-output.js'
import { shellQuote } from '../cli/shell-quote.js'
import type { Config } from '../config/config.js'
import type { ImportSnapshot } from '../import-snapshot.js'

const shownIdDigits = 10

export interface DemoResult {
  readonly root: string
  readonly exported: string
  readonly config: Config
  /** False where the user named a library. */
  readonly ownLibrary: boolean
  readonly commandName: string
}

/** What is left to look at, commands that work as they stand, and how to be rid of it. */
export function describeNextSteps(
  snapshot: ImportSnapshot,
  demo: DemoResult,
  output: CliOutput,
): readonly string[] {
  const id = (snapshot.infoHash ?? snapshot.id).slice(0, shownIdDigits)
  const library = `--library ${shellQuote(demo.config.libraryDirectory)}`
  const shell = (text: string): string => `    ${output.style('cyan', text)}`
  const command = (text: string): string => shell(`${demo.commandName} ${text}`)
  const cleanUp = demo.ownLibrary ? [] : [command(`remove ${id} ${library}`)]
  return [
    '',
    '  The bytes went from the peer straight into the library: verified piece by piece,',
    '  without a temporary copy.',
    '',
    `  ${output.style('bold', 'Look at it')}`,
    command(`list ${library}`),
    command(`show ${id} ${library}`),
    command(`cat ${id} Notes.txt ${library}`),
    '',
    `  ${output.style('bold', 'Listen to it')}  ${demo.exported}`,
    '',
    `  ${output.style('bold', 'Import something of your own')}`,
    command('import FILE.torrent'),
    command("import 'magnet:?xt=urn:btih:...'"),
    '',
    `  ${output.style('bold', 'Be rid of the demo')}`,
    ...cleanUp,
    shell(`rm -r ${shellQuote(demo.root)}`),
    '',
  ]
}
