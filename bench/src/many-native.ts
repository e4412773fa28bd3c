// many-native FOLDER: a native session with libtorrent's own disk storage, to which every .torrent of the folder is added,
// and nothing else. A line on stdin ends it.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createNativeSession } from '@bae/native'
import { quietNetwork } from './many-torrents.js'

const folder = process.argv[2] ?? ''
const session = await createNativeSession({
  listenInterfaces: '127.0.0.1:0',
  settings: quietNetwork,
  onAlert: () => {},
})
for (const name of await readdir(folder)) {
  const torrentFile = await readFile(join(folder, name))
  await session.addTorrent({ torrentId: name, torrentFile, savePath: join(folder, '..', 'content') })
}
process.stdout.write('added\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
await session.close()
process.stdin.unref()
