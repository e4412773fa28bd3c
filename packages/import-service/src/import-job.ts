import type { PeerAddress } from '@bae/client'
import type { AbortOptions, TorrentId, TorrentLayout } from '@bae/storage'
import type { ImportDatabase, ImportRecord } from './database/import-database.js'
import { isBaeError } from './errors.js'
import { describeFailure, failureBehind } from './failure-behind.js'
import type { FileChoice } from './file-choice.js'
import { describeProgress, type ImportProgress } from './import-progress.js'
import { countPieces, describeImport, type ImportSnapshot } from './import-snapshot.js'
import type { ImportSource } from './import-source.js'
import { ImportTransfer, type ImportTransferDeps, knownOf } from './import-transfer.js'
import type { KeptRecord } from './kept-record.js'

export interface ImportJobDeps extends ImportTransferDeps {
  readonly imports: ImportDatabase
  readonly now: () => number
}

export interface ImportJobOptions extends AbortOptions {
  /** Dialled at once. */
  readonly peers?: readonly PeerAddress[]
  /** Where the record cannot say yet which files are selected: the metadata has to come. */
  readonly choice?: FileChoice
}

/** What is left of an import that has ended: all of it, what was stored so far, or nothing. */
export type ImportOutcome = 'completed' | 'kept' | 'removed'

/** One import as the service gives it out. */
export interface Import {
  readonly id: TorrentId
  /** True where everything was in the library before: nothing is fetched. */
  readonly wasCompleted: boolean
  readonly progress: ImportProgress
  /** Undefined while it runs. */
  readonly outcome: ImportOutcome | undefined
  /** What went wrong while a failed or stopped import was put away, beside the reason itself. */
  readonly cleanupError: unknown
  /** Settles when the import has ended and let go of everything. Rejects with the failure or the reason to stop. */
  whenCompleted(): Promise<ImportSnapshot>
}

/**
 * Runs one import for somebody who waits for it, from `client.add` to its last record. Aborting the signal stops it and
 * keeps what is stored. The claim of the record is held until it has ended.
 */
export class ImportJob implements Import {
  readonly wasCompleted = false
  readonly #deps: ImportJobDeps
  readonly #kept: KeptRecord
  readonly #stop: AbortSignal | undefined
  readonly #choice: FileChoice | undefined
  /** Ends the wait for the torrent: the caller's signal, a full disk or a lost claim. */
  readonly #interrupt = new AbortController()
  readonly #transfer: ImportTransfer
  readonly #completion: Promise<ImportSnapshot>
  #isTimeCounted = false
  #outcome: ImportOutcome | undefined
  #cleanupError: unknown

