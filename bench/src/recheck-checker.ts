// Checks a torrent whose bytes are all there. node recheck-checker.js javascript|hashPiece|mmap TORRENT FOLDER FILE
// javascript: a storage handler that reads the file. hashPiece: one that hashes what it reads itself.
import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import type { NativeSessionOptions, StorageHandler } from '@bae/native'
import { allBits } from './all-bits.js'
import { openBenchSession } from './bench-session.js'

const [kind, torrentPath = '', savePath = '', path = ''] = process.argv.slice(2)

async function fromFile(): Promise<StorageHandler> {
  const file = await open(path)
  let pieceLengthBytes = 0
  let totalLengthBytes = 0
  const idle: Buffer<ArrayBuffer>[] = []
  const read = async (piece: number, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> => {
    const buffer = idle.pop() ?? Buffer.allocUnsafeSlow(pieceLengthBytes)
    const { bytesRead } = await file.read(buffer, 0, length, piece * pieceLengthBytes + offset)
    // Taken over as soon as the call has settled, which is before anything that comes in later.
    setImmediate(() => idle.push(buffer))
    return buffer.subarray(0, bytesRead)
  }
  const handler: StorageHandler = {
    openStorage: async (_index, _id, layout) => {
      ;({ pieceLengthBytes, totalLengthBytes } = layout)
      return { havePieces: allBits(Math.ceil(totalLengthBytes / pieceLengthBytes)) }
    },
    readPiece: async (_index, piece, offset, length) => read(piece, offset, length),
    writePiece: async () => {},
    completePiece: async () => {},
    clearPiece: async () => {},
    closeStorage: async () => file.close(),
  }
  if (kind !== 'hashPiece') return handler
  return {
    ...handler,
    hashPiece: async (_index, piece) => {
      const length = Math.min(pieceLengthBytes, totalLengthBytes - piece * pieceLengthBytes)
      // Not crypto.subtle: it copies what it hashes into fresh memory, and wipes that.
      return {
        sha1: createHash('sha1')
          .update(await read(piece, 0, length))
          .digest(),
      }
    },
  }
}

const options: Partial<NativeSessionOptions> = kind === 'mmap' ? {} : { handler: await fromFile() }
const { session, until } = await openBenchSession(options)
const torrentFile = await readFile(torrentPath)
// Neither knows anything of the torrent: libtorrent looks at what is there, as at a recheck.
const handle = await session.addTorrent({ torrentId: 'recheck', torrentFile, savePath })
await until('torrentChecked')
const { state } = session.torrentStatus(handle)
if (state !== 'seeding') throw new Error(`checked, and ${state}`)
await session.close()
