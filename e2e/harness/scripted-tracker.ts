import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PeerAddress } from '@bae/client'
import { bencode } from './bencode.js'

/** An HTTP tracker that tells each address of the peers that the test chose for it, and of no others. */
export class ScriptedTracker implements AsyncDisposable {
  readonly #server: Server
  readonly #answers = new Map<string, readonly PeerAddress[]>()

  private constructor() {
    this.#server = createServer((request, response) => {
      const peers = this.#answers.get(request.socket.remoteAddress ?? '') ?? []
      response.end(bencode({ interval: 1800, peers: Buffer.concat(peers.map(compactPeer)) }))
    })
  }

  static async start(): Promise<ScriptedTracker> {
    const tracker = new ScriptedTracker()
    tracker.#server.listen(0, '127.0.0.1')
    await once(tracker.#server, 'listening')
    return tracker
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/announce`
  }

  /** Whoever asks from `host` is told of this peer. */
  tell(host: string, peer: PeerAddress): void {
    this.#answers.set(host, [...(this.#answers.get(host) ?? []), peer])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

/** BEP 23: four bytes of address, two of port. */
function compactPeer({ host, port }: PeerAddress): Uint8Array {
  return Uint8Array.from([...host.split('.').map(Number), port >> 8, port & 0xff])
}
