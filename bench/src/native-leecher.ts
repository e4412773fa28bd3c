// What does libtorrent's own storage cost in a Node process that does nothing else?
// node native-leecher.js mmap|posix SETTINGS TORRENT FOLDER HOST:PORT... SETTINGS: of libtorrent, as JSON, beside the usual.
import { readFile } from 'node:fs/promises'
import type { SessionSettings } from '@bae/native'
import { openBenchSession } from './bench-session.js'

const [kind, settings = '{}', torrentPath = '', savePath = '', ...addresses] = process.argv.slice(2)
const torrentFile = await readFile(torrentPath)
const { session, until } = await openBenchSession({
  diskBackend: kind === 'posix' ? 'posix' : 'mmap',
  settings: JSON.parse(settings) as SessionSettings,
})
const handle = await session.addTorrent({ torrentId: 'leech', torrentFile, savePath })
for (const address of addresses) {
  const [host = '', port = ''] = address.split(':')
  session.connectPeer(handle, host, Number(port))
}
await until('torrentFinished')
await session.close()
