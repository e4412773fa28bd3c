import type { TorrentId } from '@bae/storage'
import { waiting } from './answer-wish.js'
import type { ClaimedImport, ImportDatabase, ImportRecord, ImportWish } from './database/import-database.js'
import { KeptRecord } from './kept-record.js'
import { ScheduledJob, type ScheduledJobDeps } from './scheduled-job.js'
import {
  changedLimits,
  DEFAULT_SERVICE_LIMITS,
  type ServiceLimits,
  type ServiceOptions,
} from './service-limits.js'
import { revivedStates, type SlotKind, Slots, slotKinds, statesOf } from './slots.js'
import { Turns } from './turns.js'

export interface SchedulerDeps
  extends Omit<ScheduledJobDeps, 'takeTurn' | 'giveTurn' | 'stalledAfterMs' | 'entries'> {
  readonly imports: ImportDatabase
  /** Somebody else asked this of an import that runs here. */
  readonly wished: (id: TorrentId, wish: ImportWish) => void
  readonly changed: (record: ImportRecord) => void
}

/** So many that failed are looked at together. */
const revivedTogether = 100

/** Of thousands of seeds, so many are on their way into the client at a time. */
const enteringTogether = 64

/**
 * Gives imports their turns: claims what is due, within limits, as long as it is started. It never waits for one import
 * while another could go on, and one that nobody brings anything of goes behind those that wait.
 */
export class ImportScheduler {
  readonly #deps: SchedulerDeps
  readonly #options: ServiceOptions
  readonly #jobs = new Map<TorrentId, ScheduledJob>()
  readonly #slots: Slots
  readonly #entries = new Turns(enteringTogether)
  #isStarted = false
  #pass: Promise<void> | undefined
  #isWoken = false
  /** The last pass failed: it is not told again each time. */
  #isTroubled = false
  #cancelPoll = (): void => {}

  constructor(deps: SchedulerDeps, options: ServiceOptions) {
    this.#deps = deps
    this.#options = options
    this.#slots = new Slots(changedLimits(DEFAULT_SERVICE_LIMITS, options.limits))
  }

  get limits(): ServiceLimits {
    return this.#slots.limits
  }

  /** What runs here, in the order in which it began. */
  get jobs(): readonly ScheduledJob[] {
    return [...this.#jobs.values()]
  }

  job(id: TorrentId): ScheduledJob | undefined {
    return this.#jobs.get(id)
  }

  /** Settles when all that is due now, within the limits, was begun. Idempotent. */
  async start(): Promise<void> {
    this.#isStarted = true
    await this.wake()
  }

  /**
   * Ends what runs where it is, and begins nothing more. What was claimed is let go of by whoever closes the database, and
   * seeds by whoever closes the client.
   */
  async stop(): Promise<void> {
    this.#isStarted = false
    this.#cancelPoll()
    await this.#pass
    const { jobs } = this
    this.#jobs.clear()
    await Promise.all(jobs.map((job) => job.leave()))
  }

  /** There may be something to do. Settles when it is done, or could not be: then it is tried again at the next poll. */
  wake(): Promise<void> {
    this.#isWoken = true
    this.#pass ??= this.#passes().finally(() => {
      this.#pass = undefined
      if (this.#isWoken) this.#wakeSoon()
    })
    return this.#pass
  }

