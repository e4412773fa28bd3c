import { readFile } from 'node:fs/promises'
import { type AddTorrentOptions, type NetworkOptions, type Torrent, TorrentClient } from '@bae/client'
import { createStorageFactory, DirectoryChunkStore, MemoryDatabase } from '@bae/storage'
import { poll } from './bounded-wait.js'
import { makeTemporaryFolder, removeFolder } from './temporary-folder.js'
import type { TorrentFile } from './torrent-maker.js'

/** Nothing outside of this machine is asked for peers. */
export const loopback = {
  listenInterfaces: '127.0.0.1:0',
  enableDht: false,
  enableLsd: false,
  enableUpnp: false,
  enableNatPmp: false,
  enableIncomingUtp: false,
  statusIntervalMs: 20,
  settings: { allow_multiple_connections_per_ip: true },
} satisfies NetworkOptions & { statusIntervalMs: number }

/** Our client on 127.0.0.1, with BaeStorage on a folder of chunks behind each torrent. */
export class LoopbackClient implements AsyncDisposable {
  readonly #folder: string
  readonly #chunkStore: DirectoryChunkStore
  readonly #database: MemoryDatabase
  #client: TorrentClient

  private constructor(folder: string, chunkStore: DirectoryChunkStore, network: NetworkOptions) {
    this.#folder = folder
    this.#chunkStore = chunkStore
    this.#database = new MemoryDatabase()
    this.#client = this.#create(network)
  }

  static async open(network: NetworkOptions = {}): Promise<LoopbackClient> {
    const folder = await makeTemporaryFolder()
    const self = new LoopbackClient(folder, await DirectoryChunkStore.open(folder), network)
    await self.#client.start()
    return self
  }

  get client(): TorrentClient {
    return this.#client
  }

  /** HOST:PORT. */
  get address(): string {
    return `127.0.0.1:${this.#client.listenPort}`
  }

  async add(
    torrent: TorrentFile,
    options: AddTorrentOptions & { from?: readonly string[] } = {},
  ): Promise<Torrent> {
    const { from = [], ...rest } = options
    const peers = from.map(peerAddress)
    return this.#client.add({ torrentFile: await readFile(torrent.path) }, { peers, ...rest })
  }

  /** What libtorrent says when its connection to this peer ends. */
  whenDisconnected(address: string): Promise<string> {
    return new Promise((resolve) => {
      this.#client.on('alertReceived', ({ alert }) => {
        if (alert.type === 'peerDisconnected' && alert.peer === address) resolve(alert.message)
      })
    })
  }

  /** One of libtorrent's counts, by its own name. */
  async count(name: string): Promise<number> {
    const { sessions } = await this.#client.statistics()
    return sessions.reduce((total, { counts }) => total + (counts[name] ?? 0), 0)
  }

  /** A new client with another network on the same library, as after a restart. */
  async reopen(network: NetworkOptions = {}): Promise<void> {
    await this.#client.close()
    this.#client = this.#create(network)
    await this.#client.start()
  }

  async close(): Promise<void> {
    await this.#client.close()
    await this.#chunkStore.close()
    await removeFolder(this.#folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #create(network: NetworkOptions): TorrentClient {
    const createStorage = createStorageFactory({ chunkStore: this.#chunkStore, database: this.#database })
    const settings = { ...loopback.settings, ...network.settings }
    return new TorrentClient({ createStorage }, { ...loopback, ...network, settings })
  }
}

/** Until it knows what it has it hangs up on whoever comes, who then comes again a minute later. */
export async function whenReadyForPeers(torrent: Torrent): Promise<void> {
  await poll(60_000, `torrent ${torrent.id} ready for peers`, () =>
    ['opening', 'checking'].includes(torrent.status.state) ? undefined : true,
  )
}

export function peerAddress(address: string): { readonly host: string; readonly port: number } {
  const [host = '', port = ''] = address.split(':')
  return { host, port: Number(port) }
}
