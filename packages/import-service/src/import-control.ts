import type { TorrentId } from '@bae/storage'
import { type AnswerDeps, answerWish } from './answer-wish.js'
import type { ImportWish } from './database/import-database.js'
import { wishText } from './database/wish-text.js'
import { ImportError } from './errors.js'
import type { ImportScheduler } from './import-scheduler.js'
import { delay, type ServiceClock } from './service-clock.js'

export interface ImportControlDeps extends AnswerDeps {
  readonly clock: ServiceClock
  readonly scheduler: ImportScheduler
  readonly closing: AbortSignal
}

/** How long another process has time to answer a wish, and how often it is looked whether it has. */
const wishWaitMs = 10_000
const lookMs = 250

/** Does what users ask of imports: here, or by way of the process that has them. */
export class ImportControl {
  readonly #deps: ImportControlDeps

  constructor(deps: ImportControlDeps) {
    this.#deps = deps
  }

  /** Rejects IMPORT_BUSY where another process has the import and does not answer; the wish stays with it. */
  async ask(id: TorrentId, wish: ImportWish): Promise<void> {
    const { clock, closing, imports, scheduler } = this.#deps
    const endMs = clock.now() + wishWaitMs
    let isLeft = false
    const answer = (kept: Parameters<typeof answerWish>[1]) => answerWish(this.#deps, kept, wish, { isLeft })
    while (!(await scheduler.hold(id, answer))) {
      closing.throwIfAborted()
      if (!isLeft) {
        // What is not there any more has no wishes.
        if (!(await imports.wish(id, wish))) return
        isLeft = true
      } else if (wishText((await imports.findImport(id))?.wish) !== wishText(wish)) {
        return
      }
      if (clock.now() >= endMs) {
        throw new ImportError('IMPORT_BUSY', `another process has import ${id}, and did not answer in time`)
      }
      await delay(clock, lookMs, closing)
    }
  }

  /** Answers what another process left with an import that runs here. What cannot be done is no longer wished. */
  async answer(id: TorrentId, wish: ImportWish): Promise<void> {
    await this.#deps.scheduler.hold(id, async (kept) => {
      try {
        await answerWish(this.#deps, kept, wish, { isLeft: true })
      } catch (error) {
        await kept.note({}, { answered: wish })
        throw error
      }
    })
  }
}
