import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { poll } from '../bounded-wait.js'
import { ChildProgram } from '../child-program.js'
import { accepts, freePort } from '../free-port.js'
import { makeTemporaryFolder, removeFolder } from '../temporary-folder.js'
import type { TorrentFile } from '../torrent-maker.js'
import type { Seed } from './seed.js'

interface RpcReply {
  readonly result: string
  readonly arguments: { readonly torrents?: readonly { percentDone: number; status: number }[] }
}

const seedingStatus = 6

/** transmission-daemon seeding one torrent, told what to do through its RPC. */
export class TransmissionSeed implements Seed {
  readonly program = 'transmission-daemon'
  readonly address: string
  readonly #daemon: ChildProgram
  readonly #folder: string
  readonly #rpcPort: number
  #sessionId = ''

  private constructor(daemon: ChildProgram, folder: string, rpcPort: number, address: string) {
    this.address = address
    this.#daemon = daemon
    this.#folder = folder
    this.#rpcPort = rpcPort
  }

  static async start(torrent: TorrentFile): Promise<TransmissionSeed> {
    const folder = await makeTemporaryFolder()
    const [peerPort, rpcPort] = [await freePort(), await freePort()]
    await writeFile(join(folder, 'settings.json'), JSON.stringify(settings(peerPort, rpcPort)))
    const daemon = new ChildProgram('transmission-daemon', ['--foreground', '--config-dir', folder])
    const seed = new TransmissionSeed(daemon, folder, rpcPort, `127.0.0.1:${peerPort}`)
    try {
      await seed.#seed(torrent)
      return seed
    } catch (error) {
      await seed.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#daemon.close()
    await removeFolder(this.#folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #seed(torrent: TorrentFile): Promise<void> {
    await poll(10_000, 'transmission listening', async () =>
      (await accepts(this.#rpcPort)) ? true : undefined,
    )
    const metainfo = (await readFile(torrent.path)).toString('base64')
    await this.#call('torrent-add', { metainfo, 'download-dir': torrent.content.folder })
    await poll(60_000, 'transmission seeding', async () => {
      const reply = await this.#call('torrent-get', { fields: ['percentDone', 'status'] })
      const [state] = reply.arguments.torrents ?? []
      return state?.percentDone === 1 && state.status === seedingStatus ? true : undefined
    })
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
      signal: AbortSignal.timeout(10_000),
    })
  }
}

function settings(peerPort: number, rpcPort: number): object {
  return {
    'peer-port': peerPort,
    'bind-address-ipv4': '127.0.0.1',
    'bind-address-ipv6': '::1',
    'dht-enabled': false,
    'lpd-enabled': false,
    'pex-enabled': false,
    'utp-enabled': false,
    'port-forwarding-enabled': false,
    'rpc-bind-address': '127.0.0.1',
    'rpc-port': rpcPort,
    'rpc-authentication-required': false,
    'ratio-limit-enabled': false,
    'cache-size-mb': 64,
    'upload-slots-per-torrent': 50,
  }
}
