import type { PeerAddress } from '@bae/client'
import type { AbortOptions, TorrentId, TorrentLayout } from '@bae/storage'
import type { Claim, ImportDatabase, ImportRecord } from './database/import-database.js'
import { isBaeError } from './errors.js'
import type { FileChoice } from './file-choice.js'
import { describeProgress, type ImportProgress } from './import-progress.js'
import { countPieces, describeImport, type ImportSnapshot } from './import-snapshot.js'
import type { ImportSource } from './import-source.js'
import type { LibraryLike } from './library-like.js'
import type { StatusUpdate, TorrentClientLike, TorrentLike } from './torrent-client-like.js'
import { TransferClock } from './transfer-clock.js'

export interface ImportJobDeps {
  readonly client: TorrentClientLike
  readonly imports: ImportDatabase
  readonly library: LibraryLike
  /** Held until the job has ended. */
  readonly claim: Claim
  readonly now: () => number
  /**
   * Torrents with more bytes than that are fetched in the order of their pieces: the library cannot hold as many
   * unfinished parts as another order may make. Smaller ones stay local until they are whole. Unset: none of both.
   */
  readonly inOrderAboveBytes?: number | undefined
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

/** Runs one import from `client.add` to its last record. Aborting the signal stops it and keeps what is stored. */
export class ImportJob implements Import {
  readonly wasCompleted = false
  readonly #deps: ImportJobDeps
  readonly #stop: AbortSignal | undefined
  readonly #choice: FileChoice | undefined
  /** Ends the wait for the torrent: the caller's signal, a full disk or a lost claim. */
  readonly #interrupt = new AbortController()
  readonly #clock = new TransferClock()
  readonly #completion: Promise<ImportSnapshot>
  #record: ImportRecord
  #torrent: TorrentLike | undefined
  #outcome: ImportOutcome | undefined
  #cleanupError: unknown

  constructor(
    deps: ImportJobDeps,
    record: ImportRecord,
    source: ImportSource,
    options: ImportJobOptions = {},
  ) {
    this.#deps = deps
    this.#record = record
    this.#stop = options.signal
    this.#choice = options.choice
    this.#completion = this.#run(source, options.peers ?? [])
    // Whoever calls whenCompleted() sees the failure; before that it must not end the process.
    this.#completion.catch(() => {})
  }

  get id(): TorrentId {
    return this.#record.id
  }

  get progress(): ImportProgress {
    return describeProgress(this.#record, this.#torrent)
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

  async #run(source: ImportSource, peers: readonly PeerAddress[]): Promise<ImportSnapshot> {
    const unwatch = this.#watch()
    try {
      await this.#transfer(source, peers)
      const snapshot = await this.#complete()
      this.#outcome = 'completed'
      return snapshot
    } catch (error) {
      const failure = failureBehind(error)
      await this.#putAway(failure)
      throw failure
    } finally {
      unwatch()
      await this.#deps.claim.release()
    }
  }

  async #transfer(source: ImportSource, peers: readonly PeerAddress[]): Promise<void> {
    const { signal } = this.#interrupt
    signal.throwIfAborted()
    const { client, inOrderAboveBytes = Number.POSITIVE_INFINITY, library } = this.#deps
    const sequential = inOrderAboveBytes < Number.POSITIVE_INFINITY
    const files = this.#record.selectedFiles ?? this.#choice?.selector
    const wanted = files === undefined ? {} : { files }
    const torrent = await client.add(source.torrent, { id: this.id, peers, signal, sequential, ...wanted })
    this.#torrent = torrent
    this.#observe(torrent)
    torrent.on('pieceCompleted', () => this.#clock.note(performance.now()))
    const layout = await torrent.whenMetadata({ signal })
    const selectedFiles = this.#choice ? this.#choose(torrent, layout, peers) : this.#record.selectedFiles
    await this.#noteLayout(layout, selectedFiles)
    if (sequential && layout.totalLengthBytes <= inOrderAboveBytes) {
      torrent.setSequential(false)
      // Of a magnet link the records may not be there yet: then nothing is kept, as nothing has to be.
      await library.pin(this.id, 'download')
    }
    await torrent.whenFinished({ signal })
    this.#observe(torrent)
    await this.#deps.client.remove(this.id)
  }

  /** Every reason to end early goes through one signal. Returns what undoes it. */
  #watch(): () => void {
    const interrupt = (reason: unknown): void => this.#interrupt.abort(reason)
    const stop = (): void => interrupt(this.#stop?.reason)
    const lost = ({ target }: Event): void => interrupt((target as AbortSignal).reason)
    const look = ({ statuses }: StatusUpdate): void => {
      const status = statuses.get(this.id)
      if (status !== undefined) this.#clock.observe(status.downloadedBytes, performance.now())
      if (status?.error !== undefined) interrupt(status.error)
    }
    if (this.#stop?.aborted) stop()
    this.#stop?.addEventListener('abort', stop, { once: true })
    if (this.#deps.claim.lost.aborted) interrupt(this.#deps.claim.lost.reason)
    this.#deps.claim.lost.addEventListener('abort', lost, { once: true })
    this.#deps.client.on('statusUpdated', look)
    return () => {
      this.#stop?.removeEventListener('abort', stop)
      this.#deps.claim.lost.removeEventListener('abort', lost)
      this.#deps.client.off('statusUpdated', look)
    }
  }

  #observe(torrent: TorrentLike): void {
    this.#clock.observe(torrent.status.downloadedBytes, performance.now())
  }

  /** The client chose by the torrent's own names; where these are not the ones that users see it is set right. */
  #choose(
    torrent: TorrentLike,
    layout: TorrentLayout,
    peers: readonly PeerAddress[],
  ): readonly number[] | undefined {
    const selected = this.#choice?.resolve(layout)
    if (selected === undefined) return undefined
    const had = new Set(this.#choice?.resolveByOwnNames(layout))
    if (selected.every((index) => had.has(index)) && had.size === selected.length) return selected
    torrent.deselect('**')
    torrent.select(selected)
    // Who had nothing of what seemed to be wanted was hung up on.
    for (const peer of peers) torrent.connectPeer(peer)
    return selected
  }

  /** A magnet link may know one hash of two, and no name. */
  async #noteLayout(layout: TorrentLayout, selectedFiles: readonly number[] | undefined): Promise<void> {
    const { name, infoHashV1, infoHashV2 } = this.#record
    const isKnown =
      name === layout.name && infoHashV1 === layout.infoHashV1 && infoHashV2 === layout.infoHashV2
    if (isKnown && selectedFiles === this.#record.selectedFiles) return
    await this.#save({
      ...this.#record,
      name: layout.name,
      ...(selectedFiles && { selectedFiles }),
      ...(layout.infoHashV1 === undefined ? {} : { infoHashV1: layout.infoHashV1 }),
      ...(layout.infoHashV2 === undefined ? {} : { infoHashV2: layout.infoHashV2 }),
    })
  }

