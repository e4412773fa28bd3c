import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { poll } from '../bounded-wait.js'
import { ChildProgram } from '../child-program.js'
import { accepts, freePort } from '../free-port.js'
import type { TorrentFile } from '../torrent-maker.js'
import type { Leecher, LeecherOptions } from './leecher.js'
import { PeerFolder } from './peer-folder.js'

interface TorrentState {
  readonly percentDone: number
  readonly status: number
}

interface RpcReply {
  readonly result: string
  readonly arguments: { readonly torrents?: readonly TorrentState[] }
}

const downloadingStatus = 4
const seedingStatus = 6

/** transmission-daemon with one torrent, told what to do through its RPC. It cannot be told of a peer, so it is dialled. */
export class TransmissionPeer implements Leecher {
  readonly program = 'transmission-daemon'
  readonly address: string
  readonly #daemon: ChildProgram
  readonly #folder: PeerFolder
  readonly #rpcPort: number
  readonly #path: string
  #sessionId = ''

  private constructor(torrent: TorrentFile, folder: PeerFolder, ports: readonly [number, number]) {
    this.address = `127.0.0.1:${ports[0]}`
    this.#folder = folder
    this.#rpcPort = ports[1]
    this.#path = join(folder.content, torrent.content.name)
    this.#daemon = new ChildProgram('transmission-daemon', ['--foreground', '--config-dir', folder.path])
  }

  static async start(torrent: TorrentFile, options: LeecherOptions = {}): Promise<TransmissionPeer> {
    const folder = await PeerFolder.make(options.folder)
    const ports = [await freePort(), await freePort()] as const
    await writeFile(join(folder.path, 'settings.json'), JSON.stringify(settings(ports, options)))
    const peer = new TransmissionPeer(torrent, folder, ports)
    try {
      await peer.#add(torrent)
      return peer
    } catch (error) {
      await peer.close()
      throw error
    }
  }

  async whenComplete(limitMs: number): Promise<string> {
    await poll(limitMs, 'transmission complete', async () => {
      const state = await this.#state()
      return state?.percentDone === 1 && state.status === seedingStatus ? true : undefined
    })
    return this.#path
  }

  async close(): Promise<void> {
    await this.#daemon.close()
    await this.#folder.remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #add(torrent: TorrentFile): Promise<void> {
    await poll(60_000, 'transmission listening', async () =>
      (await accepts(this.#rpcPort)) ? true : undefined,
    )
    const metainfo = (await readFile(torrent.path)).toString('base64')
    const { result } = await this.#call('torrent-add', { metainfo, 'download-dir': this.#folder.content })
    if (result !== 'success') throw new Error(`transmission does not take ${torrent.path}: ${result}`)
    await poll(60_000, 'transmission started', async () => {
      const status = (await this.#state())?.status
      return status === downloadingStatus || status === seedingStatus ? true : undefined
    })
  }

  async #state(): Promise<TorrentState | undefined> {
    return (await this.#call('torrent-get', { fields: ['percentDone', 'status'] })).arguments.torrents?.[0]
  }

  /** Its guard against foreign web pages: the first call is refused and tells the id that the next must carry. */
  async #call(method: string, args: object): Promise<RpcReply> {
    const reply = await this.#post(method, args)
    if (reply.status !== 409) return (await reply.json()) as RpcReply
    this.#sessionId = reply.headers.get('x-transmission-session-id') ?? ''
    return (await (await this.#post(method, args)).json()) as RpcReply
  }

  async #post(method: string, args: object): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.#rpcPort}/transmission/rpc`, {
      method: 'POST',
      headers: { 'x-transmission-session-id': this.#sessionId },
      body: JSON.stringify({ method, arguments: args }),
      signal: AbortSignal.timeout(60_000),
    })
  }
}

function settings(ports: readonly [number, number], { encryption }: LeecherOptions): object {
  return {
    'peer-port': ports[0],
    'bind-address-ipv4': '127.0.0.1',
    'bind-address-ipv6': '::1',
    'dht-enabled': false,
    'lpd-enabled': false,
    'pex-enabled': false,
    'utp-enabled': false,
    'port-forwarding-enabled': false,
    'rpc-bind-address': '127.0.0.1',
    'rpc-port': ports[1],
    'rpc-authentication-required': false,
    'ratio-limit-enabled': false,
    'cache-size-mb': 64,
    'upload-slots-per-torrent': 50,
    // 0 tolerates, 1 prefers, 2 requires it.
    encryption: encryption === undefined ? 1 : encryption === 'forced' ? 2 : 0,
  }
}
