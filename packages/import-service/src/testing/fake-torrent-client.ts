import { EventEmitter, once } from 'node:events'
import type { AddTorrentOptions, TorrentSource } from '@bae/client'
import type { TorrentId, TorrentLayout } from '@bae/storage'
import type { StatusUpdate, TorrentClientLike } from '../torrent-client-like.js'
import { createTorrentId } from '../torrent-id.js'
import type { FakeLibrary } from './fake-library.js'
import { FakeTorrent } from './fake-torrent.js'

interface FakeTorrentClientEvents {
  statusUpdated: [StatusUpdate]
  torrentAdded: [FakeTorrent]
}

/** A client without a session: time and order belong to the test, which drives its torrents. */
export class FakeTorrentClient extends EventEmitter<FakeTorrentClientEvents> implements TorrentClientLike {
  readonly #library: FakeLibrary
  readonly #torrents = new Map<TorrentId, FakeTorrent>()
  /** Where it is set, `add` rejects with it. */
  addFailure: Error | undefined
  /** What a torrent is about that says so itself: its metadata is there when it is added. A test delivers it otherwise. */
  layoutOf: (source: TorrentSource) => TorrentLayout | undefined = () => undefined
  /** Every torrent that was ever added. */
  readonly added: FakeTorrent[] = []
  isClosed = false

  constructor(library: FakeLibrary) {
    super()
    this.#library = library
  }

  async add(source: TorrentSource, options: AddTorrentOptions = {}): Promise<FakeTorrent> {
    options.signal?.throwIfAborted()
    if (this.addFailure !== undefined) throw this.addFailure
    const id = options.id ?? createTorrentId()
    const torrent = new FakeTorrent(
      {
        library: this.#library,
        statusChanged: (status) => this.emit('statusUpdated', { statuses: new Map([[id, status]]) }),
      },
      { id, source, options },
    )
    this.#torrents.set(id, torrent)
    this.added.push(torrent)
    const layout = this.layoutOf(source)
    if (layout !== undefined) await torrent.deliverMetadata(layout)
    this.emit('torrentAdded', torrent)
    return torrent
  }

  /** The next torrent that is added. */
  async whenAdded(): Promise<FakeTorrent> {
    const [torrent] = (await once(this, 'torrentAdded')) as [FakeTorrent]
    return torrent
  }

  get(id: TorrentId): FakeTorrent | undefined {
    return this.#torrents.get(id)
  }

  async remove(id: TorrentId): Promise<void> {
    this.#torrents.get(id)?.end(removed(id))
    this.#torrents.delete(id)
  }

  async close(): Promise<void> {
    for (const id of this.#torrents.keys()) await this.remove(id)
    this.isClosed = true
  }
}

function removed(id: TorrentId): Error {
  const error = Object.assign(new Error(`torrent ${id} was removed`), { code: 'CLIENT_TORRENT_REMOVED' })
  return Object.defineProperty(error, Symbol.for('bae.error'), { value: true })
}
