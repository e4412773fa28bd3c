// Fetches a torrent from a peer on this machine into memory, and gives its bytes back.
import { strictEqual } from 'node:assert'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { TorrentClient } from '@bae/client'
import { createNativeSession, createTorrentFile } from '@bae/native'
import { createStorageFactory, MemoryChunkStore, MemoryDatabase } from '@bae/storage'

const listenInterfaces = '127.0.0.1:0'
const network = {
  listenInterfaces,
  enableDht: false,
  enableLsd: false,
  enableUpnp: false,
  enableNatPmp: false,
}
const poem = 'Bytes that know what they are. \n'.repeat(200_000)
const folder = await mkdtemp(join(tmpdir(), 'bae-example-'))
await writeFile(join(folder, 'poem.txt'), poem)

// The peer: a second session, which keeps its torrent as an ordinary file.
const torrentFile = await createTorrentFile(join(folder, 'poem.txt'))
const seed = await createNativeSession({ onAlert: () => {}, listenInterfaces })
const seeding = await seed.addTorrent({ torrentId: 'poem', torrentFile, savePath: folder, seedMode: true })
// Until it knows what it has it hangs up on whoever comes.
while (seed.torrentStatus(seeding).state !== 'seeding') await setImmediate()
const peers = [{ host: '127.0.0.1', port: seed.listenPort }]

let text = ''
const show = (bytes: Uint8Array) => {
  text += new TextDecoder().decode(bytes)
}

// #region readme
const chunkStore = new MemoryChunkStore()
const createStorage = createStorageFactory({ chunkStore, database: new MemoryDatabase() })
const client = new TorrentClient({ createStorage }, network)
await client.start()

const torrent = await client.add({ torrentFile }, { peers })
await torrent.whenFinished({ signal: AbortSignal.timeout(120_000) })
for await (const bytes of torrent.readFile(0)) show(bytes)

await client.close()
// #endregion

await seed.close()
await rm(folder, { recursive: true })
strictEqual(text, poem)
let chunks = 0
for await (const _ of chunkStore.list('')) chunks += 1
console.log(`${text.length} bytes came back. Equal chunks are kept once: the store holds ${chunks}.`)
