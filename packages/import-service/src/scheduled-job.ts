import { once } from 'node:events'
import type { TorrentId } from '@bae/storage'
import type { ImportRecord, ImportWish } from './database/import-database.js'
import type { ImportState } from './database/import-state.js'
import { ImportError, isBaeError } from './errors.js'
import { describeFailure, failureBehind } from './failure-behind.js'
import { outcomeOf } from './failure-outcome.js'
import { FileChoice, type SelectFiles } from './file-choice.js'
import { describeProgress, type ImportProgress } from './import-progress.js'
import { isComplete } from './import-snapshot.js'
import { type ReadMagnetUri, torrentSourceOf } from './import-source.js'
import { ImportTransfer, type ImportTransferDeps, knownOf } from './import-transfer.js'
import type { KeptRecord } from './kept-record.js'
import type { ServiceClock } from './service-clock.js'
import type { SlotKind } from './slots.js'
import { StallWatch } from './stall-watch.js'
import type { TorrentLike } from './torrent-client-like.js'
import type { Turns } from './turns.js'

export interface ScheduledJobDeps extends ImportTransferDeps {
  readonly selectFiles: SelectFiles
  readonly readMagnetUri: ReadMagnetUri
  readonly clock: ServiceClock
  readonly random: () => number
  readonly stalledAfterMs: number
  /** Whether the job may go on as something of this kind, now. */
  readonly takeTurn: (job: ScheduledJob, kind: SlotKind) => boolean
  /** Whether another import got the turn of one that has brought nothing for long. */
  readonly giveTurn: (job: ScheduledJob) => Promise<boolean>
  /** Seeds come into the client so many at a time. */
  readonly entries: Turns
  /** Of what nobody waits for, and what is tried again by itself. */
  readonly troubled: (error: unknown, doing: string) => void
}

/** Reasons to end that are no failures. */
const stopped = new ImportError('IMPORT_CLOSED', 'the import was stopped')
const piecesLost = new ImportError('IMPORT_INCOMPLETE', 'pieces that were complete are gone')

/**
 * One import for as long as it has a turn: from the state that its record has to the next one that has to wait.
 * Whoever made it releases the claim when it has ended.
 */
export class ScheduledJob {
  readonly kept: KeptRecord
  readonly #deps: ScheduledJobDeps
  readonly #interrupt = new AbortController()
  readonly #transfer: ImportTransfer
  readonly #ended: Promise<void>
  #stall: StallWatch | undefined
  #side: Promise<void> = Promise.resolve()
  #wish: ImportWish | undefined
  /** Something came in this run: what fails now fails for the first time. */
  #brought = false
  #isTimeCounted = false
  #isLeft = false

