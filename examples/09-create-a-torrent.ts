// Makes a .torrent that clients of v1 and of v2 understand, and shows how far it is.
import { deepStrictEqual } from 'node:assert'
import { createTorrent } from '@bae/client'
import { parseTorrentFile } from '@bae/native'
import { createFolder, writeAlbum } from './loopback.js'

await using folder = await createFolder()
const album = await writeAlbum(folder.path)

// #region readme
const torrentFile = await createTorrent(album, {
  format: 'hybrid',
  trackers: ['https://tracker.example/announce', { url: 'udp://second.example:6969', tier: 1 }],
  webSeeds: ['https://files.example/'],
  comment: 'An album of this machine',
  isPrivate: false,
  onProgress: ({ hashedPieces, totalPieces }) => console.log(`${hashedPieces} of ${totalPieces} pieces`),
  signal: AbortSignal.timeout(60_000),
})
// #endregion

const { layout, trackers } = parseTorrentFile(torrentFile)
const names = layout.files.filter(({ kind }) => kind === 'file').map(({ path }) => path.join('/'))
deepStrictEqual(names, ['notes.md', 'song.txt'])
console.log(`${layout.infoHashV1} and ${layout.infoHashV2}, at ${trackers.join(' and ')}`)
