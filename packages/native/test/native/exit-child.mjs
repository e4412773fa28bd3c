// @ts-check
// Started by exit-cleanly.test.ts with a way to end and a folder for the seed: opens a session whose first write
// never settles, then ends that way.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { createNativeSession } from '../../dist/index.js'
import { createTestTorrent } from '../../dist/testing/index.js'

const options = {
  listenInterfaces: '127.0.0.1:0',
  onAlert: () => {},
  settings: {
    enable_dht: false,
    enable_lsd: false,
    enable_upnp: false,
    enable_natpmp: false,
    allow_multiple_connections_per_ip: true,
  },
}
const torrent = createTestTorrent('exit')
const [, , way, folder = ''] = process.argv
writeFileSync(join(folder, torrent.name), torrent.bytes)
const seed = await createNativeSession(options)
const seeding = await seed.addTorrent({
  torrentId: 'seed',
  torrentFile: torrent.torrentFile,
  savePath: folder,
  seedMode: true,
})
// Until then it hangs up on whoever comes.
while (seed.torrentStatus(seeding).state !== 'seeding') await setImmediate()

const never = new Promise(() => {})
/** @type {() => void} */
let noteWrite = () => {}
const writing = new Promise((resolve) => {
  noteWrite = () => resolve(undefined)
})
const session = await createNativeSession({
  ...options,
  handler: {
    openStorage: async () => ({}),
    writePiece: () => {
      noteWrite()
      return /** @type {Promise<void>} */ (never)
    },
    readPiece: async () => new Uint8Array(),
    completePiece: async () => {},
    clearPiece: async () => {},
    closeStorage: async () => {},
  },
})
const handle = await session.addTorrent({ torrentId: 'leech', torrentFile: torrent.torrentFile })
session.connectPeer(handle, '127.0.0.1', seed.listenPort)
await writing

switch (way) {
  case 'exit':
    process.exit(7)
    break
  case 'throw':
    throw new Error('thrown on purpose')
  case 'exit-in-close':
    void session.close()
    void seed.close()
    process.exit(7)
    break
  case 'close':
    await session.close()
    await seed.close()
    console.log('closed')
    break
  case 'stay':
    parentPort?.postMessage('writing')
    await never
}
