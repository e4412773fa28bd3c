import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createTestTorrent } from '@bae/client/testing'
import { describe, expect, it } from 'vitest'
import { poll } from '../harness/bounded-wait.js'
import { nextHost, SwarmClient } from '../harness/swarm-client.js'
import { relay } from '../harness/tcp-relay.js'

const test = createTestTorrent({ name: 'late', files: { 'only.bin': 300_000 } })

/** libtorrent dials nobody again by itself while this runs, and gives a peer up after its first failure. */
const settings = { min_reconnect_time: 3_600, max_failcount: 1 }
const failures = 2

/** A port of its own that leads to the peer, as `take` says. */
async function openDoor(take: (socket: Socket) => void, at = { host: nextHost(), port: 0 }): Promise<Server> {
  const door = createServer(take)
  door.listen(at.port, at.host)
  await once(door, 'listening')
  return door
}

function placeOf(door: Server): { host: string; port: number } {
  const { address: host, port } = door.address() as { address: string; port: number }
  return { host, port }
}

async function close(door: Server): Promise<void> {
  door.close()
  await once(door, 'close')
}

describe.concurrent('a peer that is named, when nobody else is known,', () => {
  it('is dialled until it no longer hangs up', async ({ signal }) => {
    await using giver = await SwarmClient.start()
    const given = giver.addressOf(await giver.seed(test))
    let calls = 0
    const door = await openDoor((socket) => {
      calls += 1
      if (calls <= failures) socket.resetAndDestroy()
      else relay(socket, given)
    })
    await using _door = { [Symbol.asyncDispose]: () => close(door) }
    await using taker = await SwarmClient.start({ settings })
    const { torrent } = await taker.fetch(test.torrentFile, { peers: [placeOf(door)], signal })
    expect((await taker.bytesOf(torrent)).equals(test.bytes)).toBe(true)
    expect(calls).toBe(failures + 1)
  })

  it('is dialled until it is there', async ({ signal }) => {
    await using giver = await SwarmClient.start()
    const given = giver.addressOf(await giver.seed(test))
    const take = (socket: Socket) => relay(socket, given)
    const closed = await openDoor(take)
    const place = placeOf(closed)
    await close(closed)
    await using taker = await SwarmClient.start({ settings })
    let refused = 0
    taker.client.on('alertReceived', ({ alert }) => {
      if (alert.type === 'peerDisconnected') refused += 1
    })
    const torrent = await taker.client.add(test.torrentFile, { peers: [place], signal })
    await poll(60_000, 'a peer that was dialled in vain', () => refused >= failures || undefined)
    const door = await openDoor(take, place)
    await using _door = { [Symbol.asyncDispose]: () => close(door) }
    await torrent.whenFinished({ signal })
    expect((await taker.bytesOf(torrent)).equals(test.bytes)).toBe(true)
  })
})