  constructor(deps: ScheduledJobDeps, kept: KeptRecord) {
    this.#deps = deps
    this.kept = kept
    this.#wish = kept.current.wish
    const { signal } = this.#interrupt
    this.#transfer = new ImportTransfer(deps, {
      id: this.id,
      peers: kept.current.peers ?? [],
      signal,
      onStatus: (status) => this.#observe(status),
    })
    this.#ended = this.#run()
  }

  get id(): TorrentId {
    return this.kept.current.id
  }

  get progress(): ImportProgress {
    return describeProgress(this.kept.current, this.#transfer.torrent)
  }

  /** Never rejects: what went wrong is in the record, or could not be recorded and is found there as it was. */
  whenEnded(): Promise<void> {
    return this.#ended
  }

  /** Ends it where it is. Its record says what it did; the next state is up to whoever stops it. */
  stop(): Promise<void> {
    this.#interrupt.abort(stopped)
    return this.#ended
  }

  /** The same for who closes the client next. A seed stays in it: the client takes out all at once for less than one by one. */
  leave(): Promise<void> {
    this.#isLeft = true
    return this.stop()
  }

  /** True for a wish that the job itself will answer. */
  answers(wish: ImportWish): boolean {
    if (wish.kind !== 'select' || this.#record.state !== 'fetchingMetadata') return false
    this.#wish = wish
    return true
  }

  async #run(): Promise<void> {
    const { claim } = this.kept
    const lost = (): void => this.#interrupt.abort(claim.lost.reason)
    if (claim.lost.aborted) lost()
    claim.lost.addEventListener('abort', lost, { once: true })
    try {
      await this.#work()
      await this.#close()
    } catch (error) {
      if (!this.#isLeft || !this.#is('seeding')) {
        await this.#close().catch((unclosed: unknown) =>
          this.#deps.troubled(unclosed, 'letting go of the torrent of an import'),
        )
      }
      // What cannot be recorded stays as it is: whoever finds the import next goes on from there.
      await this.#settle(failureBehind(error)).catch((unrecorded: unknown) =>
        this.#deps.troubled(unrecorded, 'recording how an import ended'),
      )
    } finally {
      claim.lost.removeEventListener('abort', lost)
    }
  }

  /** From state to state, as long as its turn goes on. */
  async #work(): Promise<void> {
    if (this.#is('verifying')) await this.#verify()
    if (this.#is('fetchingMetadata')) await this.#seek()
    if (this.#is('queued') && this.#deps.takeTurn(this, 'download')) await this.kept.change('began')
    if (this.#is('downloading')) await this.#download()
    if (this.#is('seeding') && this.#deps.takeTurn(this, 'seed')) await this.#seed()
  }

  async #seek(): Promise<void> {
    const choice = this.#choice()
    const { choose } = this.#record
    this.#watchStall()
    await this.#open(choose ? [] : choice.selector)
    const layout = await this.#transfer.whenMetadata()
    this.#brought = true
    const known = { ...knownOf(layout, this.#transfer.torrent), retry: undefined }
    const answered = this.#wish?.kind === 'select' ? this.#wish : undefined
    if (choose && answered === undefined) return await this.kept.change('asked', known)
    try {
      const selectedFiles = this.#transfer.choose(answered ? this.#choice() : choice, layout)
      await this.kept.change('queued', { ...known, choose: undefined, selectedFiles }, { answered })
    } catch (error) {
      if (!isBaeError(error, 'IMPORT_FILE_NOT_FOUND')) throw error
      // Whoever chose knows better by now.
      const notes = { answered, error: describeFailure(error) }
      await this.kept.change('asked', { ...known, choose: true }, notes)
    }
  }

  async #download(): Promise<void> {
    const { selectedFiles } = this.#record
    if (this.#transfer.torrent === undefined) await this.#open(selectedFiles)
    const layout = await this.#transfer.whenMetadata()
    if (this.#record.torrentFile === undefined) await this.kept.note(knownOf(layout, this.#transfer.torrent))
    await this.#transfer.keepLocal(layout)
    this.#watchStall()
    await this.#transfer.whenFinished()
    await this.#side
    if (this.#is('paused')) await this.kept.change('roomy')
    await this.#finish()
  }

  async #finish(): Promise<void> {
    const isSeed = this.#record.goal === 'seed'
    // What is not given to others is closed first, so that all that was completed is recorded.
    if (!isSeed) await this.#close()
    else await this.#transfer.letGo()
    const { completedAtMs = this.#deps.clock.now() } = this.#record
    const change = { completedAtMs, retry: undefined, ...this.#spentTime() }
    await this.kept.change(isSeed ? 'seeded' : 'finished', change)
  }

  async #seed(): Promise<void> {
    this.#stall?.stop()
    const { entries } = this.#deps
    const enter = () => this.#open(this.#record.selectedFiles)
    if (this.#transfer.torrent === undefined) await entries.take(this.#interrupt.signal, enter)
    await this.#transfer.whenMetadata()
    const { torrent } = this.#transfer
    if (torrent !== undefined) this.#observe(torrent.status)
    await aborted(this.#interrupt.signal)
  }

  async #verify(): Promise<void> {
    const { library } = this.#deps
    await library.verify(this.id, { repair: true, signal: this.#interrupt.signal })
    const torrent = await library.findTorrent(this.id)
    if (torrent !== undefined && isComplete(torrent, this.#record.selectedFiles)) return await this.#finish()
    await this.kept.change('lost', { completedAtMs: undefined, retry: undefined })
  }

  async #open(files: Parameters<ImportTransfer['open']>[1]): Promise<void> {
    const torrent = await this.#transfer.open(torrentSourceOf(this.#record), files)
    torrent.on('uploadModeEntered', ({ error }) => this.#onTheSide(() => this.#pauseForRoom(error)))
    torrent.on('uploadModeLeft', () => this.#onTheSide(() => this.#goOn()))
    torrent.on('pieceCompleted', () => this.#bring())
  }

  /** The client tries by itself whether there is room again. */
  async #pauseForRoom(error: Error & { readonly code: string }): Promise<void> {
    if (!this.#is('downloading')) return
    // Due at once for whoever takes it over: there may be room where that one looks.
    const retry = { attempts: 1, atMs: this.#deps.clock.now() }
    await this.kept.change('full', { pause: 'noSpace', retry }, { error: describeFailure(error) })
  }

  async #goOn(): Promise<void> {
    if (this.#is('paused')) await this.kept.change('roomy', { retry: undefined })
  }

  /** Of what the torrent tells meanwhile, one after the other; a failure ends the job. */
  #onTheSide(step: () => Promise<void>): void {
    this.#side = this.#side.then(step).catch((error: unknown) => this.#interrupt.abort(error))
  }

  #observe(status: TorrentLike['status']): void {
    if (status.state === 'failed') this.#interrupt.abort(status.error)
    if (status.downloadBytesPerSecond > 0) this.#stall?.note()
    if (this.#is('seeding') && (status.missingPieces ?? 0) > 0) this.#interrupt.abort(piecesLost)
  }

  #bring(): void {
    this.#brought = true
    this.#stall?.note()
  }

  /** While there is no room nobody can bring anything. */
  #watchStall(): void {
    this.#stall?.stop()
    const { clock, stalledAfterMs, giveTurn } = this.#deps
    this.#stall = new StallWatch({ clock, afterMs: stalledAfterMs }, async () => {
      if (this.#is('paused') || !(await giveTurn(this))) return false
      this.#interrupt.abort(stalled(stalledAfterMs))
      return true
    })
  }

  async #close(): Promise<void> {
    this.#stall?.stop()
    await this.#transfer.close()
    await this.#side
    await this.#transfer.letGo()
  }

  /** The time of transfer with that of this run: once a run. */
  #spentTime(): Pick<ImportRecord, 'transferSeconds'> {
    const { seconds } = this.#transfer
    if (seconds === 0 || this.#isTimeCounted) return {}
    this.#isTimeCounted = true
    return { transferSeconds: (this.#record.transferSeconds ?? 0) + seconds }
  }

  async #settle(failure: unknown): Promise<void> {
    const time = this.#spentTime()
    if (failure === stopped) {
      if (time.transferSeconds !== undefined) await this.kept.note(time)
    } else if (failure === piecesLost) {
      await this.kept.change('lost', { completedAtMs: undefined, ...time })
    } else {
      const { clock, random } = this.#deps
      const facts = { nowMs: clock.now(), random: random(), brought: this.#brought }
      const outcome = outcomeOf(failure, this.#record, facts)
      if (outcome === undefined) return
      await this.kept.change(outcome.cause, { ...outcome.change, ...time }, { error: outcome.error })
    }
  }

  #choice(): FileChoice {
    const { magnetUri } = this.#record
    const indices = magnetUri === undefined ? undefined : this.#deps.readMagnetUri(magnetUri).files
    const globs = this.#wish?.kind === 'select' ? this.#wish.globs : []
    return new FileChoice(this.#deps.selectFiles, { globs, ...(indices && { indices }) })
  }

  get #record(): ImportRecord {
    return this.kept.current
  }

  #is(state: ImportState): boolean {
    return this.kept.current.state === state
  }
}

function stalled(afterMs: number): ImportError {
  const message = `no peer brought anything for ${Math.round(afterMs / 1000)} s, and others wait for their turn`
  return new ImportError('IMPORT_STALLED', message)
}

/** Settles never but by the signal's reason. */
async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}
