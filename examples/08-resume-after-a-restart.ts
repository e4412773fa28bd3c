// Goes on after a restart with all torrents as they were, without checking what is there.
import { strictEqual } from 'node:assert'
import { join } from 'node:path'
import { DirectoryResumeStore, TorrentClient } from '@bae/client'
import { createFolder, network, seedAlbum } from './loopback.js'

await using seed = await seedAlbum()
await using folder = await createFolder()
const { torrentFile, peers } = seed
const signal = AbortSignal.timeout(120_000)

// #region readme
const openClient = async () => {
  const resumeStore = await DirectoryResumeStore.open(join(folder.path, 'resume'))
  const client = new TorrentClient({ resumeStore }, { ...network, savePath: folder.path })
  await client.start()
  return { client, ...(await client.restore()) }
}

const first = await openClient()
const torrent = await first.client.add(torrentFile, { peers, files: '*.md' })
await torrent.whenFinished({ signal })
await first.client.close()

const second = await openClient()
for (const { id, error } of second.failures) console.error(`${id} did not come back:`, error)
const [again] = second.torrents
await again?.whenFinished({ signal })
// #endregion

strictEqual(again?.id, torrent.id)
again.select('*.txt')
await again.whenFinished({ signal })
await second.client.close()
console.log(`It came back with its selection, and has ${again.status.completedPieces} pieces now.`)
