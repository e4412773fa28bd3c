import { readFile } from 'node:fs/promises'
import { createNativeSession } from '@bae/native'

// What does libtorrent's own mmap storage cost in a Node process that does nothing else?
// node mmap-leecher.js TORRENT FOLDER HOST PORT

const [torrentPath = '', savePath = '', host = '', port = ''] = process.argv.slice(2)
const torrentFile = await readFile(torrentPath)

let finish: (error?: Error) => void = () => {}
const finished = new Promise<void>((resolve, reject) => {
  finish = (error) => (error === undefined ? resolve() : reject(error))
})
await using session = await createNativeSession({
  listenInterfaces: '127.0.0.1:0',
  settings: {
    enable_dht: false,
    enable_lsd: false,
    enable_upnp: false,
    enable_natpmp: false,
    enable_outgoing_utp: false,
  },
  onAlert: (alert) => {
    if (alert.type === 'torrentFinished') finish()
    if (alert.type === 'torrentError') finish(new Error(alert.message))
  },
})
const handle = await session.addTorrent({ torrentId: 'mmap', torrentFile, savePath })
session.connectPeer(handle, host, Number(port))
await finished
