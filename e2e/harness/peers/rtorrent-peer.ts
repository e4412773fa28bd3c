import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { poll } from '../bounded-wait.js'
import { ChildProgram } from '../child-program.js'
import { accepts, freePort } from '../free-port.js'
import type { TorrentFile } from '../torrent-maker.js'
import type { Leecher, LeecherOptions } from './leecher.js'
import { PeerFolder } from './peer-folder.js'
import { callScgi } from './scgi-call.js'

/** rtorrent takes no torrent without a tracker. Nobody listens there. */
const deadTracker = 'http://127.0.0.1:9/announce'

/** rtorrent as a daemon with one torrent, told what to do through SCGI on a socket in its folder. */
export class RtorrentPeer implements Leecher {
  readonly program = 'rtorrent'
  readonly address: string
  readonly #rtorrent: ChildProgram
  readonly #folder: PeerFolder
  readonly #path: string
  #hash = ''

  private constructor(torrent: TorrentFile, folder: PeerFolder, port: number) {
    this.address = `127.0.0.1:${port}`
    this.#folder = folder
    this.#path = join(folder.content, torrent.content.name)
    const settingsPath = join(folder.path, 'settings')
    this.#rtorrent = new ChildProgram('rtorrent', ['-n', '-o', `import=${settingsPath}`])
  }

  static async start(torrent: TorrentFile, options: LeecherOptions = {}): Promise<RtorrentPeer> {
    const folder = await PeerFolder.make(options.folder)
    const port = await freePort()
    await writeFile(join(folder.path, 'settings'), settings(folder, port, options))
    await writeFile(join(folder.path, 'a.torrent'), withTracker(await readFile(torrent.path)))
    const peer = new RtorrentPeer(torrent, folder, port)
    try {
      await poll(60_000, 'rtorrent listening', async () => ((await accepts(port)) ? true : undefined))
      await peer.#add(options.from)
      return peer
    } catch (error) {
      await peer.close()
      throw error
    }
  }

  async whenComplete(limitMs: number): Promise<string> {
    await poll(limitMs, 'rtorrent complete', async () => {
      return (await this.#call('d.complete', this.#hash)) === '1' && (await this.#isActive())
        ? true
        : undefined
    })
    return this.#path
  }

  /** On a polite signal it waits for its tracker. */
  async close(): Promise<void> {
    this.#rtorrent.signal('SIGKILL')
    await this.#rtorrent.close()
    await this.#folder.remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #add(from: string | undefined): Promise<void> {
    await this.#call('load.start', '', join(this.#folder.path, 'a.torrent'))
    this.#hash = await poll(60_000, 'rtorrent started', async () => {
      const hash = await this.#call('download_list', '')
      return hash !== '' && (await this.#isActive(hash)) ? hash : undefined
    })
    if (from !== undefined) await this.#call('add_peer', this.#hash, from)
  }

  async #isActive(hash = this.#hash): Promise<boolean> {
    return (await this.#call('d.is_active', hash)) === '1'
  }

  #call(method: string, ...args: readonly string[]): Promise<string> {
    return callScgi(join(this.#folder.path, 'scgi'), method, args)
  }
}

/** 'announce' sorts before every other key of a .torrent, and the info section stays as it is. */
function withTracker(torrentFile: Uint8Array): Uint8Array {
  const start = `d8:announce${deadTracker.length}:${deadTracker}`
  return Buffer.concat([Buffer.from(start), torrentFile.subarray(1)])
}

const encryptionPolicies = {
  disabled: 'none',
  forced: 'require,require_RC4',
  both: 'allow_incoming,try_outgoing,enable_retry',
} as const

function settings(folder: PeerFolder, port: number, { encryption }: LeecherOptions): string {
  return `system.daemon.set=true
directory.default.set=${folder.content}
network.bind_address.set=127.0.0.1
network.port_range.set=${port}-${port}
network.port_random.set=no
network.scgi.open_local=${join(folder.path, 'scgi')}
dht.mode.set=disable
protocol.pex.set=no
trackers.use_udp.set=no
protocol.encryption.set=${encryptionPolicies[encryption ?? 'both']}
`
}
