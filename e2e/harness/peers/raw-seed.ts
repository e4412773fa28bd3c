import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { HandmadeTorrent } from '../handmade-torrent.js'
import type { Seed } from './seed.js'
import {
  type BlockRequest,
  fullBitfield,
  handshake,
  handshakeBytes,
  isPlainHandshake,
  MessageReader,
  message,
  messageIds,
  pieceMessage,
  readRequest,
} from './wire-message.js'

export interface RawSeedOptions {
  /** What goes out for a block instead of its bytes. */
  readonly tamper?: (bytes: Uint8Array, request: BlockRequest) => Uint8Array
  /** Hangs up on each connection when it has given it this many blocks. */
  readonly hangUpAfterBlocks?: number
  /** How many blocks it gives in all before `allow` is called; no bound when left out. */
  readonly blocks?: number
  /** An address of the loopback network; 127.0.0.1 when left out. */
  readonly host?: string
}

/**
 * A peer of a few lines that says it has everything and sends what the test decides. It speaks plain TCP
 * and hangs up on an encrypted greeting, after which libtorrent comes again without encryption.
 */
export class RawSeed implements Seed {
  readonly program = 'raw peer'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #torrent: Pick<HandmadeTorrent, 'infoHash' | 'bytes' | 'pieceLengthBytes'>
  readonly #options: RawSeedOptions
  #allowed: number
  readonly #waiting: { readonly socket: Socket; readonly request: BlockRequest }[] = []
  servedBlocks = 0
  hungUp = 0
  /** Blocks by the address that they were given to. */
  readonly servedByHost = new Map<string, number>()
  /** When the first connection came, and when the first block was asked for. */
  connectedAtMs: number | undefined
  requestedAtMs: number | undefined

  private constructor(
    torrent: Pick<HandmadeTorrent, 'infoHash' | 'bytes' | 'pieceLengthBytes'>,
    options: RawSeedOptions,
  ) {
    this.#torrent = torrent
    this.#options = options
    this.#allowed = options.blocks ?? Number.POSITIVE_INFINITY
    this.#server = createServer((socket) => this.#greet(socket))
  }

  static async start(
    torrent: Pick<HandmadeTorrent, 'infoHash' | 'bytes' | 'pieceLengthBytes'>,
    options: RawSeedOptions = {},
  ): Promise<RawSeed> {
    const seed = new RawSeed(torrent, options)
    seed.#server.listen(0, options.host ?? '127.0.0.1')
    await once(seed.#server, 'listening')
    return seed
  }

  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `${address}:${port}`
  }

  /** Peers that are connected now. */
  get connections(): number {
    return this.#sockets.size
  }

  /** Gives so many blocks more, to those who wait for one and those who ask. */
  allow(blocks: number): void {
    this.#allowed += blocks
    this.#give()
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #greet(socket: Socket): void {
    this.connectedAtMs ??= Date.now()
    this.#sockets.add(socket)
    socket.on('error', () => {}) // A reset is how a client leaves; 'close' follows.
    socket.on('close', () => this.#sockets.delete(socket))
    let greeting = Buffer.alloc(0)
    const takeGreeting = (bytes: Uint8Array): void => {
      greeting = Buffer.concat([greeting, bytes])
      if (greeting.length < handshakeBytes) return
      socket.off('data', takeGreeting)
      if (!isPlainHandshake(greeting)) socket.destroy()
      else this.#converse(socket, greeting.subarray(handshakeBytes))
    }
    socket.on('data', takeGreeting)
  }

  #converse(socket: Socket, first: Uint8Array): void {
    const { infoHash, bytes, pieceLengthBytes } = this.#torrent
    socket.write(handshake(infoHash, '-RW0001-bae-e2e-test'))
    socket.write(message(messageIds.bitfield, fullBitfield(Math.ceil(bytes.length / pieceLengthBytes))))
    const reader = new MessageReader()
    let left = this.#options.hangUpAfterBlocks ?? Number.POSITIVE_INFINITY
    const take = (data: Uint8Array): void => {
      for (const { id, payload } of reader.take(data)) {
        if (id === messageIds.request && left-- <= 0) this.#hangUp(socket)
        else this.#answer(socket, id, payload)
      }
    }
    socket.on('data', take)
    take(first)
  }

  #hangUp(socket: Socket): void {
    if (!socket.destroyed) this.hungUp += 1
    socket.destroy()
  }

  #answer(socket: Socket, id: number, payload: Uint8Array): void {
    if (id === messageIds.interested) socket.write(message(messageIds.unchoke))
    if (id !== messageIds.request) return
    this.requestedAtMs ??= Date.now()
    this.#waiting.push({ socket, request: readRequest(payload) })
    this.#give()
  }

  #give(): void {
    while (this.#allowed > 0) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      if (next.socket.destroyed) continue
      this.#allowed -= 1
      this.#send(next.socket, next.request)
    }
  }

  #send(socket: Socket, request: BlockRequest): void {
    const start = request.piece * this.#torrent.pieceLengthBytes + request.offset
    const bytes = this.#torrent.bytes.subarray(start, start + request.length)
    this.servedBlocks += 1
    const host = socket.remoteAddress ?? ''
    this.servedByHost.set(host, (this.servedByHost.get(host) ?? 0) + 1)
    socket.write(pieceMessage(request, this.#options.tamper?.(bytes, request) ?? bytes))
  }
}

/** One wrong bit in the middle of every block. */
export function flipOneBit(bytes: Uint8Array): Uint8Array {
  const wrong = Uint8Array.from(bytes)
  const middle = wrong.length >> 1
  wrong[middle] = (wrong[middle] ?? 0) ^ 1
  return wrong
}
