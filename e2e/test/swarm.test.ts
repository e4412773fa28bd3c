import { setMaxListeners } from 'node:events'
import type { PeerAddress, Torrent } from '@bae/client'
import { createTestTorrent } from '@bae/client/testing'
import { afterAll, expect, it } from 'vitest'
import { poll } from '../harness/bounded-wait.js'
import { flipOneBit, RawSeed } from '../harness/peers/raw-seed.js'
import { kibibyte, mebibyte } from '../harness/sizes.js'
import { nextHost, SwarmClient } from '../harness/swarm-client.js'

const test = createTestTorrent({
  name: 'swarm',
  pieceLengthBytes: 64 * kibibyte,
  files: { 'only.bin': 8 * mebibyte },
})
const raw = { ...test, infoHash: Buffer.from(test.infoHashV1, 'hex') }

interface Member {
  readonly client: SwarmClient
  readonly torrent: Torrent
  readonly banned: string[]
}

const clients: SwarmClient[] = []
afterAll(() => Promise.all(clients.map((client) => client[Symbol.asyncDispose]())))

async function startClient(): Promise<SwarmClient> {
  const client = await SwarmClient.start({
    enablePex: true,
    // The peers that misbehave speak plain text only.
    encryption: 'disabled',
    alertCategories: ['peer'],
  })
  clients.push(client)
  return client
}

async function join(peers: readonly PeerAddress[]): Promise<Member> {
  const client = await startClient()
  const banned: string[] = []
  client.client.on('alertReceived', ({ alert }) => alert.type === 'peerBanned' && banned.push(alert.peer))
  return { client, banned, torrent: await client.client.add(test.torrentFile, { peers }) }
}

function addressOf({ address }: RawSeed): PeerAddress {
  const [host = '', port] = address.split(':')
  return { host, port: Number(port) }
}

it('twenty clients and a seed complete beside a peer that lies and one that hangs up', async ({ signal }) => {
  setMaxListeners(0, signal)
  await using liar = await RawSeed.start(raw, { host: nextHost(), tamper: flipOneBit })
  await using leaver = await RawSeed.start(raw, { host: nextHost(), hangUpAfterBlocks: 10 })
  const members: Member[] = []
  for (let index = 0; index < 20; index += 1) {
    const last = members.at(-1)
    const neighbours = last === undefined ? [] : [last.client.addressOf(last.torrent)]
    members.push(await join([addressOf(liar), addressOf(leaver), ...neighbours]))
  }
  // Nobody else gives anything yet: what fails is its fault alone.
  const lied = await poll(60_000, 'those that were lied to having banned the liar', () => {
    const found = members.filter(({ client }) => liar.servedByHost.has(client.host))
    const isOver = found.every(({ banned }) => banned.includes(liar.address))
    return isOver && found.length > 0 && leaver.hungUp > 0 ? found : undefined
  })

  const giver = await startClient()
  const seed = giver.addressOf(await giver.seed(test))
  for (const { torrent } of members) torrent.connectPeer(seed)
  await Promise.all(members.map(({ torrent }) => torrent.whenFinished({ signal })))
  for (const { client, torrent } of members)
    expect((await client.bytesOf(torrent)).equals(test.bytes)).toBe(true)
  for (const { torrent } of lied) expect(torrent.peers().map(({ peer }) => peer)).not.toContain(liar.address)
})
