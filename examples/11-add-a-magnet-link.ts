// Adds a magnet link, looks what is in it, and takes what is wanted. The second time the swarm is not asked.
import { deepStrictEqual, ok } from 'node:assert'
import { join } from 'node:path'
import { DirectoryResumeStore, TorrentClient } from '@bae/client'
import { createFolder, network, seedAlbum } from './loopback.js'

await using seed = await seedAlbum()
await using folder = await createFolder()
const { magnetUri, peers } = seed

// #region readme
const metadataCache = await DirectoryResumeStore.open(join(folder.path, 'metadata'))
await using client = new TorrentClient({ metadataCache }, { ...network, savePath: folder.path })
await client.start()

const torrent = await client.add(magnetUri, { peers, files: [] })
const layout = await torrent.whenMetadata({ signal: AbortSignal.timeout(120_000) })
console.log(
  layout.name,
  torrent.files.map(({ path, lengthBytes }) => `${path.join('/')}: ${lengthBytes} bytes`),
)

torrent.select('notes.md')
await torrent.whenFile(torrent.files[0]!.index, { signal: AbortSignal.timeout(120_000) })
// #endregion

deepStrictEqual(
  torrent.files.map(({ completedBytes }) => completedBytes > 0),
  [true, true],
)
ok(torrent.status.completedPieces < (torrent.status.totalPieces ?? 0))
await client.remove(torrent.id, { deleteData: true })
const again = await client.add(magnetUri)
console.log(`Known at once: ${again.layout?.name}`)
ok(again.layout)
