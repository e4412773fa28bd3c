import type { NetworkOptions, Torrent } from '@bae/client'
import { LoopbackClient, whenReadyForPeers } from './loopback-client.js'
import { LibtorrentSeed } from './peers/libtorrent-seed.js'
import type { TorrentFile } from './torrent-maker.js'

/** Our client as a seed: what it gives, it has found in its library. */
export class SeedingLibrary implements AsyncDisposable {
  readonly #ours: LoopbackClient
  readonly #torrents: readonly TorrentFile[]
  readonly #ids = new Map<TorrentFile, Torrent['id']>()

  private constructor(ours: LoopbackClient, torrents: readonly TorrentFile[]) {
    this.#ours = ours
    this.#torrents = torrents
  }

  /** Fetches all of them once from libtorrent's python module. */
  static async fill(torrents: readonly TorrentFile[]): Promise<SeedingLibrary> {
    const library = new SeedingLibrary(await LoopbackClient.open(), torrents)
    await using seed = await LibtorrentSeed.start(torrents)
    for (const torrent of torrents) {
      const fetched = await library.#ours.add(torrent, { from: [seed.address] })
      library.#ids.set(torrent, fetched.id)
      await fetched.whenFinished({ signal: AbortSignal.timeout(60_000) })
    }
    await library.reopen()
    return library
  }

  /** HOST:PORT. */
  get address(): string {
    return this.#ours.address
  }

  torrent(file: TorrentFile): Torrent {
    const id = this.#ids.get(file)
    const torrent = id && this.#ours.client.get(id)
    if (torrent === undefined) throw new Error(`${file.path} is not in the library`)
    return torrent
  }

  /** As after a restart: a new client finds everything there. */
  async reopen(network: NetworkOptions = {}): Promise<void> {
    await this.#ours.reopen(network)
    for (const file of this.#torrents) {
      const id = this.#ids.get(file)
      await whenReadyForPeers(await this.#ours.add(file, id === undefined ? {} : { id }))
    }
  }

  async close(): Promise<void> {
    await this.#ours.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
