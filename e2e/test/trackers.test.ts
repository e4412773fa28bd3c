import { createTestTorrent } from '@bae/client/testing'
import { describe, expect, it } from 'vitest'
import { poll } from '../harness/bounded-wait.js'
import { needs } from '../harness/foreign-program.js'
import { freePort } from '../harness/free-port.js'
import { DhtNode } from '../harness/peers/dht-node.js'
import { OpenTracker } from '../harness/peers/opentracker.js'
import { SwarmClient } from '../harness/swarm-client.js'

describe.concurrent('peers by a tracker', () => {
  it('two clients find each other over HTTP, and the list of trackers says what each answered', async (context) => {
    needs(context, 'opentracker')
    const { signal } = context
    const test = createTestTorrent({ name: 'http' })
    await using tracker = await OpenTracker.start([test.infoHashV1])
    const deadUrl = `http://127.0.0.1:${await freePort()}/announce`
    await using giver = await SwarmClient.start()
    const given = await giver.seed(test, { trackers: [tracker.httpUrl] })
    await poll(60_000, 'the answer to the seed', () => given.trackers.list()[0]?.verified || undefined)

    await using taker = await SwarmClient.start({ alertCategories: ['tracker'] })
    const replies: number[] = []
    taker.client.on(
      'alertReceived',
      ({ alert }) => alert.type === 'trackerReply' && replies.push(alert.peers),
    )
    // Only the next tier is asked when one does not answer.
    const trackers = [deadUrl, { url: tracker.httpUrl, tier: 1 }]
    const { torrent: taken, peers } = await taker.fetch(test.torrentFile, { trackers, signal })
    expect(peers).toMatchObject([{ sources: ['tracker'], transport: 'tcp' }])
    expect((await taker.bytesOf(taken)).equals(test.bytes)).toBe(true)
    expect(replies[0]).toBeGreaterThan(0)
    expect(taken.trackers.list()[0]).toMatchObject({ url: deadUrl, verified: false })
    const [{ failures = 0, error } = {}] = taken.trackers.list()[0]?.announces ?? []
    expect(failures).toBeGreaterThan(0)
    expect(error?.message).toContain('refused')

    // It is told once more, when the last piece came.
    const living = await poll(60_000, 'the next announce', () => {
      const [announce] = taken.trackers.list()[1]?.announces ?? []
      return announce?.nextAnnounceInMs && !announce.updating ? announce : undefined
    })
    expect(living).toMatchObject({ failures: 0, message: '', swarmSeeds: expect.any(Number) })
    expect(living.error).toBeUndefined()
    expect(living.nextAnnounceInMs).toBeGreaterThan(60_000)
    expect(taken.trackers.list()[1]).toMatchObject({ url: tracker.httpUrl, verified: true })
  })

  // libtorrent keeps a UDP tracker's connection id for the whole process, whichever address asks: the other is not in it.
  it('a client and libtorrent itself find each other over UDP', async (context) => {
    needs(context, 'opentracker', 'python3-libtorrent')
    const { signal } = context
    const plain = createTestTorrent({ name: 'udp', files: { 'only.bin': 300_000 } })
    await using tracker = await OpenTracker.start([plain.infoHashV1])
    const test = createTestTorrent({
      name: 'udp',
      files: { 'only.bin': 300_000 },
      trackers: [tracker.udpUrl],
    })
    await using _other = await DhtNode.start({ torrents: [test] })
    await using taker = await SwarmClient.start()
    const { torrent: taken, peers } = await taker.fetch(test.torrentFile, { signal })
    // Whoever hears of the other dials it.
    for (const { sources } of peers) expect(sources).toContainEqual(expect.stringMatching(/tracker|incoming/))
    expect((await taker.bytesOf(taken)).equals(test.bytes)).toBe(true)
    await poll(60_000, 'the answer', () => taken.trackers.list()[0]?.verified || undefined)
    expect(taken.trackers.list()).toMatchObject([
      {
        url: tracker.udpUrl,
        sources: ['torrent'],
        announces: [{ failures: 0, swarmSeeds: expect.any(Number) }],
      },
    ])
  })
})
