import type { Config } from '../config/config.js'
import { isBaeError } from '../errors.js'
import type { ImportSnapshot } from '../import-snapshot.js'
import { printable } from './cli-output.js'
import { type CliContext, exitDone, type RunCommand } from './command.js'
import { formatBytes, formatShare } from './format-quantities.js'
import { openLibraryIfThere } from './open-library.js'
import { shortPauseText } from './pause-text.js'
import { findService, findServiceToRead } from './service-connection.js'
import { clipText } from './text-width.js'
import { isSettled } from './watched-imports.js'

const shownIdDigits = 10

export const runList: RunCommand = async (args, context) => {
  const config = await context.config(args)
  const running = await findServiceToRead(config, context)
  await using library = running === undefined ? await openLibraryIfThere(config, context) : undefined
  const { output, stop } = context
  const listed = (running ?? library)?.each({ signal: stop.signal })
  if (args.json) {
    await (listed === undefined ? output.printJson([]) : output.printJsonArray(listed))
    return exitDone
  }
  const imports: (readonly string[])[] = []
  let isUnfinished = false
  for await (const snapshot of listed ?? []) {
    imports.push(cellsOf(snapshot))
    isUnfinished ||= goesOn(snapshot)
  }
  if (imports.length === 0)
    output.note(
      `The library ${config.libraryDirectory} is empty; '${context.commandName} import SOURCE' puts something in.`,
    )
  else for (const line of formatList(imports, output.columns)) output.print(line)
  // Who was killed has left 'downloading' behind, and nobody gives what is 'seeding'.
  if (isUnfinished && running === undefined && !(await mayBeServed(config, context)))
    output.note(`no service runs; '${context.commandName} serve' goes on with what no other command imports`)
  return exitDone
}

/** Whether a service would go on with it now, or give it to others. */
function goesOn({ state, pause, retry }: ImportSnapshot): boolean {
  return state === 'seeding' || !isSettled({ state, pause, retryAtMs: retry?.atMs ?? null })
}

/** The list is as good where nobody can tell. */
async function mayBeServed(config: Config, context: CliContext): Promise<boolean> {
  try {
    return (await findService(config, context)) !== undefined
  } catch (error) {
    if (!isBaeError(error)) throw error
    return true
  }
}

/** A table of what `cellsOf` says of imports. */
function formatList(imports: readonly (readonly string[])[], columns: number | undefined): readonly string[] {
  const rows = [['ID', 'STATE', 'DONE', 'SIZE', 'NAME'], ...imports]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const nameColumns =
    columns === undefined ? undefined : columns - widths.reduce((sum, width) => sum + width + 2, 0)
  return rows.map(([id = '', state = '', done = '', size = '', name = '']) => {
    const left = [id.padEnd(widths[0] ?? 0), state.padEnd(widths[1] ?? 0)]
    const right = [done.padStart(widths[2] ?? 0), size.padStart(widths[3] ?? 0)]
    return [...left, ...right, nameColumns === undefined ? name : clipText(name, nameColumns)].join('  ')
  })
}

function cellsOf(snapshot: ImportSnapshot): readonly string[] {
  const { infoHash, id, state, pause, name } = snapshot
  const { pieces, totalPieces, totalBytes } = snapshot.selected ?? snapshot
  return [
    (infoHash ?? id).slice(0, shownIdDigits),
    state === 'paused' ? shortPauseText(pause) : state,
    totalPieces === null ? '-' : formatShare(pieces, totalPieces),
    totalBytes === null ? '-' : formatBytes(totalBytes),
    printable(name ?? '(no name yet)'),
  ]
}
