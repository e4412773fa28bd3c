import { expect, it } from 'vitest'
import type { NativeSessionOptions } from '../../src/index.js'
import { createTestTorrent, pieceBits } from '../../src/testing/test-torrent.js'
import { everyPiece, openLoopbackSession, type Session, storageOf, untilTrue } from './loopback-session.js'

const torrent = createTestTorrent('asked-of-the-dht')

/** On an address of its own, for libtorrent's DHT takes one node of each /24. */
function openNode(host: string, dht: NativeSessionOptions['settings'], bits?: Uint8Array): Promise<Session> {
  const storage = storageOf(torrent, bits ? everyPiece(torrent) : [])
  return openLoopbackSession({
    handler: storage,
    listenInterfaces: `${host}:0`,
    settings: { outgoing_interfaces: host, ...dht },
  })
}

it('asks the DHT at its start for the peers of torrents that were there before', async () => {
  const bootstrap = await openNode('127.0.1.1', { enable_dht: true, dht_bootstrap_nodes: '' })
  const dht = { dht_bootstrap_nodes: `127.0.1.1:${bootstrap.listenPort}` }
  const bits = pieceBits(torrent, everyPiece(torrent))
  const seeding = await openNode('127.0.2.1', dht, bits)
  const fetching = await openNode('127.0.3.1', dht)
  const { torrentFile } = torrent
  await seeding.addTorrent({ torrentId: 'given', torrentFile, havePieces: bits })
  const handle = await fetching.addTorrent({ torrentId: 'wanted', torrentFile })

  seeding.applySettings({ enable_dht: true })
  let stored = 0
  await untilTrue('the seed has told the DHT', () => {
    void bootstrap.statistics().then((counts) => {
      stored = counts['dht.dht_peers'] ?? 0
    })
    return stored > 0
  })
  fetching.applySettings({ enable_dht: true })
  await untilTrue('it is there', () => fetching.torrentStatus(handle).state === 'seeding')
  expect(fetching.torrentStatus(handle).piecesHave).toBe(torrent.pieceCount)
})
