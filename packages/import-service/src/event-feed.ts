import type { AbortOptions } from '@bae/storage'
import type { Bell } from './bell.js'
import type { ImportDatabase } from './database/import-database.js'
import type { ImportEvent } from './database/import-event.js'
import type { ServiceClock } from './service-clock.js'

export interface FeedDeps {
  readonly imports: ImportDatabase
  readonly clock: ServiceClock
  /** Rings at each change that this process makes. */
  readonly changes: Bell
  /** Aborts when the service closes. */
  readonly closing: AbortSignal
}

export interface EventOptions extends AbortOptions {
  /** The last event that is known already; from the oldest that is kept when left out. */
  readonly after?: number
  /** Goes on with what comes, until it is aborted. */
  readonly follow?: boolean
}

const readTogether = 1_000
const pollMs = 1_000

/**
 * The log of changes, in order. Numbers are without a gap: where the first is more than one above `after`, those between
 * are no longer kept. In a library whose records were made anew it begins from the oldest again.
 */
export async function* eventFeed(
  { imports, clock, changes, closing }: FeedDeps,
  { after = 0, follow = false, signal: stop }: EventOptions,
): AsyncIterable<ImportEvent> {
  const signal = stop === undefined ? closing : AbortSignal.any([stop, closing])
  let seen = after
  for (;;) {
    signal.throwIfAborted()
    const since = changes.rings
    const { events, lastSeq } = await imports.readEvents({ after: seen, limit: readTogether })
    for (const event of events) {
      yield event
      seen = event.seq
    }
    if (lastSeq < seen) seen = 0
    else if (seen < lastSeq) continue
    else if (!follow) return
    else await changes.wait({ clock, since, mostMs: pollMs, signal })
  }
}
