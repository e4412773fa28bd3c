import { createTestTorrent } from '@bae/client/testing'
import { privateHosts } from './private-network.js'
import { SwarmClient } from './swarm-client.js'

// A program of its own: it runs in a network with multicast, which the test that started it does not.
// Prints what two clients found of an open and of a private torrent by local discovery alone.

const [giverHost, takerHost] = privateHosts
const openTorrent = createTestTorrent({ name: 'open' })
const privateTorrent = createTestTorrent({ name: 'private', isPrivate: true })

await using giver = await SwarmClient.start({ enableLsd: true }, giverHost)
await using taker = await SwarmClient.start({ enableLsd: true }, takerHost)
const hidden = await taker.client.add(privateTorrent.torrentFile)
await giver.seed(privateTorrent)
const given = await giver.seed(openTorrent)
const signal = AbortSignal.timeout(60_000)
// Looked at together: once both have all of it, they part.
let peersOfGiver = given.peers()
const { torrent, peers } = await taker.fetch(openTorrent.torrentFile, {
  signal,
  enough: ({ length }) => {
    peersOfGiver = given.peers()
    return length > 0 && peersOfGiver.length > 0
  },
})
const report: LocalDiscoveryReport = {
  sources: [...peers, ...peersOfGiver].flatMap((peer) => peer.sources),
  isComplete: (await taker.bytesOf(torrent)).equals(openTorrent.bytes),
  peersOfPrivate: hidden.peers().length,
}
console.log(JSON.stringify(report))

export interface LocalDiscoveryReport {
  readonly sources: readonly string[]
  readonly isComplete: boolean
  readonly peersOfPrivate: number
}
