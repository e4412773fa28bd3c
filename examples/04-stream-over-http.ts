// Serves a file over HTTP while it is still being downloaded: a player may begin at once, and jump.
import { deepStrictEqual } from 'node:assert'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { TorrentClient } from '@bae/client'
import { createFolder, network, seedAlbum, song } from './loopback.js'

await using seed = await seedAlbum({ uploadBytesPerSecond: 2_000_000 })
await using folder = await createFolder()
await using client = new TorrentClient({}, { ...network, savePath: folder.path })
await client.start()
const torrent = await client.add(seed.torrentFile, { peers: seed.peers })
const file = torrent.files.find(({ name }) => name === 'song.txt')!

// #region readme
const server = createServer(async (request, response) => {
  const size = file.lengthBytes
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const offset = Number(first)
  const end = last === '' ? size : Math.min(size, Number(last) + 1)
  if (offset >= end) return response.writeHead(416, { 'content-range': `bytes */${size}` }).end()
  response.writeHead(request.headers.range ? 206 : 200, {
    'accept-ranges': 'bytes',
    'content-length': end - offset,
    'content-range': `bytes ${offset}-${end - 1}/${size}`,
  })
  // A player that leaves ends the stream, and with it the hurry.
  await pipeline(file.nodeStream({ range: { offset, length: end - offset } }), response).catch(() => {})
})
// #endregion

await once(server.listen(0, '127.0.0.1'), 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
const end = await fetch(url, { headers: { range: 'bytes=3000000-' } })
deepStrictEqual([end.status, new Uint8Array(await end.arrayBuffer())], [206, song.slice(3_000_000)])
const piecesThen = torrent.status.completedPieces
const whole = await fetch(url)
deepStrictEqual(new Uint8Array(await whole.arrayBuffer()), song)
server.close()
server.closeAllConnections()
console.log(`The end was played when ${piecesThen} of ${torrent.status.totalPieces} pieces were there.`)
