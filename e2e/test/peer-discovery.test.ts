import { join } from 'node:path'
import type { PeerStatus } from '@bae/client'
import { createTestTorrent } from '@bae/client/testing'
import { describe, expect, it } from 'vitest'
import { poll } from '../harness/bounded-wait.js'
import { needs } from '../harness/foreign-program.js'
import type { LocalDiscoveryReport } from '../harness/local-discovery.js'
import { DhtNode } from '../harness/peers/dht-node.js'
import { startInPrivateNetwork } from '../harness/private-network.js'
import { repositoryRoot } from '../harness/repository-root.js'
import { ScriptedTracker } from '../harness/scripted-tracker.js'
import { SwarmClient } from '../harness/swarm-client.js'

const open = { name: 'open', files: { 'only.bin': 300_000 } }
const openTorrent = createTestTorrent(open)
const privateTorrent = createTestTorrent({ ...open, name: 'private', isPrivate: true })

describe.concurrent('peers without a tracker', () => {
  it('an info hash alone brings a torrent by the DHT', async (context) => {
    needs(context, 'python3-libtorrent')
    const { signal } = context
    await using bootstrapNode = await DhtNode.start()
    await using seed = await DhtNode.start({ bootstrapNode, torrents: [openTorrent] })
    await bootstrapNode.whenPeersStored(1)
    await using taker = await SwarmClient.start({
      enableDht: true,
      dhtBootstrapNodes: [bootstrapNode.address],
    })
    const { torrent, peers } = await taker.fetch(openTorrent.infoHashV1, { signal })
    expect(peers).toMatchObject([{ peer: seed.address, sources: ['dht'] }])
    expect((await taker.bytesOf(torrent)).equals(openTorrent.bytes)).toBe(true)
  })

  it('no private torrent is told to the DHT, or asked of it', async (context) => {
    needs(context, 'python3-libtorrent')
    const { signal } = context
    await using bootstrapNode = await DhtNode.start()
    const options = { enableDht: true, dhtBootstrapNodes: [bootstrapNode.address] }
    await using giver = await SwarmClient.start(options)
    await giver.seed(privateTorrent)
    await giver.seed(openTorrent)
    await bootstrapNode.whenPeersStored(1)
    await using taker = await SwarmClient.start(options)
    const hidden = await taker.client.add(privateTorrent.torrentFile)
    // Announced after the other by both: when it is there, the other had its turn.
    const { peers } = await taker.fetch(openTorrent.torrentFile, { signal })
    expect(peers).toHaveLength(1)
    expect(hidden.peers()).toEqual([])
    expect(hidden.status).toMatchObject({ state: 'downloading', completedPieces: 0 })
  })

  it('peers tell of peers, but not those of a private torrent', async ({ signal }) => {
    await using tracker = await ScriptedTracker.start()
    const trackers = [tracker.url]
    await using giver = await SwarmClient.start({ enablePex: true })
    await using between = await SwarmClient.start({ enablePex: true })
    await using taker = await SwarmClient.start({ enablePex: true })
    const given = await giver.seed(privateTorrent)
    await giver.seed(openTorrent)
    tracker.tell(between.host, giver.addressOf(given))

    // Kept from finishing, for a client that has all hangs up on others that have all.
    between.holdWrites()
    const shared = [privateTorrent, openTorrent].map(({ torrentFile }) =>
      between.client.add(torrentFile, { trackers }),
    )
    const through = await Promise.all(shared)
    // A peer hears who is there when it comes, and then only once a minute who else came.
    await poll(
      60_000,
      'the one between having met the seed',
      () =>
        through.every((torrent) =>
          torrent.peers().some(({ connecting, handshaking }) => !connecting && !handshaking),
        ) || undefined,
    )
    tracker.tell(taker.host, between.addressOf(through[0]!))

    const hidden = await taker.client.add(privateTorrent.torrentFile, { trackers })
    // Either dials the other.
    const isGiver = ({ peer }: PeerStatus) => peer.startsWith(`${giver.host}:`)
    const { peers } = await taker.fetch(openTorrent.torrentFile, {
      trackers,
      signal,
      enough: (found) => found.some(isGiver),
    })
    expect(peers.find(isGiver)?.sources).toContain('peerExchange')
    expect(hidden.peers()).toMatchObject([{ sources: ['tracker'] }])
    expect(hidden.status.completedPieces).toBe(0)
  })

  it('clients of one network find each other by multicast, but not for a private torrent', async (context) => {
    const script = join(repositoryRoot, 'e2e/dist/harness/local-discovery.js')
    await using program = startInPrivateNetwork(context, process.execPath, [script])
    const report = JSON.parse(await program.nextLine(60_000)) as LocalDiscoveryReport
    // The one that hears of the other first dials it.
    expect(report.sources).toContain('localDiscovery')
    expect(report).toMatchObject({ isComplete: true, peersOfPrivate: 0 })
    expect(await program.whenExited(60_000)).toMatchObject({ code: 0 })
  })
})
