// What crash-points.test.ts kills: lives through the whole life of four torrents, and dies where it is told to.
// Says on its output what was promised to it, before it goes on.
import { writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { deserialize } from 'node:v8'

const plan = deserialize(await readFile(process.argv[2]))
const { diesAt, hit, directory, url, schema, dist } = plan
const storage = await import(`${dist}/index.js`)
const { openTypeOrmDatabase } = await import(`${dist}/typeorm/index.js`)

function say(...line) {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

let hits = 0
globalThis[Symbol.for('bae.crashPoint')] = (name) => {
  if (diesAt === undefined) say('point', name)
  else if (name === diesAt && ++hits === hit) process.kill(process.pid, 'SIGKILL')
}

const chunkStore = await storage.DirectoryChunkStore.open(directory)
const database = await openTypeOrmDatabase({ url, schema })

async function open(index, durability, { store = chunkStore, fence } = {}) {
  const { id, layout, metadata, chunkSizeBytes } = plan.torrents[index].record
  const deps = { chunkStore: store, database }
  const options = { chunkSizeBytes, durability, fenceOf: () => fence }
  const factory = storage.createStorageFactory(deps, options)
  const opened = await factory(id, layout, metadata)
  say('added', index)
  return opened
}

async function write(opened, index, piece) {
  const { bytes, record } = plan.torrents[index]
  const { pieceLengthBytes } = record.layout
  const start = piece * pieceLengthBytes
  await opened.writePiece(piece, 0, bytes.subarray(start, start + pieceLengthBytes))
  say('written', index, piece)
}

async function complete(opened, index, piece) {
  await write(opened, index, piece)
  await opened.completePiece(piece)
  say('completed', index, piece)
}

function pieces(index) {
  const { layout } = plan.torrents[index].record
  return Array.from({ length: storage.pieceCount(layout) }, (_, piece) => piece)
}

/** Out of order, and a few at a time, as peers bring them. */
async function completeAll(opened, index, list) {
  const order = list.toSorted((a, b) => ((a * 7) % 5) - ((b * 7) % 5))
  for (let first = 0; first < order.length; first += 3) {
    await Promise.all(order.slice(first, first + 3).map((piece) => complete(opened, index, piece)))
  }
}

async function destroy(index) {
  say('destroying', index)
  await storage.destroyTorrent({ chunkStore, database }, plan.torrents[index].record.id)
  say('destroyed', index)
}

// A first torrent, of which two pieces are lost and come again.
const first = await open(0, 'process')
await completeAll(first, 0, pieces(0))
say('losing', 0, 2)
await complete(first, 0, 2)
say('losing', 0, 4)
await first.clearPiece(4)
await complete(first, 0, 4)
await first.close()

// A second one that flushes at once, and leaves pieces that are stored and not recorded, which the next writer takes over.
const second = await open(1, 'power', { fence: 1 })
const [kept, ...recorded] = pieces(1)
await completeAll(second, 1, recorded)
await write(second, 1, kept)
await second.close()
const again = await open(1, 'power', { fence: 2 })
say('completed', 1, kept)
await again.close()

// A third one with a file of the first, and an object that comes from elsewhere.
const third = await open(2, 'process')
await completeAll(third, 2, pieces(2))
await third.close()
await chunkStore.put(plan.object.key, plan.object.bytes)

// A fifth one, which has that file by its root, and the rest from elsewhere.
const fifth = await open(4, 'process')
const adopted = await fifth.completedPieces()
const isAdopted = (piece) => (adopted[piece >> 3] & (0x80 >> (piece & 7))) !== 0
const [, ...others] = pieces(4).filter((piece) => !isAdopted(piece))
await completeAll(fifth, 4, others)
await fifth.close()

// The records of all of it once more, as if they had been lost.
const rebuilt = await openTypeOrmDatabase({ url, schema: `${schema}_again` })
for await (const { error } of storage.rebuildDatabase({ chunkStore, database: rebuilt }))
  if (error) throw error
await rebuilt.close()

// What a crash may have left.
const stranger = { torrentId: plan.stranger, fileIndex: 0, chunk: 0 }
await chunkStore.staging.write(stranger, 0, plan.object.bytes)
for await (const garbage of storage.collectGarbage({ chunkStore, database })) say('garbage', garbage.name)

await destroy(4)
await destroy(2)
await destroy(1)

// A cache before a remote store: for the fourth torrent a part of the first one goes, and comes back to be read.
const remote = await storage.DirectoryChunkStore.open(plan.remoteDirectory)
const { capacityBytes, chunkSizeBytes } = plan
const cache = await storage.CacheManager.open(
  { local: chunkStore, remote, database },
  { capacityBytes, chunkSizeBytes },
)
const old = await open(0, 'process', { store: cache })
await cache.freeBytes()
say('bounded')
await cache.whenUploaded()
const fourth = await open(3, 'process', { store: cache })
for (const piece of pieces(3)) await complete(fourth, 3, piece)
await fourth.close()
await cache.whenUploaded()
// Whichever chunk has gone: not each has the first byte of a piece.
const { pieceLengthBytes, totalLengthBytes } = plan.torrents[0].record.layout
for (const piece of pieces(0)) {
  await old.readPiece(piece, 0, Math.min(pieceLengthBytes, totalLengthBytes - piece * pieceLengthBytes))
}
await old.close()
await cache.close()
await database.close()
