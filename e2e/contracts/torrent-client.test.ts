import { TorrentClient } from '@bae/client'
import { createTestTorrent, MapLibrary } from '@bae/client/testing'
import { FakeLibrary, FakeTorrent, FakeTorrentClient } from '@bae/import-service/testing'
import { describe } from 'vitest'
import { RawSeed } from '../harness/peers/raw-seed.js'
import { type TorrentClientSubject, torrentClientClauses } from './torrent-client-clauses.js'

describe('FakeTorrentClient of @bae/import-service', () => {
  torrentClientClauses(createFake)
})

describe('TorrentClient on libtorrent', () => {
  torrentClientClauses(createReal)
})

function fivePieces() {
  return createTestTorrent({
    files: { 'one.bin': 70_000, 'two.bin': 4 * 32_768 + 5 - 70_000 },
    pieceLengthBytes: 32_768,
  })
}

async function createFake(): Promise<TorrentClientSubject> {
  const content = fivePieces()
  const client = new FakeTorrentClient(new FakeLibrary())
  return {
    client,
    content,
    async deliver(torrent) {
      if (!(torrent instanceof FakeTorrent)) throw new TypeError('the fake client has fake torrents only')
      await torrent.deliverMetadata(content.layout)
      for (let piece = torrent.status.completedPieces; piece < 5; piece += 1) torrent.deliverPiece(piece)
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

async function createReal(): Promise<TorrentClientSubject> {
  const content = fivePieces()
  const { bytes, infoHashV1, layout } = content
  const infoHash = Buffer.from(infoHashV1, 'hex')
  const seed = await RawSeed.start({ bytes, infoHash, pieceLengthBytes: layout.pieceLengthBytes })
  const client = new TorrentClient(
    { createStorage: new MapLibrary().createStorage },
    {
      listenInterfaces: '127.0.0.1:0',
      enableDht: false,
      enableLsd: false,
      enableUpnp: false,
      enableNatPmp: false,
      encryption: 'disabled',
      statusIntervalMs: 50,
    },
  )
  await client.start()
  return {
    client,
    content,
    async deliver(torrent) {
      const [host = '', port = ''] = seed.address.split(':')
      torrent.connectPeer({ host, port: Number(port) })
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      await seed.close()
    },
  }
}
