import { join } from 'node:path'
import { createTestTorrent } from '@bae/client/testing'
import { describe, expect, it } from 'vitest'
import { poll } from '../harness/bounded-wait.js'
import { whenReadyForPeers } from '../harness/loopback-client.js'
import { makeFilePayload } from '../harness/payload.js'
import { flipOneBit } from '../harness/peers/raw-seed.js'
import { SwarmClient } from '../harness/swarm-client.js'
import { makeTemporaryFolder, removeFolder } from '../harness/temporary-folder.js'
import { WebSeedServer } from '../harness/web-seed-server.js'

const test = createTestTorrent({ name: 'sources', files: { 'only.bin': 300_000 } })

describe.concurrent('where bytes and metadata come from', () => {
  it.each([
    ['tcp', { enableOutgoingUtp: false, enableIncomingUtp: false }],
    ['utp', { enableOutgoingUtp: true, enableOutgoingTcp: false, enableIncomingTcp: false }],
  ] as const)('a client that speaks %s alone meets its like', async (transport, options) => {
    const signal = AbortSignal.timeout(60_000)
    await using giver = await SwarmClient.start(options)
    const given = await giver.seed(test)
    await using taker = await SwarmClient.start(options)
    const added = { peers: [giver.addressOf(given)], signal }
    const { torrent, peers } = await taker.fetch(test.torrentFile, added)
    expect(peers).toMatchObject([{ transport, connection: 'bittorrent', outgoing: true }])
    expect((await taker.bytesOf(torrent)).equals(test.bytes)).toBe(true)
  })

  it.each(['v1', 'v2', 'hybrid'] as const)(
    'a %s magnet link gets its metadata from the peer it names, once',
    async (format) => {
      const signal = AbortSignal.timeout(60_000)
      const folder = await makeTemporaryFolder()
      await using _folder = { [Symbol.asyncDispose]: () => removeFolder(folder) }
      const payload = await makeFilePayload(folder, 300_000, `${format}.bin`)
      await using taker = await SwarmClient.start()
      let magnetUri = ''
      {
        await using giver = await SwarmClient.start()
        const given = await giver.client.seed(join(folder, payload.name), {
          format,
          pieceLengthBytes: 32_768,
        })
        await whenReadyForPeers(given)
        const { host, port } = giver.addressOf(given)
        magnetUri = `${given.magnetUri}&x.pe=${host}:${port}`
        const { torrent } = await taker.fetch(magnetUri, { signal })
        expect((await taker.bytesOf(torrent)).equals(await giver.bytesOf(given))).toBe(true)
        expect(torrent.infoHashes).toHaveLength(format === 'hybrid' ? 2 : 1)
        await taker.client.remove(torrent.id, { deleteData: true })
      }
      // There is no peer any more.
      const again = await taker.client.add(magnetUri, { signal })
      expect(await again.whenMetadata({ signal })).toMatchObject({ name: payload.name })
    },
  )

  it('a web seed gives ranges of the file, and the peers say what it is', async ({ signal }) => {
    await using server = await WebSeedServer.start(test.bytes)
    await using taker = await SwarmClient.start()
    const { torrent, peers } = await taker.fetch(test.torrentFile, { webSeeds: [server.url], signal })
    expect(peers).toMatchObject([{ connection: 'webSeed' }])
    expect((await taker.bytesOf(torrent)).equals(test.bytes)).toBe(true)
    expect(server.ranges.length).toBeGreaterThan(0)
    expect(server.ranges).not.toContain(undefined)
  })

  it.each([
    ['answers errors', { errorStatus: 404 }],
    ['sends wrong bytes', { tamper: flipOneBit }],
  ])('a web seed that %s is left, and the torrent goes on with a peer', async (_what, options) => {
    const signal = AbortSignal.timeout(60_000)
    await using server = await WebSeedServer.start(test.bytes, options)
    await using giver = await SwarmClient.start()
    const given = await giver.seed(test)
    await using taker = await SwarmClient.start()
    const torrent = await taker.client.add(test.torrentFile, { webSeeds: [server.url], signal })
    await poll(
      60_000,
      'the web seed left',
      () => (server.ranges.length > 0 && torrent.peers().length === 0) || undefined,
    )
    const asked = server.ranges.length
    torrent.connectPeer(giver.addressOf(given))
    await torrent.whenFinished({ signal })
    expect((await taker.bytesOf(torrent)).equals(test.bytes)).toBe(true)
    expect(server.ranges).toHaveLength(asked)
    expect(torrent.status.state).toBe('seeding')
  })
})
