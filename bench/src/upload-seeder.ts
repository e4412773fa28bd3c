// Seeds a torrent to one peer until that has everything. node upload-seeder.js javascript|mmap TORRENT FOLDER HOST PORT
// javascript: a storage handler whose bytes are in memory. mmap: libtorrent's own, with the file in the page cache.
// The leecher does not look at the bytes: those in memory are the same few over and over, as the pages of a file as
// large as the torrent would cost more to get from the kernel than to send.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type NativeSessionOptions, parseTorrentFile, type StorageHandler } from '@bae/native'
import { allBits } from './all-bits.js'
import { openBenchSession } from './bench-session.js'

const [kind, torrentPath = '', savePath = '', host = '', port = ''] = process.argv.slice(2)
/** More than the caches of a processor hold. */
const memoryBytes = 64 << 20

/** Every piece is there, and a read is a view of it: what remains is the border. */
function inMemory(): StorageHandler {
  const bytes = randomBytes(memoryBytes)
  let pieceLengthBytes = 0
  return {
    openStorage: async (_index, _id, layout) => {
      pieceLengthBytes = layout.pieceLengthBytes
      const pieces = Math.ceil(layout.totalLengthBytes / pieceLengthBytes)
      return { havePieces: allBits(pieces) }
    },
    readPiece: async (_index, piece, offset, length) => {
      const start = (piece * pieceLengthBytes + offset) % memoryBytes
      return bytes.subarray(start, start + length)
    },
    writePiece: async () => {
      throw new Error('a seed writes nothing')
    },
    completePiece: async () => {},
    clearPiece: async () => {},
    closeStorage: async () => {},
  }
}

const options: Partial<NativeSessionOptions> = kind === 'javascript' ? { handler: inMemory() } : {}
const { session, until } = await openBenchSession(options)
const torrentFile = await readFile(torrentPath)
// Both believe what they are told: a check would be the larger part of what is measured.
const { layout } = await parseTorrentFile(torrentFile)
const havePieces = allBits(Math.ceil(layout.totalLengthBytes / layout.pieceLengthBytes))
const handle = await session.addTorrent({ torrentId: 'upload', torrentFile, savePath, havePieces })
await until('torrentChecked')
session.connectPeer(handle, host, Number(port))
// The other side says when it has all: by going away.
let hadPeer = false
for (;;) {
  const { peers } = session.torrentStatus(handle)
  if (hadPeer && peers === 0) break
  hadPeer ||= peers > 0
  await new Promise((resolve) => setTimeout(resolve, 20))
}
await session.close()
