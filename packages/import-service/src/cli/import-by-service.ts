import type { ControlClient } from '../control/control-client.js'
import { ImportError, type ImportErrorCode } from '../errors.js'
import type { ImportProgress } from '../import-progress.js'
import type { ImportSnapshot } from '../import-snapshot.js'
import type { ImportSource } from '../import-source.js'
import type { SubmitOptions } from '../submit-import.js'
import type { CliContext, CommandArguments } from './command.js'
import { progressView } from './follow-import.js'
import { ProgressReporter } from './progress-reporter.js'
import { inLibrary, shortIdOf } from './short-id.js'

export interface ImportedByService {
  readonly snapshot: ImportSnapshot
  /** It was in the library before. */
  readonly wasCompleted: boolean
}

/**
 * Hands the import to the service of the library, and shows its progress until it ends there. Aborting ends only the
 * following: the service goes on, and the reason says so.
 */
export async function importByService(
  service: ControlClient,
  { source, options }: { readonly source: ImportSource; readonly options: SubmitOptions },
  args: CommandArguments,
  context: CliContext,
): Promise<ImportedByService> {
  const { signal } = context.stop
  const submitted = await service.submit(source, { ...options, signal })
  const added = wantsRest(submitted, source, args)
    ? await service.select(submitted.id, ['*'], { signal })
    : submitted
  if (isDone(added)) return { snapshot: added, wasCompleted: true }
  try {
    await showProgress(service.follow(added.id, { signal }), args, context)
  } catch (error) {
    throw explainLeaving(error, added, args, context)
  }
  const snapshot = await service.get(added.id, { signal })
  if (isDone(snapshot)) return { snapshot, wasCompleted: false }
  throw failureOf(snapshot, args)
}

/** Without a choice all files are meant, also where some were chosen before, or somebody wanted to choose. */
function wantsRest(
  submitted: ImportSnapshot,
  { files }: ImportSource,
  { select }: CommandArguments,
): boolean {
  const isChosen = select.length > 0 || files !== undefined
  return !isChosen && (submitted.selected !== null || submitted.state === 'choosingFiles')
}

async function showProgress(
  values: AsyncIterable<ImportProgress>,
  { json }: CommandArguments,
  { output }: CliContext,
): Promise<void> {
  let progress: ImportProgress | undefined
  let reporter: ProgressReporter | undefined
  try {
    for await (const value of values) {
      const isFirst = progress === undefined
      progress = value
      if (isFirst)
        reporter = new ProgressReporter(
          output,
          progressView(() => progress ?? value, output),
          { json },
        )
    }
  } finally {
    reporter?.close()
  }
}

function isDone({ state }: ImportSnapshot): boolean {
  return state === 'completed' || state === 'seeding'
}

/** Code and reason stay what they are: only what becomes of the import is added. */
function explainLeaving(
  error: unknown,
  snapshot: ImportSnapshot,
  args: CommandArguments,
  { stop, commandName: bae }: CliContext,
): unknown {
  if (!stop.signal.aborted || !(error instanceof Error)) return error
  const ways = ['watch', 'pause'].map((name) => `'${bae} ${name} ${shortIdOf(snapshot)}${inLibrary(args)}'`)
  error.message = `${error.message}; the service goes on with it: ${ways[0]} shows it, ${ways[1]} stops it`
  return error
}

/** Who failed in the service fails here with the same code. */
function failureOf(snapshot: ImportSnapshot, args: CommandArguments): Error {
  const { state, error, name, id } = snapshot
  if (error !== null) return new ImportError(error.code as ImportErrorCode, error.message)
  const there = inLibrary(args)
  const shortId = shortIdOf(snapshot)
  const why =
    state === 'choosingFiles'
      ? `waits for a choice of its files: 'bae select ${shortId} GLOB${there}' says which`
      : `is ${state}, by somebody else's wish; 'bae resume ${shortId}${there}' lets it go on`
  return new ImportError('IMPORT_INTERRUPTED', `the import of ${name ?? id} ${why}`)
}
