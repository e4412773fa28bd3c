import type { NetworkOptions, Torrent } from '@bae/client'
import type { PeerStatus } from '@bae/native'
import { expect } from 'vitest'
import { poll } from './bounded-wait.js'
import { expectContentEquals, expectSameTree } from './expect-content.js'
import { LoopbackClient, peerAddress } from './loopback-client.js'
import type { ForeignPeer } from './peers/foreign-peers.js'
import type { LeecherOptions } from './peers/leecher.js'
import type { SeedingLibrary } from './seeding-library.js'
import { kibibyte } from './sizes.js'
import type { TorrentFile } from './torrent-maker.js'

/** A program made of libtorrent that lost its first connection to us comes again after two minutes. */
const limitMs = 180_000
/** What all of a torrent would take while its peer is looked for. */
const trickleSeconds = 60

/** Some programs keep one connection per address, and may still have the one to the library. */
const elsewhere = { listenInterfaces: '127.0.0.2:0', outgoingInterfaces: '127.0.0.2' }

export interface Exchange {
  readonly library: SeedingLibrary
  readonly torrent: TorrentFile
  readonly encryption?: LeecherOptions['encryption']
}

/**
 * The foreign program fetches the torrent from our library, then a client of ours with nothing fetches it from the
 * program; each copy is compared byte for byte. Returns how our client saw the program while it gave.
 */
export async function exchange(
  foreign: ForeignPeer,
  { library, torrent, encryption }: Exchange,
): Promise<PeerStatus> {
  const policy = encryption === undefined ? {} : { encryption }
  const from = foreign.dials ? { from: library.address } : {}
  await using peer = await foreign.start(torrent, { ...policy, ...from })
  if (!foreign.dials) library.torrent(torrent).connectPeer(peerAddress(peer.address))
  const written = await peer.whenComplete(limitMs)
  await expectSameTree(written, torrent.content, { withoutEmptyFiles: !foreign.writesEmptyFiles })
  return await expectFetchedBack(torrent, peer.address, policy)
}

async function expectFetchedBack(
  torrent: TorrentFile,
  address: string,
  network: NetworkOptions,
): Promise<PeerStatus> {
  await using ours = await LoopbackClient.open({ ...network, ...elsewhere })
  // Seeds part as soon as all is there: it comes as a trickle until the program was looked at.
  const limits = {
    downloadBytesPerSecond: Math.max(16 * kibibyte, Math.ceil(torrent.content.totalBytes / trickleSeconds)),
  }
  const fetched = await ours.add(torrent, { from: [address], limits })
  const [only, ...others] = await peersThatGive(fetched)
  fetched.setLimits({ downloadBytesPerSecond: 0 })
  await fetched.whenFinished({ signal: AbortSignal.timeout(limitMs) })
  await expectContentEquals(fetched, torrent.content)
  expect(others).toEqual([])
  expect(only).toMatchObject({ peer: address, connection: 'bittorrent', transport: 'tcp' })
  return only
}

function peersThatGive(torrent: Torrent): Promise<readonly [PeerStatus, ...PeerStatus[]]> {
  return poll(limitMs, 'a peer that gives', () => {
    const [first, ...others] = torrent.peers()
    return first !== undefined && first.downloadedBytes > 0 ? [first, ...others] : undefined
  })
}
