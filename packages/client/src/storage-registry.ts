import type {
  OpenStorageOptions,
  Storage,
  StorageFactory,
  TorrentId,
  TorrentLayout,
  TorrentMetadata,
} from '@bae/storage'
import { abortable } from './abortable.js'
import { ClientError } from './errors.js'

interface Entry {
  readonly opening: Promise<Storage>
  /** Ends an opening that nobody wants any more. */
  readonly abandon: (reason: () => ClientError) => void
  closing?: Promise<void>
  retained: number
}

/** The storage of each torrent: opened once however many ask, closed once after the last call. */
export class StorageRegistry {
  readonly #createStorage: StorageFactory
  readonly #closeLimitMs: number
  readonly #entries = new Map<TorrentId, Entry>()
  #closed = false

  constructor(deps: { readonly createStorage: StorageFactory }, options: { readonly closeLimitMs: number }) {
    this.#createStorage = deps.createStorage
    this.#closeLimitMs = options.closeLimitMs
  }

  /**
   * The torrent's storage, opened by the factory unless it is open or opening. The signal ends only this wait:
   * the opening itself is shared, and ended by `close`.
   */
  async open(
    torrentId: TorrentId,
    layout: TorrentLayout,
    metadata: TorrentMetadata,
    options: OpenStorageOptions = {},
  ): Promise<Storage> {
    if (this.#closed) {
      throw new ClientError('CLIENT_CLOSED', `torrent ${torrentId} came after the client was closed`)
    }
    const entry = this.#entries.get(torrentId)
    if (entry === undefined) {
      const { wantedFiles } = options
      const create = (signal: AbortSignal) =>
        this.#createStorage(torrentId, layout, metadata, { signal, ...(wantedFiles && { wantedFiles }) })
      return abortable(this.#add(torrentId, create), options.signal)
    }
    if (entry.closing === undefined) return abortable(entry.opening, options.signal)
    // Two storages of one torrent must not be open at once. A failure to close belongs to those who closed it.
    await abortable(Promise.allSettled([entry.closing]), options.signal)
    this.#forgetEntry(torrentId, entry)
    return this.open(torrentId, layout, metadata, options)
  }

  /** Takes a storage that the caller opened; from now on it is closed here. */
  register(torrentId: TorrentId, storage: Storage): void {
    if (this.#entries.has(torrentId)) {
      throw new ClientError('CLIENT_DUPLICATE_STORAGE', `torrent ${torrentId} has a storage already`)
    }
    void this.#add(torrentId, async () => storage)
  }

  /** Undefined when none is open or opening. */
  get(torrentId: TorrentId): Promise<Storage> | undefined {
    const entry = this.#entries.get(torrentId)
    return entry?.closing === undefined ? entry?.opening : undefined
  }

  /** Storages that are open, opening or closing. */
  get size(): number {
    return this.#entries.size
  }

  /** True from the first `open` until `forget`, also while it closes. */
  has(torrentId: TorrentId): boolean {
    return this.#entries.has(torrentId)
  }

  /** Until the returned function is called, `close` leaves this storage open: for a torrent that comes back at once. */
  retain(torrentId: TorrentId): () => void {
    const entry = this.#entries.get(torrentId)
    if (entry === undefined) return () => {}
    entry.retained++
    let held = true
    return () => {
      if (held) entry.retained--
      held = false
    }
  }

  /**
   * Closes or deletes, once: all who ask before `forget` get the same result. Settles at once when nothing is open.
   * Rejects CLIENT_CLOSE_TIMEOUT for a storage that does not settle in time.
   */
  close(torrentId: TorrentId, options: { readonly deleteData?: boolean } = {}): Promise<void> {
    const entry = this.#entries.get(torrentId)
    if (entry === undefined || (entry.retained > 0 && !this.#closed)) return Promise.resolve()
    entry.closing ??= this.#end(torrentId, entry, options.deleteData ?? false)
    return entry.closing
  }

  /** Drops what is known of a closed storage. */
  forget(torrentId: TorrentId): void {
    const entry = this.#entries.get(torrentId)
    if (entry?.closing !== undefined) this.#entries.delete(torrentId)
  }

  /** Closes every storage and opens no more. Rejects with all that went wrong, after all are closed. */
  async closeAll(): Promise<void> {
    this.#closed = true
    const closings = [...this.#entries.keys()].map((torrentId) => this.close(torrentId))
    const results = await Promise.allSettled(closings)
    this.#entries.clear()
    const errors = results.filter((result) => result.status === 'rejected').map((result) => result.reason)
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} storages did not close well`)
  }

  #add(torrentId: TorrentId, create: (signal: AbortSignal) => Promise<Storage>): Promise<Storage> {
    const aborter = new AbortController()
    const opening = new Promise<Storage>((resolve) => resolve(create(aborter.signal)))
    let isOpening = true
    const abandon = (reason: () => ClientError) => {
      // A storage that is open may still have the signal, and has calls to finish.
      if (isOpening) aborter.abort(reason())
    }
    const entry: Entry = { opening, abandon, retained: 0 }
    this.#entries.set(torrentId, entry)
    opening.then(
      () => {
        isOpening = false
      },
      // A storage that did not open is not kept: the next one to ask tries again.
      () => this.#forgetEntry(torrentId, entry),
    )
    return opening
  }

  async #end(torrentId: TorrentId, entry: Entry, deleteData: boolean): Promise<void> {
    entry.abandon(
      () => new ClientError('CLIENT_CLOSED', `torrent ${torrentId} was given up before its storage was open`),
    )
    const limit = AbortSignal.timeout(this.#closeLimitMs)
    try {
      await abortable(closeOpened(entry.opening, deleteData), limit)
    } catch (error) {
      if (error !== limit.reason) throw error
      const message = `the storage of torrent ${torrentId} did not close within ${this.#closeLimitMs} ms`
      throw new ClientError('CLIENT_CLOSE_TIMEOUT', message)
    }
  }

  #forgetEntry(torrentId: TorrentId, entry: Entry): void {
    if (this.#entries.get(torrentId) === entry) this.#entries.delete(torrentId)
  }
}

async function closeOpened(opening: Promise<Storage>, deleteData: boolean): Promise<void> {
  const [opened] = await Promise.allSettled([opening])
  if (opened.status === 'fulfilled') return deleteData ? opened.value.destroy() : opened.value.close()
  // Who opened it was told why. Nothing is open, so only the wish to delete is left unfulfilled.
  if (deleteData) throw opened.reason
}
