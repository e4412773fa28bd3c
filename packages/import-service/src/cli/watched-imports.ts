import type { ControlClient } from '../control/control-client.js'
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
  readonly peers: number
  /** Why it is paused. */
  readonly pause: string | null
  /** When it is tried again, after what went wrong. */
  readonly retryAtMs: number | null
  readonly error: { readonly code: string; readonly message: string } | null
}

export type WatchedService = Pick<ControlClient, 'running' | 'get'>

/** Of those that were seen to end. */
const keptEnded = 20
/** What runs in a service, and what of it has ended since; or imports that are named, whatever they do. */
export class WatchedImports {
  readonly #service: WatchedService
  readonly #shortIds = new Map<string, string>()
  #ended: readonly WatchedImport[] = []
  #running = new Map<string, WatchedImport>()

  constructor(service: WatchedService) {
    this.#service = service
  }

  /** All that runs, then what has ended, the newest last. */
  async look(signal: AbortSignal): Promise<readonly WatchedImport[]> {
    const now = new Map<string, WatchedImport>()
    for (const progress of await this.#service.running({ signal })) {
      const shortId = this.#shortIds.get(progress.id) ?? (await this.#learn(progress.id)).shortId
      now.set(progress.id, watchedOf(progress, shortId))
    }
    const gone = [...this.#running.keys()].filter((id) => !now.has(id))
    const ended = await Promise.all(gone.map((id) => this.#learn(id)))
    this.#running = now
    this.#ended = [...this.#ended, ...ended].filter(({ id }) => !now.has(id)).slice(-keptEnded)
    return [...now.values(), ...this.#ended]
  }

  /** These alone, in this order. */
  async lookAt(ids: readonly string[], signal: AbortSignal): Promise<readonly WatchedImport[]> {
    const running = new Map(
      (await this.#service.running({ signal })).map((progress) => [progress.id, progress]),
    )
    return await Promise.all(
      ids.map(async (id) => {
        const progress = running.get(id as ImportProgress['id'])
        const shortId = this.#shortIds.get(id)
        return progress !== undefined && shortId !== undefined
          ? watchedOf(progress, shortId)
          : await this.#learn(id)
      }),
    )
  }

  /** One that is over, or was removed while it was looked at, is told as it was recorded. */
  async #learn(id: string): Promise<WatchedImport> {
    const snapshot = await this.#service.get(id)
    const shortId = shortIdOf(snapshot)
    this.#shortIds.set(snapshot.id, shortId)
    return endedOf(snapshot, shortId)
  }
}

/** Whether it is over, or waits for its user: nothing happens by itself. */
export function isSettled({ state, pause, retryAtMs }: WatchedImport): boolean {
  if (state === 'paused') return pause === 'user'
  if (state === 'failed') return retryAtMs === null
  return state === 'completed' || state === 'seeding' || state === 'cancelled'
}

function watchedOf(progress: ImportProgress, shortId: string): WatchedImport {
  const { uploadBytesPerSecond: _, ...watched } = progress
  return { shortId, ...watched }
}

function endedOf(snapshot: ImportSnapshot, shortId: string): WatchedImport {
  const { id, name, state, pause, retry, error } = snapshot
  const { pieces, totalPieces, bytes, totalBytes } = snapshot.selected ?? snapshot
  return {
    ...{ id, shortId, name, state, pieces, totalPieces, bytes, totalBytes, pause, error },
    retryAtMs: retry?.atMs ?? null,
    downloadBytesPerSecond: 0,
    peers: 0,
  }
}
