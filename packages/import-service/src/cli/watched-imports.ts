import type { ControlClient } from '../control/control-client.js'
import { isBaeError } from '../errors.js'
import type { ImportProgress } from '../import-progress.js'
import type { ImportSnapshot } from '../import-snapshot.js'
import { shortIdOf } from './short-id.js'

/** One import as it is watched. */
export interface WatchedImport {
  readonly id: string
  /** What commands take. */
  readonly shortId: string
  readonly name: string | null
  readonly state: string
  readonly pieces: number
  readonly totalPieces: number | null
  readonly bytes: number
  readonly totalBytes: number | null
  readonly downloadBytesPerSecond: number
  readonly uploadBytesPerSecond: number
  readonly peers: number
  /** Why it is paused. */
  readonly pause: string | null
  /** When it is tried again, after what went wrong. */
  readonly retryAtMs: number | null
  readonly error: { readonly code: string; readonly message: string } | null
}

export type WatchedService = Pick<ControlClient, 'running' | 'waiting' | 'get'>

/** Of those that were seen to end. */
const keptEnded = 20
/** To count those that wait the service reads all records: only at every so many looks. */
const looksACount = 10

/** What runs in a service, and what of it has ended since; or imports that are named, whatever they do. */
export class WatchedImports {
  readonly #service: WatchedService
  /** As they were seen last. */
  #running = new Map<string, WatchedImport>()
  #ended: readonly WatchedImport[] = []
  #looks = 0
  #waiting = 0

  constructor(service: WatchedService) {
    this.#service = service
  }

  /** How many more go on by themselves, as of a few looks ago. */
  get waiting(): number {
    return this.#waiting
  }

  /** All that runs, then what has ended, the newest last. */
  async look(signal: AbortSignal): Promise<readonly WatchedImport[]> {
    if (this.#looks % looksACount === 0) this.#waiting = await this.#service.waiting({ signal })
    this.#looks += 1
    const before = this.#running
    const now = await this.#lookAtRunning(signal)
    const gone = [...before.keys()].filter((id) => !now.has(id))
    const ended = await Promise.all(gone.map((id) => this.#learn(id, before.get(id))))
    this.#ended = [...this.#ended, ...ended].filter(({ id }) => !now.has(id)).slice(-keptEnded)
    return [...now.values(), ...this.#ended]
  }

  /** These alone, in this order. */
  async lookAt(ids: readonly string[], signal: AbortSignal): Promise<readonly WatchedImport[]> {
    const before = new Map(this.#running)
    const now = await this.#lookAtRunning(signal)
    const watched = await Promise.all(ids.map(async (id) => now.get(id) ?? this.#learn(id, before.get(id))))
    for (const each of watched) this.#running.set(each.id, each)
    return watched
  }

  async #lookAtRunning(signal: AbortSignal): Promise<Map<string, WatchedImport>> {
    const now = new Map<string, WatchedImport>()
    for (const progress of await this.#service.running({ signal })) {
      const { shortId } = this.#running.get(progress.id) ?? (await this.#learn(progress.id))
      now.set(progress.id, watchedOf(progress, shortId))
    }
    this.#running = now
    return now
  }

  /** As it is recorded. One that was seen before and is no longer there was removed. */
  async #learn(id: string, last?: WatchedImport): Promise<WatchedImport> {
    try {
      return recordedOf(await this.#service.get(id))
    } catch (error) {
      if (!isBaeError(error, 'IMPORT_NOT_FOUND')) throw error
      return {
        ...(last ?? { ...nothing, id, shortId: id }),
        ...still,
        state: 'removed',
      }
    }
  }
}

const still = { downloadBytesPerSecond: 0, uploadBytesPerSecond: 0, peers: 0 }

const nothing = {
  ...{ name: null, pieces: 0, totalPieces: null, bytes: 0, totalBytes: null },
  ...{ pause: null, retryAtMs: null, error: null },
}

/** Whether it is over, or waits for its user: nothing happens by itself. */
export function isSettled({
  state,
  pause,
  retryAtMs,
}: Pick<WatchedImport, 'state' | 'pause' | 'retryAtMs'>): boolean {
  if (state === 'paused') return pause === 'user'
  if (state === 'failed') return retryAtMs === null
  return ['choosingFiles', 'completed', 'seeding', 'cancelled', 'removed'].includes(state)
}

function watchedOf(progress: ImportProgress, shortId: string): WatchedImport {
  const { state, peers, downloadBytesPerSecond, uploadBytesPerSecond } = progress
  return {
    shortId,
    ...progress,
    // The rates of libtorrent are means: they go on for a minute after the last byte, and with them a time left of days.
    downloadBytesPerSecond: state === 'downloading' && peers > 0 ? downloadBytesPerSecond : 0,
    uploadBytesPerSecond: peers > 0 ? uploadBytesPerSecond : 0,
  }
}

function recordedOf(snapshot: ImportSnapshot): WatchedImport {
  const shortId = shortIdOf(snapshot)
  const { id, name, state, pause, retry, error } = snapshot
  const { pieces, totalPieces, bytes, totalBytes } = snapshot.selected ?? snapshot
  return {
    ...{ id, shortId, name, state, pieces, totalPieces, bytes, totalBytes, pause, error },
    retryAtMs: retry?.atMs ?? null,
    ...still,
  }
}
