import { join } from 'node:path'
import { poll } from '../bounded-wait.js'
import { ChildProgram } from '../child-program.js'
import { accepts, freePort } from '../free-port.js'
import type { TorrentFile } from '../torrent-maker.js'
import type { Leecher, LeecherOptions } from './leecher.js'
import { PeerFolder } from './peer-folder.js'

interface Download {
  readonly completedLength: string
  readonly totalLength: string
}

/** aria2 with one torrent. It cannot be told of a peer, so it is dialled. */
export class Aria2Peer implements Leecher {
  readonly program = 'aria2'
  readonly address: string
  readonly #aria2: ChildProgram
  readonly #folder: PeerFolder
  readonly #rpcPort: number
  readonly #path: string

  private constructor(
    torrent: TorrentFile,
    folder: PeerFolder,
    ports: readonly [number, number],
    args: readonly string[],
  ) {
    this.address = `127.0.0.1:${ports[0]}`
    this.#folder = folder
    this.#rpcPort = ports[1]
    this.#path = join(folder.content, torrent.content.name)
    this.#aria2 = new ChildProgram('aria2c', args)
  }

  static async start(torrent: TorrentFile, options: LeecherOptions = {}): Promise<Aria2Peer> {
    const folder = await PeerFolder.make(options.folder)
    const ports = [await freePort(), await freePort()] as const
    const args = [...argumentsOf(ports, options), `--dir=${folder.content}`, torrent.path]
    const peer = new Aria2Peer(torrent, folder, ports, args)
    try {
      await poll(60_000, 'aria2 listening', async () => ((await accepts(ports[0])) ? true : undefined))
      return peer
    } catch (error) {
      await peer.close()
      throw error
    }
  }

  async whenComplete(limitMs: number): Promise<string> {
    await poll(limitMs, 'aria2 complete', async () => {
      const [download] = await this.#active()
      return download !== undefined && download.completedLength === download.totalLength ? true : undefined
    })
    return this.#path
  }

  /** aria2 says goodbye to its trackers for seconds on the first signal; there are none. */
  async close(): Promise<void> {
    this.#aria2.signal('SIGKILL')
    await this.#aria2.close()
    await this.#folder.remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #active(): Promise<readonly Download[]> {
    const reply = await fetch(`http://127.0.0.1:${this.#rpcPort}/jsonrpc`, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: '1', method: 'aria2.tellActive' }),
      signal: AbortSignal.timeout(60_000),
    })
    return ((await reply.json()) as { readonly result: readonly Download[] }).result
  }
}

function argumentsOf(ports: readonly [number, number], { encryption }: LeecherOptions): readonly string[] {
  return [
    '--no-conf',
    '--check-integrity=true',
    '--bt-hash-check-seed=true',
    '--seed-ratio=0.0',
    `--listen-port=${ports[0]}`,
    '--interface=127.0.0.1',
    '--enable-rpc=true',
    `--rpc-listen-port=${ports[1]}`,
    '--enable-dht=false',
    '--enable-dht6=false',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    '--file-allocation=none',
    '--summary-interval=0',
    ...(encryption === 'forced' ? ['--bt-force-encryption=true'] : []),
  ]
}
