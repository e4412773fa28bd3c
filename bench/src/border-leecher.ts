// Downloads into nothing. node border-leecher.js javascript|disabled TORRENT HOST PORT
// javascript: every piece goes to a storage handler that forgets it. disabled: libtorrent's own disabled_disk_io,
// which hashes nothing, so that the session must be told not to mind.
import { readFile } from 'node:fs/promises'
import type { NativeSessionOptions, StorageHandler } from '@bae/native'
import { openBenchSession } from './bench-session.js'

const [kind, torrentPath = '', host = '', port = ''] = process.argv.slice(2)

const forgetful: StorageHandler = {
  openStorage: async () => ({}),
  writePiece: async () => {},
  readPiece: async (_index, _piece, _offset, length) => new Uint8Array(length),
  completePiece: async () => {},
  clearPiece: async () => {},
  closeStorage: async () => {},
}
const options: Partial<NativeSessionOptions> =
  kind === 'javascript'
    ? { handler: forgetful }
    : { diskBackend: 'disabled', settings: { disable_hash_checks: true } }

const { session, until } = await openBenchSession(options)
const torrentFile = await readFile(torrentPath)
const handle = await session.addTorrent({ torrentId: 'border', torrentFile, savePath: '/tmp' })
session.connectPeer(handle, host, Number(port))
await until('torrentFinished')
await session.close()
