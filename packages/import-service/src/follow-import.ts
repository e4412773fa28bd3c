import type { AbortOptions, TorrentId } from '@bae/storage'
import { Bell } from './bell.js'
import type { FeedDeps } from './event-feed.js'
import type { ImportProgress } from './import-progress.js'
import { delay } from './service-clock.js'
import type { StatusFeed } from './status-feed.js'

export interface FollowDeps extends FeedDeps {
  readonly statuses: StatusFeed
  /** The import as it is now; undefined once it is removed. */
  readonly progressOf: (id: TorrentId) => Promise<ImportProgress | undefined>
}

/** At most four values a second. */
const leastMs = 250
const pollMs = 1_000

/** A value now, and one at each change, until nothing happens by itself any more or the import is removed. */
export async function* followImport(
  { statuses, changes, clock, closing, progressOf }: FollowDeps,
  id: TorrentId,
  { signal: stop }: AbortOptions,
): AsyncIterable<ImportProgress> {
  const signal = stop === undefined ? closing : AbortSignal.any([stop, closing])
  const bell = new Bell()
  const unlisten = [statuses.listen(id, () => bell.ring()), changes.listen(() => bell.ring())]
  let shown = ''
  try {
    for (;;) {
      signal.throwIfAborted()
      const since = bell.rings
      const progress = await progressOf(id)
      if (progress === undefined) return
      const text = JSON.stringify(progress)
      if (text !== shown) {
        shown = text
        yield progress
        if (isSettled(progress)) return
        await delay(clock, leastMs, signal)
      }
      await bell.wait({ clock, since, mostMs: pollMs, signal })
    }
  } finally {
    for (const each of unlisten) each()
  }
}

/** Only a user makes something happen. */
function isSettled({ state, pause, retryAtMs, error }: ImportProgress): boolean {
  // A torrent that failed is not recorded yet: then nobody knows whether it will be tried again.
  if (state === 'failed') return retryAtMs === null && error !== null
  if (state === 'paused') return pause === 'user'
  return ['choosingFiles', 'completed', 'seeding', 'cancelled'].includes(state)
}
