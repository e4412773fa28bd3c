import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'

/** The way to a PostgreSQL server, which a test can cut for as long as it likes. */
export class DatabaseRelay implements AsyncDisposable {
  readonly #server: Server
  readonly #target: URL
  readonly #sockets = new Set<Socket>()
  #isCut = false
  /** Connections that were refused since it was cut. */
  refused = 0

  private constructor(url: string) {
    this.#target = new URL(url)
    this.#server = createServer((socket) => this.#take(socket))
  }

  /** `url` names a socket's folder, as that of the library's own server does. */
  static async start(url: string): Promise<DatabaseRelay> {
    const relay = new DatabaseRelay(url)
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  /** For BAE_DATABASE_URL. */
  get url(): string {
    const { username, password, pathname } = this.#target
    const { port } = this.#server.address() as AddressInfo
    return `postgres://${username}:${password}@127.0.0.1:${port}${pathname}`
  }

  cut(): void {
    this.#isCut = true
    this.refused = 0
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#isCut = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #take(socket: Socket): void {
    socket.on('error', () => {}) // 'close' follows.
    if (this.#isCut) {
      this.refused += 1
      socket.destroy()
      return
    }
    const folder = decodeURIComponent(this.#target.hostname)
    const onward = connect(join(folder, `.s.PGSQL.${this.#target.port || 5432}`))
    onward.on('error', () => {})
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(one)
      one.pipe(other)
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
  }
}
