import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'

interface Refusal {
  readonly code: string
  left: number
  readonly done: () => void
}

/**
 * A way to a server's socket that can be cut at a chosen moment: `cutAfter` lets the bytes of the client
 * through up to and with the message that holds `text`, and nothing back any more.
 */
export class CuttableWay {
  readonly #server: Server
  readonly #target: string
  readonly #open = new Set<Socket>()
  #refusal: Refusal | undefined
  #awaited: { readonly text: string; readonly done: () => void } | undefined
  #cutAt: { readonly text: string; readonly done: () => void } | undefined

  private constructor(target: string) {
    this.#target = target
    this.#server = createServer((client) => this.#join(client))
  }

  static async listen(target: string): Promise<CuttableWay> {
    const way = new CuttableWay(target)
    way.#server.listen(0, '127.0.0.1')
    await once(way.#server, 'listening')
    return way
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Settles when that has happened, once. */
  cutAfter(text: string): Promise<void> {
    return new Promise((done) => {
      this.#cutAt = { text, done }
    })
  }

  /** Settles when a client has sent a message that holds `text`. */
  whenSent(text: string): Promise<void> {
    return new Promise((done) => {
      this.#awaited = { text, done }
    })
  }

  /** The next clients are told this error of PostgreSQL. Settles when as many have been. */
  refuse(code: string, clients: number): Promise<void> {
    return new Promise((done) => {
      this.#refusal = { code, left: clients, done }
    })
  }

  async close(): Promise<void> {
    this.#server.close()
    for (const socket of this.#open) socket.destroy()
  }

  #join(client: Socket): void {
    const refusal = this.#refusal
    if (refusal === undefined) this.#connect(client)
    else this.#refuse(client, refusal)
  }

  #connect(client: Socket): void {
    const server = createConnection(this.#target)
    let mute = false
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#open.delete(socket)
        other.destroy()
      })
    }
    server.on('data', (bytes) => void (mute || client.write(bytes)))
    client.on('data', (bytes) => {
      if (this.#awaited !== undefined && bytes.includes(this.#awaited.text)) this.#awaited.done()
      const cut = this.#cutAt
      if (cut === undefined || !bytes.includes(cut.text)) return void server.write(bytes)
      this.#cutAt = undefined
      mute = true
      // The server has answered, so it has done what it was told; the client never hears of it.
      server.once('data', () => {
        client.destroy()
        cut.done()
      })
      server.write(bytes)
    })
  }

  #refuse(client: Socket, refusal: Refusal): void {
    refusal.left -= 1
    if (refusal.left === 0) {
      this.#refusal = undefined
      refusal.done()
    }
    client.on('error', () => undefined)
    client.once('data', () => client.end(errorResponse(refusal.code)))
  }
}

/** As PostgreSQL sends it. */
function errorResponse(code: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mnot now\0\0`)
  const head = Buffer.from('E\0\0\0\0')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}
