import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const HANDSHAKE_BYTES = 68
const HAVE = 4

/** A peer that sends nothing but its handshake (BEP 3) and notes which pieces it is told about. */
export class WatchingPeer {
  readonly #socket: Socket
  readonly #announced: number[] = []
  readonly #waiting = new Map<number, () => void>()
  #received = Buffer.alloc(0)
  #greeted = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#receive(bytes))
  }

  static async connect(port: number, infoHashV1: string): Promise<WatchingPeer> {
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    const peer = new WatchingPeer(socket)
    socket.write(
      Buffer.concat([
        Buffer.from('\x13BitTorrent protocol'),
        Buffer.alloc(8),
        Buffer.from(infoHashV1, 'hex'),
        Buffer.from('-WP0001-watchingpeer'),
      ]),
    )
    return peer
  }

  /** Pieces announced so far, in order. */
  get announced(): readonly number[] {
    return this.#announced
  }

  /** Settles when the piece is announced; the test's own time limit bounds it. */
  async untilAnnounced(piece: number): Promise<void> {
    if (this.#announced.includes(piece)) return
    await new Promise<void>((resolve) => this.#waiting.set(piece, resolve))
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    if (!this.#greeted) {
      if (this.#received.length < HANDSHAKE_BYTES) return
      this.#received = this.#received.subarray(HANDSHAKE_BYTES)
      this.#greeted = true
    }
    while (this.#received.length >= 4) {
      const length = this.#received.readUInt32BE(0)
      if (this.#received.length < 4 + length) return
      this.#message(this.#received.subarray(4, 4 + length))
      this.#received = this.#received.subarray(4 + length)
    }
  }

  #message(message: Buffer): void {
    if (message[0] !== HAVE) return
    const piece = message.readUInt32BE(1)
    this.#announced.push(piece)
    this.#waiting.get(piece)?.()
  }
}