  /** Limits hold at once: what is too much ends where it is, and waits for its turn. */
  async setLimits(change: Partial<ServiceLimits>): Promise<void> {
    this.#slots.limits = changedLimits(this.#slots.limits, change)
    const surplus = slotKinds.flatMap((kind) => this.#slots.surplus(kind))
    await Promise.all(surplus.map((id) => this.#put(id)))
    await this.wake()
  }

  /**
   * The import for as long as `use` needs it: ends its job here, or claims it. False where somebody else has it, or it
   * is not there. Afterwards it waits for its turn again, if it still wants one.
   */
  async hold(id: TorrentId, use: (kept: KeptRecord) => Promise<void>): Promise<boolean> {
    const kept = (await this.#takeFromJob(id)) ?? (await this.#claim(id))
    if (kept === undefined) return false
    try {
      await use(kept)
    } finally {
      await kept.claim.release()
      this.#wakeSoon()
    }
    return true
  }

  async #passes(): Promise<void> {
    this.#cancelPoll()
    while (this.#isStarted && this.#isWoken) {
      this.#isWoken = false
      await this.#tryPass()
    }
    if (this.#isStarted)
      this.#cancelPoll = this.#deps.clock.after(this.#options.pollMs, () => this.#wakeSoon())
  }

  /** A database that does not answer is asked again later: nothing of this is lost. */
  async #tryPass(): Promise<void> {
    try {
      await this.#beginDue()
      this.#isTroubled = false
    } catch (error) {
      if (!this.#isTroubled) this.#deps.troubled(error, 'giving imports their turns')
      this.#isTroubled = true
    }
  }

  async #beginDue(): Promise<void> {
    await this.#revive()
    for (const kind of slotKinds) {
      const limit = this.#slots.free(kind)
      if (limit === 0) continue
      for (const due of await this.#claimDue(statesOf[kind], limit)) await this.#begin(due, kind)
    }
  }

  /** What failed, or had no room, waits for its turn like all the others. */
  async #revive(): Promise<void> {
    const due = await this.#claimDue(revivedStates, revivedTogether)
    await Promise.all(
      due.map(async ({ record, claim }) => {
        const kept = this.#keep({ record, claim })
        await kept.change(waiting(record)).finally(() => claim.release())
      }),
    )
    if (due.length === revivedTogether) this.#isWoken = true
  }

  async #begin({ record, claim }: ClaimedImport, kind: SlotKind): Promise<void> {
    // One whose lease ran out is about to end here: until then it does not begin again.
    if (this.#jobs.has(record.id)) return await claim.release()
    this.#slots.take(record.id, kind)
    const job = new ScheduledJob(
      {
        ...this.#deps,
        entries: this.#entries,
        stalledAfterMs: this.#options.stalledAfterMs,
        takeTurn: ({ id }, next) => this.#takeTurn(id, next),
        giveTurn: ({ id }) => this.#giveTurn(id),
      },
      this.#keep({ record, claim }),
    )
    this.#jobs.set(record.id, job)
    const unlisten = claim.onWish((wish) => {
      if (!job.answers(wish)) this.#deps.wished(record.id, wish)
    })
    void job.whenEnded().then(async () => {
      unlisten()
      this.#slots.giveBack(record.id)
      if (this.#jobs.get(record.id) !== job) return
      this.#jobs.delete(record.id)
      await claim.release()
      // What ended without a word, because nobody could be told, is left for the next poll.
      if (job.kept.current !== record && !claim.lost.aborted) this.#wakeSoon()
    })
  }

  #takeTurn(id: TorrentId, kind: SlotKind): boolean {
    if (this.#slots.kindOf(id) === kind) return true
    if (!this.#isStarted || this.#slots.free(kind) === 0) return false
    this.#slots.take(id, kind)
    this.#wakeSoon()
    return true
  }

  /** Where all turns are taken and somebody waits for one, he gets it. */
  async #giveTurn(id: TorrentId): Promise<boolean> {
    const kind = this.#slots.kindOf(id)
    if (kind === undefined || this.#slots.free(kind) > 0) return false
    const [next] = await this.#claimDue(statesOf[kind], 1)
    if (next === undefined) return false
    if (this.#isStarted) await this.#begin(next, kind)
    else await next.claim.release()
    return this.#isStarted
  }

  /** What has too much of a turn: a download waits again, the others wait in the state they have. */
  async #put(id: TorrentId): Promise<void> {
    await this.hold(id, async (kept) => {
      if (kept.current.state === 'downloading') await kept.change('queued')
    })
  }

  async #takeFromJob(id: TorrentId): Promise<KeptRecord | undefined> {
    const job = this.#jobs.get(id)
    if (job === undefined) return undefined
    this.#jobs.delete(id)
    await job.stop()
    if (!job.kept.claim.lost.aborted) return job.kept
    await job.kept.claim.release()
    return undefined
  }

  async #claim(id: TorrentId): Promise<KeptRecord | undefined> {
    const { imports } = this.#deps
    const claim = await imports.claim(id)
    if (claim === undefined) return undefined
    try {
      const record = await imports.findImport(id)
      if (record !== undefined) return this.#keep({ record, claim })
    } catch (error) {
      await claim.release()
      throw error
    }
    await claim.release()
    return undefined
  }

  #claimDue(states: readonly ImportRecord['state'][], limit: number): Promise<readonly ClaimedImport[]> {
    const nowMs = this.#deps.clock.now()
    return this.#deps.imports.claimDue({ states, limit, nowMs })
  }

  #keep({ record, claim }: ClaimedImport): KeptRecord {
    const { imports, clock, changed } = this.#deps
    return new KeptRecord({ imports, claim, now: () => clock.now(), changed }, record)
  }

  #wakeSoon(): void {
    if (this.#isStarted) void this.wake()
  }
}
