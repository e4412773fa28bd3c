// Fetches a torrent from a peer on this machine into a Map: libtorrent with a storage of a few lines.
import { strictEqual } from 'node:assert'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { createNativeSession, createTorrentFile } from '@bae/native'

const poem = 'A piece is whole before it is here. \n'.repeat(100_000)
const folder = await mkdtemp(join(tmpdir(), 'bae-example-'))
await writeFile(join(folder, 'poem.txt'), poem)
const torrentFile = await createTorrentFile(join(folder, 'poem.txt'))

// The peer: a session without a handler, which keeps its torrent as an ordinary file.
const listenInterfaces = '127.0.0.1:0'
const settings = { enable_dht: false, enable_lsd: false, enable_upnp: false, enable_natpmp: false }
const seed = await createNativeSession({ onAlert: () => {}, listenInterfaces, settings })
const seeding = await seed.addTorrent({ torrentId: 'poem', torrentFile, savePath: folder, seedMode: true })
// Until it knows what it has it hangs up on whoever comes.
while (seed.torrentStatus(seeding).state !== 'seeding') await setImmediate()
const peers = [{ host: '127.0.0.1', port: seed.listenPort }]

let finish = () => {}
const finished = new Promise<void>((resolve) => {
  finish = resolve
})

// #region readme
const pieces = new Map<number, Uint8Array>()
const session = await createNativeSession({
  listenInterfaces,
  settings,
  onAlert: (alert) => alert.type === 'torrentFinished' && finish(),
  handler: {
    openStorage: async () => ({}),
    // The bytes are lent until this settles: a copy stays. Small pieces come whole.
    writePiece: async (_, piece, _offset, bytes) => void pieces.set(piece, bytes.slice()),
    readPiece: async (_, piece, at, length) => pieces.get(piece)!.slice(at, at + length),
    completePiece: async () => {},
    clearPiece: async () => {},
    closeStorage: async () => {},
  },
})
await session.addTorrent({ torrentId: 'poem', torrentFile, peers })
await finished
await session.close()
// #endregion

await seed.close()
await rm(folder, { recursive: true })
const inOrder = [...pieces].toSorted(([a], [b]) => a - b).map(([, bytes]) => bytes)
const text = Buffer.concat(inOrder).toString()
strictEqual(text, poem)
console.log(`${pieces.size} pieces came into a Map, ${text.length} bytes in all.`)
