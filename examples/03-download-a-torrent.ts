// Downloads a torrent into ordinary files, and shows how far it is.
import { deepStrictEqual } from 'node:assert'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TorrentClient } from '@bae/client'
import { createFolder, network, seedAlbum, song } from './loopback.js'

await using seed = await seedAlbum()
await using folder = await createFolder()
const { torrentFile, peers } = seed

// #region readme
await using client = new TorrentClient({}, { ...network, savePath: folder.path })
await client.start()
client.on('statusUpdated', ({ statuses }) => {
  for (const { progress, downloadBytesPerSecond, peers } of statuses.values()) {
    console.log(`${Math.floor(100 * progress)} %, ${downloadBytesPerSecond} bytes/s from ${peers} peers`)
  }
})

const torrent = await client.add(torrentFile, { peers })
await torrent.whenFinished({ signal: AbortSignal.timeout(120_000) })
// #endregion

deepStrictEqual(new Uint8Array(await readFile(join(folder.path, 'album', 'song.txt'))), song)
console.log(`${torrent.files.length} files are there: ${torrent.files.map(({ name }) => name).join(', ')}.`)
