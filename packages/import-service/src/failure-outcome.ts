import type { ImportRecord } from './database/import-database.js'
import { isBaeError } from './errors.js'
import { describeFailure } from './failure-behind.js'
import { type ImportCause, nextState } from './import-machine.js'
import { failureKind, retryDelayMs } from './retry-policy.js'

export interface FailureFacts {
  readonly nowMs: number
  /** From 0 to 1. */
  readonly random: number
  /** Something came in this run: it fails for the first time since. */
  readonly brought: boolean
}

export interface FailureOutcome {
  readonly cause: ImportCause
  readonly change: Pick<ImportRecord, 'pause' | 'retry' | 'error'>
  readonly error: { readonly code: string; readonly message: string }
}

/** What becomes of an import whose run ended with this error; undefined where it is not ours to say any more. */
export function outcomeOf(
  failure: unknown,
  { state, retry }: Pick<ImportRecord, 'state' | 'retry'>,
  { nowMs, random, brought }: FailureFacts,
): FailureOutcome | undefined {
  const error = describeFailure(failure)
  const attempts = brought ? 1 : (retry?.attempts ?? 0) + 1
  const kind = failureKind(failure)
  if (kind === 'lost') return undefined
  if (kind === 'lasting') return { cause: 'failed', change: { error, retry: { attempts } }, error }
  if (isBaeError(failure, 'IMPORT_STALLED')) {
    return { cause: 'stalled', change: { retry: { attempts, atMs: nowMs } }, error }
  }
  const again = { attempts, atMs: nowMs + retryDelayMs(attempts, random) }
  if (nextState(state, 'delayed') !== undefined) return { cause: 'delayed', change: { retry: again }, error }
  if (kind === 'passing') return { cause: 'failed', change: { error, retry: again }, error }
  return { cause: kind === 'noSpace' ? 'full' : 'away', change: { pause: kind, retry: again }, error }
}
