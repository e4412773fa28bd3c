import type { Claim, ImportDatabase, ImportRecord, ImportWish } from './database/import-database.js'
import type { ImportReason } from './database/import-event.js'
import { type ImportCause, nextState } from './import-machine.js'

export interface KeptRecordDeps {
  readonly imports: ImportDatabase
  readonly claim: Claim
  readonly now: () => number
  /** The import has changed, and it is recorded. */
  readonly changed?: ((record: ImportRecord) => void) | undefined
}

/** What a change says beside its cause. */
export interface ChangeNotes {
  readonly error?: ImportReason['error']
  readonly answered?: ImportWish | undefined
}

export type RecordChange = { readonly [key in keyof ImportRecord]?: ImportRecord[key] | undefined }

/** The record of an import that this process has. Every change of its state goes through the machine and into the log. */
export class KeptRecord {
  readonly #deps: KeptRecordDeps
  #record: ImportRecord
  #last: Promise<unknown> = Promise.resolve()

  constructor(deps: KeptRecordDeps, record: ImportRecord) {
    this.#deps = deps
    this.#record = record
  }

  get current(): ImportRecord {
    return this.#record
  }

  get claim(): Claim {
    return this.#deps.claim
  }

  /** Keeps what is beside the state. One change after the other. */
  note(change: RecordChange, { answered }: Pick<ChangeNotes, 'answered'> = {}): Promise<void> {
    return this.#inOrder(async () => {
      const next = changedRecord(this.#record, change)
      await this.#deps.imports.saveImport(next, { claim: this.claim, ...(answered && { answered }) })
      this.#become(next)
    })
  }

  /** Rejects IMPORT_LEASE_LOST and what the database does; then nothing is changed. */
  change(cause: ImportCause, change: RecordChange = {}, notes: ChangeNotes = {}): Promise<void> {
    return this.#inOrder(async () => {
      const from = this.#record.state
      const state = nextState(from, cause)
      if (state === undefined) throw new TypeError(`an import that is ${from} cannot be ${cause}`)
      const { answered, error } = notes
      const next = changedRecord(this.#record, { ...leaving, ...change, state })
      await this.#deps.imports.saveImport(next, {
        claim: this.claim,
        event: { atMs: this.#deps.now(), from, reason: { code: cause, ...(error && { error }) } },
        ...(answered && { answered }),
      })
      this.#become(next)
    })
  }

  /** The import is gone; its torrent went before, so that what is left after a crash can be removed again. */
  remove(message: string, error?: ImportReason['error']): Promise<void> {
    return this.#inOrder(async () => {
      const { id, state } = this.#record
      const reason = { code: 'removed', message, ...(error && { error }) }
      await this.#deps.imports.deleteImport(id, {
        claim: this.claim,
        event: { atMs: this.#deps.now(), from: state, reason },
      })
      this.#deps.changed?.(this.#record)
    })
  }

  #become(record: ImportRecord): void {
    this.#record = record
    this.#deps.changed?.(record)
  }

  #inOrder(step: () => Promise<void>): Promise<void> {
    const done = this.#last.then(step)
    this.#last = done.catch(() => {})
    return done
  }
}

/** What belongs to a state alone. */
const leaving: RecordChange = { pause: undefined, error: undefined }

/** What is `undefined` in the change is no longer there. */
export function changedRecord(record: ImportRecord, change: RecordChange): ImportRecord {
  const entries = Object.entries({ ...record, ...change }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as unknown as ImportRecord
}
