import type { AbortOptions } from '@bae/storage'
import type { ImportControls } from '../control/service-like.js'
import type { ImportState } from '../database/import-state.js'
import { ImportError } from '../errors.js'
import type { ImportSnapshot } from '../import-snapshot.js'
import { printable } from './cli-output.js'
import { type CommandArguments, exitDone, type RunCommand } from './command.js'
import { withControls } from './service-connection.js'

type Ask = (
  controls: ImportControls,
  id: string,
  asked: Pick<CommandArguments, 'flags' | 'positionals' | 'select'> & Required<AbortOptions>,
) => Promise<ImportSnapshot>

/** Asks one thing of one import, and tells where it stands then. */
function asking(
  said: (args: CommandArguments, state: ImportState) => string,
  ask: Ask,
  needsService = true,
): RunCommand {
  return async (args, context) => {
    const [wanted = ''] = args.positionals
    return await withControls(args, context, async (controls, isServed) => {
      const { id, infoHash, name, state } = await ask(controls, wanted, {
        ...args,
        signal: context.stop.signal,
      })
      if (args.json) {
        context.output.printJson({ id, infoHash, name, state, isServed })
        return exitDone
      }
      context.output.print(`${said(args, state)} ${printable(name ?? infoHash ?? id)}: ${state}`)
      if (!isServed && needsService && state !== 'completed') {
        context.output.note(`no service runs on this library; '${context.commandName} serve' goes on with it`)
      }
      return exitDone
    })
  }
}

/** What is complete or cancelled has nothing that could be paused, and what is complete goes nowhere. */
export const runPause = asking(
  (_, state) => (state === 'completed' || state === 'cancelled' ? 'nothing to pause of' : 'paused'),
  (controls, id, { signal }) => controls.pause(id, { signal }),
  false,
)
export const runResume = asking(
  (_, state) => (state === 'completed' ? 'nothing to resume of' : 'resumed'),
  (controls, id, { signal }) => controls.resume(id, { signal }),
)
export const runRecheck = asking(
  () => 'to be checked again:',
  (controls, id, { signal }) => controls.recheck(id, { signal }),
)
export const runCancel = asking(
  () => 'cancelled',
  (controls, id, { signal }) => controls.cancel(id, { deleteData: false, signal }),
  false,
)
export const runSeed = asking(
  ({ flags }) => (flags.has('off') ? 'no longer to be seeded:' : 'to be seeded:'),
  (controls, id, { flags, signal }) => controls.seed(id, { on: !flags.has('off'), signal }),
)
export const runSelect = asking(
  () => 'selected files of',
  async (controls, id, { positionals, select, signal }) => {
    const globs = [...positionals.slice(1), ...select]
    if (globs.length > 0) return await controls.select(id, globs, { signal })
    throw new ImportError('IMPORT_USAGE', "'bae select' needs a GLOB; '*' in quotes selects all files")
  },
)
