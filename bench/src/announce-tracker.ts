import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A tracker that knows no peers and counts who asks. */
export interface CountingTracker extends AsyncDisposable {
  readonly url: string
  /** Settles when so many different torrents were announced from now on. */
  whenAnnounced(torrents: number): Promise<void>
}

const noPeers = 'd8:intervali1800e5:peers0:e'

export async function openCountingTracker(): Promise<CountingTracker> {
  const seen = new Set<string>()
  let look = (): void => {}
  const server = createServer((request, response) => {
    const infoHash = /info_hash=([^&]+)/.exec(request.url ?? '')?.[1]
    if (infoHash !== undefined && request.url?.includes('event=started')) seen.add(infoHash)
    response.end(noPeers)
    look()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`,
    async whenAnnounced(torrents) {
      seen.clear()
      await new Promise<void>((resolve) => {
        look = () => seen.size >= torrents && resolve()
      })
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