  async #complete(): Promise<ImportSnapshot> {
    await this.#letGo()
    await this.#save({ ...this.#withTransferTime(), state: 'completed', completedAtMs: this.#deps.now() })
    return describeImport(this.#record, await this.#deps.library.findTorrent(this.id))
  }

  /** Leaves the library as the next run of the same import wants to find it. Never rejects: see cleanupError. */
  async #putAway(reason: unknown): Promise<void> {
    try {
      if (this.#deps.client.get(this.id) !== undefined) await this.#deps.client.remove(this.id)
      if (this.#deps.claim.lost.aborted) {
        this.#outcome = 'kept'
      } else {
        this.#outcome = (await this.#isEmpty()) ? await this.#forget() : await this.#keep(reason)
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

  async #forget(): Promise<ImportOutcome> {
    await this.#deps.library.removeTorrent(this.id)
    await this.#deps.imports.deleteImport(this.id, { claim: this.#deps.claim })
    return 'removed'
  }

  /** A process that died before this leaves the pin to whoever runs or removes the import, or collects garbage. */
  async #letGo(): Promise<void> {
    if (this.#deps.inOrderAboveBytes !== undefined) await this.#deps.library.unpin(this.id, 'download')
  }

  async #keep(reason: unknown): Promise<ImportOutcome> {
    await this.#letGo()
    const record = this.#withTransferTime()
    const stopped = this.#stop?.aborted === true && reason === this.#stop.reason
    await this.#save(
      stopped || !isBaeError(reason) ? record : { ...record, state: 'failed', error: describe(reason) },
    )
    return 'kept'
  }

  #withTransferTime(): ImportRecord {
    return { ...this.#record, transferSeconds: (this.#record.transferSeconds ?? 0) + this.#clock.seconds }
  }

  async #save(record: ImportRecord): Promise<void> {
    await this.#deps.imports.saveImport(record, { claim: this.#deps.claim })
    this.#record = record
  }
}

/** The client says that a torrent failed; users want to know of what. */
function failureBehind(error: unknown): unknown {
  if (!isBaeError(error) || !isBaeError(error.cause)) return error
  const wraps = /^(CLIENT|NATIVE)_/.test(error.code) || error.cause.code === error.code
  return wraps ? failureBehind(error.cause) : error
}

function describe(error: Error & { readonly code: string }): { code: string; message: string } {
  return { code: error.code, message: error.message }
}
