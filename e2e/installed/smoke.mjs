// Runs where @bae/native was installed from its tarball: a torrent is made, seeded by one session from its folder,
// fetched by another into JavaScript, and announced to a tracker over TLS. Plain JavaScript, as nothing else is there.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { createNativeSession, createTorrentFile, libtorrentVersion, parseTorrentFile } from '@bae/native'

const limitMs = 120_000
const [folder, certificateFile] = process.argv.slice(2)
const pieceLengthBytes = 65_536
const original = Buffer.alloc(
  10 * pieceLengthBytes + 1234,
  'every piece of it differs a little from the last one, ',
)

setTimeout(() => {
  console.error('smoke: not done in time')
  process.exit(1)
}, limitMs).unref()

function memoryStorage(onComplete) {
  const bytes = Buffer.alloc(original.length)
  const completed = new Set()
  return {
    bytes,
    openStorage: async () => ({}),
    writePiece: async (_storageIndex, piece, offset, lent) => {
      bytes.set(lent, piece * pieceLengthBytes + offset)
    },
    readPiece: async (_storageIndex, piece, offset, length) => {
      const start = piece * pieceLengthBytes + offset
      return new Uint8Array(bytes.subarray(start, start + length))
    },
    completePiece: async (_storageIndex, piece) => {
      completed.add(piece)
      if (completed.size === 11) onComplete()
    },
    clearPiece: async () => {},
    closeStorage: async () => {},
  }
}

function startTracker(onAnnounce) {
  const pem = readFileSync(certificateFile)
  const server = createServer({ key: pem, cert: pem }, (_request, response) => {
    response.end('d8:intervali1800e5:peers0:e')
    onAnnounce()
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

const settings = {
  enable_dht: false,
  enable_lsd: false,
  enable_upnp: false,
  enable_natpmp: false,
  validate_https_trackers: false,
  allow_multiple_connections_per_ip: true,
}
const options = { listenInterfaces: '127.0.0.1:0', settings, onAlert: () => {} }

const announced = Promise.withResolvers?.() ?? deferred()
const completed = Promise.withResolvers?.() ?? deferred()
function deferred() {
  const parts = {}
  parts.promise = new Promise((resolve) => {
    parts.resolve = resolve
  })
  return parts
}

mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'song.bin'), original)
const tracker = await startTracker(announced.resolve)
const torrentFile = await createTorrentFile(join(folder, 'song.bin'), {
  pieceLengthBytes,
  trackers: [`https://127.0.0.1:${tracker.address().port}/announce`],
})
assert.equal(parseTorrentFile(torrentFile).layout.totalLengthBytes, original.length)

const seed = await createNativeSession(options)
const seeding = await seed.addTorrent({ torrentId: 'seed', torrentFile, savePath: folder, seedMode: true })
// Until it knows what it has it hangs up on whoever comes.
while (seed.torrentStatus(seeding).state !== 'seeding') await setImmediate()
const storage = memoryStorage(completed.resolve)
const peer = await createNativeSession({ ...options, handler: storage })
const handle = await peer.addTorrent({ torrentId: 'peer', torrentFile })
peer.connectPeer(handle, '127.0.0.1', seed.listenPort)
await completed.promise
await announced.promise
assert.deepEqual(storage.bytes, original)

// The process ends by itself, whatever was lent to a call that never settles.
const writing = deferred()
const never = new Promise(() => {})
const silent = {
  ...memoryStorage(() => {}),
  writePiece: () => {
    writing.resolve()
    return never
  },
}
const waiting = await createNativeSession({ ...options, handler: silent, storageDeadlineMs: 500 })
const waitingHandle = await waiting.addTorrent({ torrentId: 'waiting', torrentFile })
waiting.connectPeer(waitingHandle, '127.0.0.1', seed.listenPort)
await writing.promise
await Promise.all([seed.close(), peer.close(), waiting.close()])
tracker.close()
tracker.closeAllConnections()
console.log(`smoke: ok, Node ${process.version}, libtorrent ${libtorrentVersion()}`)
