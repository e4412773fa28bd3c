import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const HANDSHAKE_BYTES = 68
const HAVE = 4
const BITFIELD = 5

/**
 * A peer that sends its handshake (BEP 3) and what the test says, and notes which pieces it is told about, one by one
 * or all at once.
 */
export class WatchingPeer {
  readonly #socket: Socket
  readonly #announced: number[] = []
  readonly #waiting = new Map<number, () => void>()
  #received = Buffer.alloc(0)
  #greeted = false
  #greet: () => void = () => {}
  readonly #whenGreeted: Promise<void>

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#whenGreeted = new Promise((resolve, reject) => {
      this.#greet = resolve
      socket.once('close', () => reject(new Error('the session hung up before its handshake')))
    })
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
    await peer.#whenGreeted
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

  /** Bytes as they are, also those that no honest peer would send. */
  send(bytes: Uint8Array): void {
    this.#socket.write(bytes)
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
      this.#greet()
    }
    while (this.#received.length >= 4) {
      const length = this.#received.readUInt32BE(0)
      if (this.#received.length < 4 + length) return
      this.#message(this.#received.subarray(4, 4 + length))
      this.#received = this.#received.subarray(4 + length)
    }
  }

  #message(message: Buffer): void {
    if (message[0] === HAVE) this.#note(message.readUInt32BE(1))
    if (message[0] !== BITFIELD) return
    for (let bit = 0; bit < 8 * (message.length - 1); bit++) {
      if (((message[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) this.#note(bit)
    }
  }

  #note(piece: number): void {
    this.#announced.push(piece)
    this.#waiting.get(piece)?.()
  }
}
