import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface WebSeedOptions {
  /** What goes out instead of a range of the file. */
  readonly tamper?: (bytes: Uint8Array) => Uint8Array
  /** Answered instead of any bytes. */
  readonly errorStatus?: number
}

/** A web server (BEP 19) that has one file at every path, and gives the ranges of it that it is asked for. */
export class WebSeedServer implements AsyncDisposable {
  readonly #server: Server
  readonly #bytes: Uint8Array
  readonly #options: WebSeedOptions
  /** The Range headers of all requests. */
  readonly ranges: (string | undefined)[] = []

  private constructor(bytes: Uint8Array, options: WebSeedOptions) {
    this.#bytes = bytes
    this.#options = options
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  static async start(bytes: Uint8Array, options: WebSeedOptions = {}): Promise<WebSeedServer> {
    const server = new WebSeedServer(bytes, options)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  #answer({ headers }: IncomingMessage, response: ServerResponse): void {
    this.ranges.push(headers.range)
    const { errorStatus, tamper } = this.#options
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    if (errorStatus !== undefined || first === undefined) {
      response.writeHead(errorStatus ?? 416).end()
      return
    }
    const bytes = this.#bytes.subarray(Number(first), Number(last) + 1)
    response.writeHead(206, {
      'content-length': bytes.length,
      'content-range': `bytes ${first}-${last}/${this.#bytes.length}`,
    })
    response.end(tamper?.(bytes) ?? bytes)
  }
}
