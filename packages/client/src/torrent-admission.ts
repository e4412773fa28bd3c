import type { AbortOptions, TorrentId } from '@bae/storage'
import { abortable } from './abortable.js'
import { ClientError, hasErrorCode } from './errors.js'
import type { HeldTorrent } from './held-torrent.js'
import type { Logger } from './logger.js'
import type { StorageRegistry } from './storage-registry.js'

export interface TorrentAdmissionDeps {
  readonly registry: StorageRegistry
  readonly logger: Logger
}

/** Takes torrents into the session and out of it. Callers run these in the torrent's own queue. */
export class TorrentAdmission {
  readonly #deps: TorrentAdmissionDeps
  readonly #readmissions = new Set<TorrentId>()

  constructor(deps: TorrentAdmissionDeps) {
    this.#deps = deps
  }

  /** Opens the storage where the metadata is known, then adds the torrent. A failure leaves nothing open. */
  async admit(torrent: HeldTorrent, options: AbortOptions = {}): Promise<void> {
    try {
      await this.#enter(torrent, options)
    } catch (error) {
      await this.undo(torrent)
      throw fromNative(error, torrent.id)
    }
  }

  /** Takes the torrent out, and closes or deletes its storage. */
  async dismiss(torrent: HeldTorrent, options: { readonly deleteData: boolean }): Promise<void> {
    const { registry } = this.#deps
    try {
      await this.#leave(torrent, options)
      // What could not be opened before must be opened now, as only the storage can delete.
      const { contents } = torrent.progress
      const isOwn = torrent.kind === 'own'
      if (isOwn && options.deleteData && contents !== undefined && !registry.has(torrent.id)) {
        await registry.open(torrent.id, contents.layout, contents.metadata)
      }
    } finally {
      await this.#close(torrent, options.deleteData)
    }
  }

  /**
   * Takes the torrent out and in again with the pieces that its storage still has, as libtorrent 2.0 cannot be told
   * that a piece is gone. The storage stays open. A failure becomes the torrent's.
   */
  readmit(torrent: HeldTorrent): void {
    if (this.#readmissions.has(torrent.id)) return
    this.#readmissions.add(torrent.id)
    const readmission = torrent.operations.run(() => {
      this.#readmissions.delete(torrent.id)
      return torrent.progress.ended === undefined ? this.#reenter(torrent) : Promise.resolve()
    })
    readmission.catch((cause: unknown) => {
      const message = `torrent ${torrent.id} could not be added again`
      torrent.fail(new ClientError('CLIENT_TORRENT_FAILED', message, { cause }))
    })
  }

  /** After a failure that the caller is told of; what fails here on top of it is only logged. */
  async undo(torrent: HeldTorrent): Promise<void> {
    try {
      await this.#leave(torrent, { deleteData: false })
    } catch (error) {
      this.#deps.logger.warn({ error, torrentId: torrent.id }, 'a torrent that failed could not be taken out')
    }
    try {
      await this.#close(torrent, false)
    } catch (error) {
      this.#deps.logger.warn(
        { error, torrentId: torrent.id },
        'the storage of a torrent that failed did not close well',
      )
    }
  }

  async #reenter(torrent: HeldTorrent): Promise<void> {
    const release = this.#deps.registry.retain(torrent.id)
    try {
      await this.#leave(torrent, { deleteData: false })
      torrent.progress.recover()
      await this.#enter(torrent, {})
    } catch (error) {
      release()
      await this.undo(torrent)
      throw error
    } finally {
      release()
    }
  }

  async #enter(torrent: HeldTorrent, options: AbortOptions): Promise<void> {
    const { lifetime } = torrent
    const signal = options.signal === undefined ? lifetime : AbortSignal.any([lifetime, options.signal])
    const havePieces = await this.#openStorage(torrent, signal)
    signal.throwIfAborted()
    const request = torrent.addRequest(havePieces)
    const handle = await torrent.session.native.addTorrent(request)
    torrent.attach(handle, request)
    signal.throwIfAborted()
  }

  /** The pieces that the storage has; undefined where the metadata has yet to come, or libtorrent keeps the files. */
  async #openStorage(torrent: HeldTorrent, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { contents } = torrent.progress
    if (contents === undefined || torrent.kind === 'files') return undefined
    const { registry } = this.#deps
    const storage = await registry.open(torrent.id, contents.layout, contents.metadata, {
      ...torrent.wishes.files.wantedOf(contents.layout),
      signal,
    })
    const havePieces = await abortable(storage.completedPieces(), signal)
    torrent.openStorage(storage, contents, havePieces)
    return havePieces
  }

  async #leave(torrent: HeldTorrent, options: { readonly deleteData: boolean }): Promise<void> {
    const handle = torrent.detach()
    if (handle === undefined) return
    await torrent.session.native.removeTorrent(handle, options)
  }

  async #close(torrent: HeldTorrent, deleteData: boolean): Promise<void> {
    const { registry } = this.#deps
    try {
      await registry.close(torrent.id, { deleteData })
    } finally {
      registry.forget(torrent.id)
    }
  }
}

function fromNative(error: unknown, torrentId: TorrentId): unknown {
  if (hasErrorCode(error, 'NATIVE_INVALID_TORRENT')) {
    return new ClientError('CLIENT_INVALID_SOURCE', `libtorrent refused torrent ${torrentId}`, {
      cause: error,
    })
  }
  if (hasErrorCode(error, 'NATIVE_DUPLICATE_TORRENT')) {
    return new ClientError(
      'CLIENT_DUPLICATE_TORRENT',
      `the session has torrent ${torrentId} under another id`,
      {
        cause: error,
      },
    )
  }
  if (hasErrorCode(error, 'NATIVE_SESSION_CLOSED')) {
    return new ClientError('CLIENT_CLOSED', `the client was closed before torrent ${torrentId} was added`, {
      cause: error,
    })
  }
  return error
}
