import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { poll } from '../bounded-wait.js'
import { ChildProgram } from '../child-program.js'
import { accepts, freePort } from '../free-port.js'
import type { TorrentFile } from '../torrent-maker.js'
import type { Leecher, LeecherOptions } from './leecher.js'
import { PeerFolder } from './peer-folder.js'

interface TorrentState {
  readonly hash: string
  readonly progress: number
  readonly state: string
}

/** qbittorrent-nox with one torrent, told what to do through its Web API. */
export class QbittorrentPeer implements Leecher {
  readonly program = 'qbittorrent-nox'
  readonly address: string
  readonly #qbittorrent: ChildProgram
  readonly #folder: PeerFolder
  readonly #webPort: number
  readonly #path: string

  private constructor(torrent: TorrentFile, folder: PeerFolder, ports: readonly [number, number]) {
    this.address = `127.0.0.1:${ports[0]}`
    this.#folder = folder
    this.#webPort = ports[1]
    this.#path = join(folder.content, torrent.content.name)
    this.#qbittorrent = new ChildProgram('qbittorrent-nox', [`--profile=${folder.path}`])
  }

  static async start(torrent: TorrentFile, options: LeecherOptions = {}): Promise<QbittorrentPeer> {
    const folder = await PeerFolder.make(options.folder)
    const ports = [await freePort(), await freePort()] as const
    const configuration = join(folder.path, 'qBittorrent/config')
    await mkdir(configuration, { recursive: true })
    await writeFile(join(configuration, 'qBittorrent.conf'), settings(ports, options))
    const peer = new QbittorrentPeer(torrent, folder, ports)
    try {
      await peer.#add(torrent, options.from)
      return peer
    } catch (error) {
      await peer.close()
      throw error
    }
  }

  async whenComplete(limitMs: number): Promise<string> {
    await poll(limitMs, 'qbittorrent complete', async () => {
      const state = await this.#state()
      return state?.progress === 1 && /^(stalledUP|forcedUP|uploading)$/.test(state.state) ? true : undefined
    })
    return this.#path
  }

  /** On a polite signal it waits for trackers, of which there are none, and writes what nobody reads again. */
  async close(): Promise<void> {
    this.#qbittorrent.signal('SIGKILL')
    await this.#qbittorrent.close()
    await this.#folder.remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #add(torrent: TorrentFile, from: string | undefined): Promise<void> {
    await poll(60_000, 'qbittorrent listening', async () =>
      (await accepts(this.#webPort)) ? true : undefined,
    )
    const form = new FormData()
    form.set('torrents', new Blob([await readFile(torrent.path)]), 'a.torrent')
    form.set('savepath', this.#folder.content)
    await this.#call('torrents/add', form)
    const { hash } = await poll(60_000, 'qbittorrent started', async () => {
      const state = await this.#state()
      return state === undefined || /^(checking|meta)/.test(state.state) ? undefined : state
    })
    if (from !== undefined)
      await this.#call('torrents/addPeers', new URLSearchParams({ hashes: hash, peers: from }))
  }

  async #state(): Promise<TorrentState | undefined> {
    return (JSON.parse(await this.#call('torrents/info')) as readonly TorrentState[])[0]
  }

  async #call(path: string, body?: FormData | URLSearchParams): Promise<string> {
    const reply = await fetch(`http://127.0.0.1:${this.#webPort}/api/v2/${path}`, {
      ...(body && { method: 'POST', body }),
      signal: AbortSignal.timeout(60_000),
    })
    const text = await reply.text()
    if (!reply.ok || text === 'Fails.') throw new Error(`qbittorrent, ${path}: ${reply.status} ${text}`)
    return text
  }
}

function settings(ports: readonly [number, number], { encryption }: LeecherOptions): string {
  // 0 takes both, 1 requires it, 2 refuses it.
  const policy = encryption === undefined ? 0 : encryption === 'forced' ? 1 : 2
  return `[LegalNotice]
Accepted=true
[BitTorrent]
Session\\Port=${ports[0]}
Session\\InterfaceAddress=127.0.0.1
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\BTProtocol=TCP
Session\\MultiConnectionsPerIp=true
Session\\QueueingSystemEnabled=false
Session\\Encryption=${policy}
[Network]
PortForwardingEnabled=false
[Preferences]
WebUI\\Address=127.0.0.1
WebUI\\Port=${ports[1]}
WebUI\\LocalHostAuth=false
`
}
