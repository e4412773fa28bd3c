import type { NetworkOptions, Torrent } from '@bae/client'
import type { PeerStatus } from '@bae/native'
import { expect } from 'vitest'
import { expectContentEquals, expectSameTree } from './expect-content.js'
import { LoopbackClient, peerAddress } from './loopback-client.js'
import type { ForeignPeer } from './peers/foreign-peers.js'
import type { LeecherOptions } from './peers/leecher.js'
import type { SeedingLibrary } from './seeding-library.js'
import type { TorrentFile } from './torrent-maker.js'

const limitMs = 45_000

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
  // A second: seeds part as soon as all is there, and the program has to be looked at before.
  const limits = { downloadBytesPerSecond: torrent.content.totalBytes }
  const fetched = await ours.add(torrent, { from: [address], limits })
  const peers = peersAtFirstPiece(fetched)
  await fetched.whenFinished({ signal: AbortSignal.timeout(limitMs) })
  await expectContentEquals(fetched, torrent.content)
  const [only, ...others] = await peers
  expect(others).toEqual([])
  if (only === undefined) throw new Error('a piece came from nobody')
  expect(only).toMatchObject({ peer: address, connection: 'bittorrent', transport: 'tcp' })
  return only
}

function peersAtFirstPiece(torrent: Torrent): Promise<readonly PeerStatus[]> {
  return new Promise((resolve) => torrent.once('pieceCompleted', () => resolve(torrent.peers())))
}
