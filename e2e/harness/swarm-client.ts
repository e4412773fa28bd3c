import {
  type AddTorrentOptions,
  createTorrentId,
  type PeerAddress,
  type PeerStatus,
  type Torrent,
  TorrentClient,
  type TorrentClientOptions,
  type TorrentInput,
} from '@bae/client'
import { MapLibrary } from '@bae/client/testing'
import type { TestTorrent } from '@bae/native/testing'
import { poll } from './bounded-wait.js'
import { whenReadyForPeers } from './loopback-client.js'

/** Torrents live in memory, and nothing is looked for that a test does not ask for. */
const quiet = {
  enableDht: false,
  enableLsd: false,
  enablePex: false,
  enableUpnp: false,
  enableNatPmp: false,
  statusIntervalMs: 50,
}

let clients = 0

/**
 * Its own address on the loopback network, for libtorrent keeps one connection per address, and takes of the nodes in one
 * /24 only one for its DHT.
 */
export function nextHost(): string {
  clients += 1
  return `127.${64 + (process.pid % 64)}.${clients}.1`
}

/** A TorrentClient on libtorrent with storages in memory. */
export class SwarmClient implements AsyncDisposable {
  readonly host: string
  readonly library = new MapLibrary()
  readonly client: TorrentClient
  #release = (): void => {}

  private constructor(options: TorrentClientOptions, host: string) {
    this.host = host
    this.client = new TorrentClient(
      { createStorage: this.library.createStorage },
      { ...quiet, listenInterfaces: `${host}:0`, outgoingInterfaces: host, ...options },
    )
  }

  static async start(options: TorrentClientOptions = {}, host: string = nextHost()): Promise<SwarmClient> {
    const opened = new SwarmClient(options, host)
    await opened.client.start()
    return opened
  }

  addressOf(torrent: Torrent): PeerAddress {
    return { host: this.host, port: torrent.listenPort }
  }

  /** Adds a torrent whose bytes its storage has already. */
  async seed(test: TestTorrent, options: { readonly trackers?: readonly string[] } = {}): Promise<Torrent> {
    const id = createTorrentId()
    await using storage = await this.library.createStorage(id, test.layout, test.metadata)
    for (let piece = 0; piece < test.pieceCount; piece += 1) {
      const start = piece * test.pieceLengthBytes
      await storage.writePiece(piece, 0, test.bytes.slice(start, start + test.pieceLengthBytes))
      await storage.completePiece(piece)
    }
    const torrent = await this.client.add(test.torrentFile, { id, ...options })
    await whenReadyForPeers(torrent)
    return torrent
  }

  /**
   * Adds a torrent and waits until it is finished. Nothing is stored, and so no seed is hung up on, before its peers are
   * as `enough` wants them: those are given back.
   */
  async fetch(
    input: TorrentInput,
    options: AddTorrentOptions & { readonly enough?: (peers: readonly PeerStatus[]) => boolean },
  ): Promise<{ readonly torrent: Torrent; readonly peers: readonly PeerStatus[] }> {
    const { enough = ({ length }) => length > 0, ...added } = options
    const release = this.holdWrites()
    const torrent = await this.client.add(input, added)
    // Who was found by a tracker or another peer, and lost at first, is dialled again after two minutes.
    const peers = await poll(200_000, `the wanted peers of ${this.host}`, () => {
      const found = torrent.peers().filter(({ connecting, handshaking }) => !connecting && !handshaking)
      return enough(found) ? found : undefined
    })
    release()
    await torrent.whenFinished(options)
    return { torrent, peers }
  }

  /** Lets no storage that is opened from now on write anything, until what is returned is called. */
  holdWrites(): () => void {
    const held = new Promise<void>((resolve) => {
      this.#release = resolve
    })
    this.library.before = ({ name }) => (name === 'writePiece' ? held : undefined)
    return this.#release
  }

  /** All bytes of the torrent, as its storage has them. */
  async bytesOf(torrent: Torrent): Promise<Buffer> {
    const parts: Uint8Array[] = []
    for (const { index } of torrent.files) for await (const part of torrent.readFile(index)) parts.push(part)
    return Buffer.concat(parts)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release()
    await this.client.close()
  }
}
