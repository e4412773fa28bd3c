// Limits how fast the client and one of its torrents are, and how many peers they have.
import { ok } from 'node:assert'
import { TorrentClient } from '@bae/client'
import { createFolder, network, seedAlbum } from './loopback.js'

await using seed = await seedAlbum()
await using folder = await createFolder()
const { torrentFile, peers } = seed

// #region readme
await using client = new TorrentClient(
  {},
  { ...network, savePath: folder.path, maxDownloadBytesPerSecond: 5_000_000, connectionsLimit: 200 },
)
await client.start()
const limits = { downloadBytesPerSecond: 1_000_000, maxConnections: 50 }
const torrent = await client.add(torrentFile, { peers, limits })
await torrent.whenPiece(0)
// At night, for all of them and for this one:
client.configure({ maxDownloadBytesPerSecond: 0 })
torrent.setLimits({ downloadBytesPerSecond: 0 })
// #endregion

await torrent.whenFinished({ signal: AbortSignal.timeout(120_000) })
const { downloadedBytes, torrentsByState } = await client.statistics()
ok(downloadedBytes >= torrent.status.completedBytes)
console.log(`${downloadedBytes} bytes came in all; torrents by state:`, torrentsByState)
