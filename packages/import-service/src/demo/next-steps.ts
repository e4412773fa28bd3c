import type { CliOutput } from '../cli/cli-output.js'
import type { Config } from '../config.js'
import type { ImportSnapshot } from '../import-snapshot.js'

const shownIdDigits = 10

export interface DemoResult {
  readonly root: string
  readonly exported: string
  readonly config: Config
  /** False where the user named a library. */
  readonly ownLibrary: boolean
}

/** What is left to look at, commands that work as they stand, and how to be rid of it. */
export function describeNextSteps(
  snapshot: ImportSnapshot,
  demo: DemoResult,
  output: CliOutput,
): readonly string[] {
  const id = (snapshot.infoHash ?? snapshot.id).slice(0, shownIdDigits)
  const library = `--library ${quote(demo.config.libraryDirectory)}`
  const command = (text: string): string => `    ${output.style('cyan', text)}`
  const cleanUp = demo.ownLibrary ? [] : [command(`bae remove ${id} ${library}`)]
  return [
    '',
    '  The bytes went from the peer into the library: no temporary copy, every piece checked.',
    '',
    `  ${output.style('bold', 'Look at it')}`,
    command(`bae list ${library}`),
    command(`bae show ${id} ${library}`),
    command(`bae cat ${id} Notes.txt ${library}`),
    '',
    `  ${output.style('bold', 'Listen to it')}  ${demo.exported}`,
    '',
    `  ${output.style('bold', 'Import something of your own')}`,
    command('bae import FILE.torrent'),
    command("bae import 'magnet:?xt=urn:btih:...'"),
    '',
    `  ${output.style('bold', 'Be rid of the demo')}`,
    ...cleanUp,
    command(`rm -r ${quote(demo.root)}`),
    '',
  ]
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
