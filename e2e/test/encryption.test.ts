import type { Torrent } from '@bae/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchange } from '../harness/exchange.js'
import { hasProgram, needs } from '../harness/foreign-program.js'
import { LoopbackClient, peerAddress } from '../harness/loopback-client.js'
import { foreignPeerPrograms, foreignPeers } from '../harness/peers/foreign-peers.js'
import { SeedingLibrary } from '../harness/seeding-library.js'
import { kibibyte } from '../harness/sizes.js'
import type { TorrentFile } from '../harness/torrent-maker.js'
import { Workshop } from '../harness/workshop.js'

const workshop = new Workshop()
afterAll(() => workshop.close())

async function makeTorrent(): Promise<TorrentFile> {
  return workshop.torrentOf(await workshop.tree(9), 64 * kibibyte)
}

describe.for([
  ['forced', 'full'],
  ['disabled', 'none'],
] as const)('with encryption %s', { concurrent: true }, ([encryption, seen]) => {
  let library: SeedingLibrary

  beforeAll(async () => {
    if (!hasProgram('python3-libtorrent')) return
    library = await SeedingLibrary.fill([await makeTorrent()])
    await library.reopen({ encryption })
  })
  afterAll(() => library?.close())

  it.for(foreignPeerPrograms)(
    `a tree goes to %s and back, and all of it is seen as ${seen}`,
    { concurrent: true },
    async (program, context) => {
      needs(context, 'python3-libtorrent', program)
      const torrent = await makeTorrent()
      const peer = await exchange(foreignPeers[program], { library, torrent, encryption })
      expect(peer.encryption).toBe(seen)
    },
  )
})

describe.for([
  ['disabled', 'forced'],
  ['forced', 'disabled'],
] as const)('with encryption %s here and %s there', { concurrent: true }, ([here, there]) => {
  const programs = foreignPeerPrograms.filter(
    (program) => there === 'forced' || foreignPeers[program].refusesEncryption,
  )

  it.for(programs)('%s hangs up on us, and we are told', { concurrent: true }, async (program, context) => {
    needs(context, 'python3-libtorrent', program)
    const torrent = await makeTorrent()
    const options = { folder: torrent.content.folder, encryption: there }
    await using peer = await foreignPeers[program].start(torrent, options)
    await using ours = await LoopbackClient.open({ encryption: here })
    const refused = await ours.add(torrent)
    const disconnected = ours.whenDisconnected(peer.address)
    refused.connectPeer(peerAddress(peer.address))
    expect(await disconnected).not.toBe('')
    await expectNothing(ours, refused)
  })

  it.for(programs.filter((program) => foreignPeers[program].dials))(
    'we hang up on %s, and count it',
    { concurrent: true },
    async (program, context) => {
      needs(context, 'python3-libtorrent', program)
      const torrent = await makeTorrent()
      await using ours = await LoopbackClient.open({ encryption: here })
      const refused = await ours.add(torrent)
      const options = { folder: torrent.content.folder, encryption: there, from: ours.address }
      await using _ = await foreignPeers[program].start(torrent, options)
      // libtorrent names no torrent and no peer for who is refused at the first bytes: it counts.
      const hungUp = () => ours.count('peer.disconnected_peers')
      await context.expect.poll(hungUp).toBeGreaterThan(0)
      await expectNothing(ours, refused)
    },
  )
})

async function expectNothing(ours: LoopbackClient, torrent: Torrent): Promise<void> {
  expect(torrent.peers().filter(({ handshaking, connecting }) => !handshaking && !connecting)).toEqual([])
  expect(torrent.status).toMatchObject({ state: 'downloading', completedPieces: 0, downloadedBytes: 0 })
  expect(await ours.count('net.recv_payload_bytes')).toBe(0)
}
