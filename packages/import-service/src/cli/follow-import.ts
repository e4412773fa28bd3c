import type { Import } from '../import-job.js'
import type { ImportProgress } from '../import-progress.js'
import type { ImportSnapshot } from '../import-snapshot.js'
import type { CliOutput } from './cli-output.js'
import type { CliContext } from './command.js'
import { formatProgress, formatProgressLine } from './format-progress.js'
import { formatCount } from './format-quantities.js'
import { ProgressReporter, type ProgressView } from './progress-reporter.js'
import { codeOf, sentenceOf } from './report-error.js'

/** Shows an import's progress until it ends. Rejects as the import does, and says what became of it. */
export async function follow(
  job: Import,
  args: { readonly json: boolean },
  { output }: CliContext,
): Promise<ImportSnapshot> {
  const view = progressView(() => job.progress, output)
  using _ = new ProgressReporter(output, view, { json: args.json })
  try {
    return await job.whenCompleted()
  } catch (error) {
    const { cleanupError } = job
    if (cleanupError !== undefined) {
      output.note(
        `bae: the import could not be put away well: ${sentenceOf(cleanupError)} [${codeOf(cleanupError)}]`,
      )
    }
    throw explainEnd(job, error)
  }
}

/** How the progress of an import is shown: `now` is asked whenever something is to be shown. */
export function progressView(now: () => ImportProgress, output: CliOutput): ProgressView {
  return {
    bar: (columns) => formatProgress(now(), { columns, unicode: output.unicode }),
    line: () => formatProgressLine(now()),
    event: () => {
      const { id, state, pieces, totalPieces, bytes, totalBytes, downloadBytesPerSecond, peers } = now()
      return {
        event: 'progress',
        id,
        state,
        pieces,
        totalPieces,
        bytes,
        totalBytes,
        downloadBytesPerSecond,
        peers,
      }
    },
  }
}

/** The reason, and what became of the import: the user wants to know whether it can go on. */
function explainEnd(job: Import, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const { pieces, totalPieces } = job.progress
  const stored = totalPieces === null ? 'what is stored' : `${pieces} of ${formatCount(totalPieces, 'piece')}`
  const rest =
    job.outcome === 'removed'
      ? 'nothing was stored, and nothing stays'
      : `${stored} ${totalPieces === null ? 'stays' : 'are stored'}, and the same command goes on from there${
          error.code === 'STORAGE_NO_SPACE' ? ' once there is room' : ''
        }`
  const peers =
    error.code === 'IMPORT_TIMEOUT' && pieces === 0 ? '; no piece came: --peer HOST:PORT names a peer' : ''
  // The message is the only thing that changes: code, brand and cause stay the failure's own.
  error.message = `${error.message}; ${rest}${peers}`
  return error
}
