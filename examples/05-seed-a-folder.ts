// Seeds a folder from where it lies, for whoever has the magnet link.
import { strictEqual } from 'node:assert'
import { TorrentClient } from '@bae/client'
import { createFolder, network, writeAlbum } from './loopback.js'

await using folder = await createFolder()
const album = await writeAlbum(folder.path)

// #region readme
await using client = new TorrentClient({}, network)
await client.start()
const torrent = await client.seed(album, {
  format: 'hybrid',
  trackers: ['udp://127.0.0.1:9/announce'],
})
console.log(`${torrent.magnetUri} at port ${torrent.listenPort}`)
// #endregion

await torrent.whenFinished({ signal: AbortSignal.timeout(120_000) })
strictEqual(torrent.infoHashes.length, 2)

await using target = await createFolder()
await using other = new TorrentClient({}, { ...network, savePath: target.path })
await other.start()
const peers = [{ host: '127.0.0.1', port: torrent.listenPort }]
const fetched = await other.add(torrent.torrentFile!, { peers })
await fetched.whenFinished({ signal: AbortSignal.timeout(120_000) })
console.log(`Somebody else has ${fetched.status.completedBytes} bytes of it now.`)
