// client-node STORAGE TORRENT FOLDER: a TorrentClient with one torrent, in a library or in files. A line of JSON says its
// address, one that all is there. A line on stdin is a place in the file: a line says how long its first byte took; or it is
// 'usage', for the CPU seconds of its database server so far; or 'end'.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { TorrentClient } from '@bae/client'
import type { TorrentId } from '@bae/storage'
import { openBenchLibrary } from './bench-library.js'
import { quietNetwork } from './many-torrents.js'

const [storage, torrentPath = '', folder = ''] = process.argv.slice(2)
const id = '0199c0de-0000-7000-8000-000000000001' as TorrentId
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

const library = storage === 'library' ? await openBenchLibrary(folder) : undefined
const client = new TorrentClient(library === undefined ? {} : { createStorage: library.createStorage }, {
  listenInterfaces: '127.0.0.1:0',
  settings: { ...quietNetwork, allow_multiple_connections_per_ip: true, unchoke_slots_limit: -1 },
  savePath: join(folder, 'content'),
})
await client.start()
const torrent = await client.add(await readFile(torrentPath), { id })
say({ address: `127.0.0.1:${torrent.listenPort}` })
torrent.whenFinished().then(
  () => say({ complete: true }),
  () => {},
)

for await (const line of createInterface(process.stdin)) {
  if (line === 'end') break
  if (line === 'usage') {
    say({ usage: (await library?.serverCpuSeconds()) ?? 0 })
    continue
  }
  const startMs = performance.now()
  const range = { offset: Number(line), length: 1 }
  for await (const _ of torrent.files[0]?.stream({ range }) ?? []) say({ ms: performance.now() - startMs })
}
process.stdin.destroy()
await client.close()
await library?.[Symbol.asyncDispose]()
