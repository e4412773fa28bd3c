// Downloads some files of a torrent, and later another one.
import { deepStrictEqual } from 'node:assert'
import { TorrentClient } from '@bae/client'
import { createFolder, network, seedAlbum } from './loopback.js'

await using seed = await seedAlbum()
await using folder = await createFolder()
await using client = new TorrentClient({}, { ...network, savePath: folder.path })
await client.start()
const { torrentFile, peers } = seed
const signal = AbortSignal.timeout(120_000)

// #region readme
const torrent = await client.add(torrentFile, { peers, files: '*.md' })
await torrent.whenFinished({ signal })
const progress = () => torrent.files.map(({ name, progress }) => `${name}: ${Math.floor(100 * progress)} %`)
console.log(torrent.status.state, progress())

torrent.select('*.txt', 'high')
torrent.on('fileCompleted', ({ file }) => console.log(`file ${file} is there`))
await torrent.whenFinished({ signal })
// #endregion

deepStrictEqual(
  torrent.files.map(({ progress }) => progress),
  [1, 1],
)
console.log(torrent.status.state, progress())
