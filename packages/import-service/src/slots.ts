import type { TorrentId } from '@bae/storage'
import { dueAtMs, type ImportRecord } from './database/import-database.js'
import type { ImportState } from './database/import-state.js'
import type { ServiceLimits } from './service-limits.js'

/** What a running import counts as. */
export type SlotKind = 'metadata' | 'download' | 'seed'

export const slotKinds: readonly SlotKind[] = ['download', 'metadata', 'seed']

/** In which states an import waits for a turn of each kind, or had one when its process ended. */
export const statesOf: { readonly [kind in SlotKind]: readonly ImportState[] } = {
  download: ['downloading', 'verifying', 'queued'],
  metadata: ['fetchingMetadata'],
  seed: ['seeding'],
}

/** What has to be looked at before it waits for a turn again. */
export const revivedStates: readonly ImportState[] = ['failed', 'paused']

const unfinishedStates = new Set([...statesOf.download, ...statesOf.metadata, ...revivedStates])

/** Whether it is still to be fetched, and needs no user for that. */
export function isToCome(record: ImportRecord): boolean {
  return unfinishedStates.has(record.state) && dueAtMs(record) !== undefined
}

/** Who has a turn of which kind, and how many more may have one. */
export class Slots {
  readonly #taken = new Map<TorrentId, SlotKind>()
  limits: ServiceLimits

  constructor(limits: ServiceLimits) {
    this.limits = limits
  }

  free(kind: SlotKind): number {
    return Math.max(0, this.#limit(kind) - this.#holders(kind).length)
  }

  /** Also beyond the limit: whoever has an import on hand asks `free` first. */
  take(id: TorrentId, kind: SlotKind): void {
    this.#taken.set(id, kind)
  }

  kindOf(id: TorrentId): SlotKind | undefined {
    return this.#taken.get(id)
  }

  giveBack(id: TorrentId): void {
    this.#taken.delete(id)
  }

  /** Those that came last and are too many now. */
  surplus(kind: SlotKind): readonly TorrentId[] {
    return this.#holders(kind).slice(this.#limit(kind))
  }

  #holders(kind: SlotKind): readonly TorrentId[] {
    return [...this.#taken].filter(([, taken]) => taken === kind).map(([id]) => id)
  }

  #limit(kind: SlotKind): number {
    const { activeDownloads, activeSeeds, metadataFetches } = this.limits
    return { download: activeDownloads, seed: activeSeeds, metadata: metadataFetches }[kind]
  }
}