  constructor(deps: ImportJobDeps, kept: KeptRecord, source: ImportSource, options: ImportJobOptions = {}) {
    this.#deps = deps
    this.#kept = kept
    this.#stop = options.signal
    this.#choice = options.choice
    this.#transfer = new ImportTransfer(deps, {
      id: this.id,
      peers: options.peers ?? [],
      signal: this.#interrupt.signal,
      onStatus: ({ error }) => error !== undefined && this.#interrupt.abort(error),
    })
    this.#completion = this.#run(source)
    // Whoever calls whenCompleted() sees the failure; before that it must not end the process.
    this.#completion.catch(() => {})
  }

  get id(): TorrentId {
    return this.#kept.current.id
  }

  get progress(): ImportProgress {
    return describeProgress(this.#kept.current, this.#transfer.torrent)
  }

  get outcome(): ImportOutcome | undefined {
    return this.#outcome
  }

  get cleanupError(): unknown {
    return this.#cleanupError
  }

  whenCompleted(): Promise<ImportSnapshot> {
    return this.#completion
  }

  async #run(source: ImportSource): Promise<ImportSnapshot> {
    const unwatch = this.#watch()
    try {
      await this.#fetch(source)
      const snapshot = await this.#complete()
      this.#outcome = 'completed'
      return snapshot
    } catch (error) {
      const failure = failureBehind(error)
      await this.#putAway(failure)
      throw failure
    } finally {
      unwatch()
      await this.#kept.claim.release()
    }
  }

  async #fetch(source: ImportSource): Promise<void> {
    const transfer = this.#transfer
    await transfer.open(source.torrent, this.#kept.current.selectedFiles ?? this.#choice?.selector)
    const layout = await transfer.whenMetadata()
    const selectedFiles = this.#choice
      ? transfer.choose(this.#choice, layout)
      : this.#kept.current.selectedFiles
    await this.#noteLayout(layout, selectedFiles)
    await transfer.keepLocal(layout)
    await transfer.whenFinished()
    await transfer.close()
  }

  /** Every reason to end early goes through one signal. Returns what undoes it. */
  #watch(): () => void {
    const { lost } = this.#kept.claim
    const followed = [this.#stop, lost].filter((signal) => signal !== undefined)
    const interrupt = ({ target }: Event): void => this.#interrupt.abort((target as AbortSignal).reason)
    for (const signal of followed) {
      if (signal.aborted) this.#interrupt.abort(signal.reason)
      signal.addEventListener('abort', interrupt, { once: true })
    }
    return () => {
      for (const signal of followed) signal.removeEventListener('abort', interrupt)
    }
  }

  /** A magnet link may know one hash of two, and no name. */
  async #noteLayout(layout: TorrentLayout, selectedFiles: readonly number[] | undefined): Promise<void> {
    const record = this.#kept.current
    const known = knownOf(layout, this.#transfer.torrent)
    const isKnown =
      record.name === known.name &&
      record.infoHashV1 === known.infoHashV1 &&
      record.infoHashV2 === known.infoHashV2 &&
      record.torrentFile !== undefined
    if (isKnown && selectedFiles === record.selectedFiles) return
    await this.#kept.note({ ...known, ...(selectedFiles && { selectedFiles }) })
  }

  async #complete(): Promise<ImportSnapshot> {
    await this.#transfer.letGo()
    const { goal } = this.#kept.current
    const completedAtMs = this.#deps.now()
    await this.#kept.change(goal === 'seed' ? 'seeded' : 'finished', { ...this.#spentTime(), completedAtMs })
    return describeImport(this.#kept.current, await this.#deps.library.findTorrent(this.id))
  }

  /** Leaves the library as the next run of the same import wants to find it. Never rejects: see cleanupError. */
  async #putAway(reason: unknown): Promise<void> {
    try {
      await this.#transfer.close()
      if (this.#kept.claim.lost.aborted) {
        this.#outcome = 'kept'
      } else {
        this.#outcome = (await this.#isEmpty()) ? await this.#forget(reason) : await this.#keep(reason)
      }
    } catch (error) {
      this.#outcome = 'kept'
      this.#cleanupError = error
    }
  }

  async #isEmpty(): Promise<boolean> {
    const torrent = await this.#deps.library.findTorrent(this.id)
    return torrent === undefined || countPieces(torrent.completedPieces) === 0
  }

  async #forget(reason: unknown): Promise<ImportOutcome> {
    await this.#deps.library.removeTorrent(this.id)
    await this.#kept.remove('nothing of it was stored', describeFailure(reason))
    return 'removed'
  }

  async #keep(reason: unknown): Promise<ImportOutcome> {
    await this.#transfer.letGo()
    const stopped = this.#stop?.aborted === true && reason === this.#stop.reason
    if (stopped || !isBaeError(reason)) {
      await this.#kept.note(this.#spentTime())
    } else {
      const error = describeFailure(reason)
      await this.#kept.change('failed', { ...this.#spentTime(), error }, { error })
    }
    return 'kept'
  }

  /** The time of transfer with that of this run: once. */
  #spentTime(): Pick<ImportRecord, 'transferSeconds'> {
    if (this.#isTimeCounted) return {}
    this.#isTimeCounted = true
    return {
      transferSeconds: (this.#kept.current.transferSeconds ?? 0) + this.#transfer.seconds,
    }
  }
}
