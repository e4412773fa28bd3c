// node --expose-gc soak.mjs [--minutes 10 | --seconds 20] [--seed N] [--log]
//
// Sessions, torrents and storages that are opened, changed, slow, failing and closed at random, for as long as told.
// Ends with 0 when nothing hung, nothing was called that may not be, and nothing was left behind. The seed of a run is
// its first line: the same seed makes the same choices, though not at the same moments.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { createNativeSession } from '../../dist/index.js'
import { createTestTorrent } from '../../dist/testing/index.js'
import { growth, processFigures } from './process-figures.mjs'
import { Random } from './random.mjs'
import { SoakLibrary, SoakStorage } from './soak-storage.mjs'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    log: { type: 'boolean', default: false },
  },
})
const runMs = values.minutes === undefined ? Number(values.seconds) * 1000 : Number(values.minutes) * 60_000
const storageDeadlineMs = 300
/** It ends what hangs: every storage call ends within its deadline, every close within a few of them, on a machine with time. */
const stepLimitMs = 60_000
/** How long what is left behind may take to go. */
const goneWithinMs = 30_000
const roundSteps = 80
const sessionOptions = { listenInterfaces: '127.0.0.1:0', storageDeadlineMs }
const settings = {
  enable_dht: false,
  enable_lsd: false,
  enable_upnp: false,
  enable_natpmp: false,
  allow_multiple_connections_per_ip: true,
  min_reconnect_time: 1,
  optimistic_disk_retry: 1,
}

const random = new Random(Number(values.seed))
const recent = []

function note(line) {
  recent.push(line)
  if (recent.length > 40) recent.shift()
  if (values.log) console.log(line)
}

function fail(what) {
  console.log(`FAILED: ${what}\nthe last steps:\n${recent.join('\n')}`)
  process.exit(1)
}

/** A promise that must settle; errors that belong to a session which changes at random are fine. */
async function step(what, work) {
  note(what)
  const timer = setTimeout(() => fail(`${what} did not end within ${stepLimitMs} ms`), stepLimitMs)
  try {
    return await work()
  } catch (error) {
    const known = [
      'NATIVE_SESSION_CLOSED',
      'NATIVE_UNKNOWN_TORRENT',
      'NATIVE_DUPLICATE_TORRENT',
      'NATIVE_RESUME_DATA_FAILED',
    ]
    if (!known.includes(error?.code)) fail(`${what}: ${error?.stack ?? error}`)
  } finally {
    clearTimeout(timer)
  }
}

const shapes = [
  { pieceLengthBytes: 16 * 1024, totalLengthBytes: 40 * 16 * 1024 + 7 },
  { pieceLengthBytes: 32 * 1024 },
  { pieceLengthBytes: 256 * 1024, totalLengthBytes: 3_000_001 },
  { pieceLengthBytes: 64 * 1024, fileLengths: [100_000, 31_072, 5, 65_531, 200_000] },
  { pieceLengthBytes: 1024 * 1024, totalLengthBytes: 4_194_305 },
]
const folder = await mkdtemp(join(tmpdir(), 'bae-soak-'))
const torrents = shapes.map((shape, number) => ({
  torrentId: `soak-${number}`,
  ...createTestTorrent(`soak ${number}`, shape),
}))
/** One for each of the two that download at a time: what one session has stored its successor finds. */
const libraries = [new SoakLibrary(torrents), new SoakLibrary(torrents)]

const everything = SoakLibrary.full(torrents)

/** The peer that has everything: a handler that never fails, so that it needs no files. */
async function openSeed() {
  const storage = new SoakStorage(everything, new Random(1), 0)
  const session = await createNativeSession({
    ...sessionOptions,
    settings,
    handler: storage,
    onAlert: () => {},
  })
  for (const torrent of torrents) {
    const havePieces = allBits(torrent.pieceCount)
    await session.addTorrent({ torrentId: torrent.torrentId, torrentFile: torrent.torrentFile, havePieces })
  }
  return session
}

function allBits(pieces) {
  const bits = new Uint8Array(Math.ceil(pieces / 8))
  for (let piece = 0; piece < pieces; piece++) bits[piece >> 3] |= 0x80 >> (piece & 7)
  return bits
}

/** One session that is soaked: with a handler, or now and then with libtorrent's own storage. */
async function openLeecher(place) {
  const faults = random.pick([0, 0, 0.01, 0.05, 0.3])
  const storage = new SoakStorage(libraries[place], random, faults)
  const own = random.chance(0.15)
  note(`open a session: ${own ? 'files' : `faults ${faults}`}`)
  const limits = random.chance(0.3) ? { maxPendingWriteBytes: 65_536, maxHalfPieceBytes: 65_536 } : {}
  const where = own ? { diskBackend: random.pick(['mmap', 'posix']) } : { handler: storage }
  const session = await createNativeSession({
    ...sessionOptions,
    ...limits,
    ...where,
    settings,
    onAlert: () => {},
  })
  return { session, storage, own, handles: new Map() }
}

const actions = {
  async add({ session, handles, own }, seed) {
    const torrent = random.pick(torrents)
    const { torrentId, torrentFile, magnetUri } = torrent
    const source = random.chance(0.2) ? { magnetUri } : { torrentFile }
    const paused = random.chance(0.1)
    const handle = await session.addTorrent({
      torrentId,
      ...source,
      paused,
      ...(own && { savePath: folder }),
    })
    handles.set(torrentId, handle)
    session.connectPeer(handle, '127.0.0.1', seed.listenPort)
  },
  async remove({ session, handles }) {
    const torrentId = pickKey(handles)
    if (torrentId === undefined) return
    const handle = handles.get(torrentId)
    handles.delete(torrentId)
    await session.removeTorrent(handle, { deleteData: random.chance(0.7) })
  },
  async recheck({ session, handles }) {
    withHandle(handles, (handle) => session.recheckTorrent(handle))
  },
  async pause({ session, handles }) {
    withHandle(handles, (handle) => session.pauseTorrent(handle))
  },
  async resume({ session, handles }, seed) {
    withHandle(handles, (handle) => {
      session.resumeTorrent(handle)
      session.connectPeer(handle, '127.0.0.1', seed.listenPort)
    })
  },
  async prioritize({ session, handles }) {
    withHandle(handles, (handle) => {
      const files = session.filePriorities(handle).map(() => random.pick([0, 1, 4, 7]))
      if (files.length === 0) return
      session.setFilePriorities(handle, files)
      session.setPieceDeadline(handle, 0, 100)
    })
  },
  async flags({ session, handles }) {
    withHandle(handles, (handle) => {
      session.setTorrentFlags(handle, {
        sequentialDownload: random.chance(0.5),
        uploadMode: random.chance(0.05),
      })
      session.setTorrentLimits(handle, { downloadBytesPerSecond: random.pick([0, 0, 2_000_000]) })
    })
  },
  async look({ session, handles }) {
    session.torrentStatuses()
    withHandle(handles, (handle) => {
      session.torrentPeers(handle)
      session.fileProgress(handle)
      session.pieceMap(handle)
    })
  },
  async save({ session, handles }) {
    const handle = handles.get(pickKey(handles))
    if (handle !== undefined) await session.saveResumeData(handle)
  },
  async settle({ session }) {
    session.applySettings({ max_queued_disk_bytes: random.pick([65_536, 1 << 20, 16 << 20]) })
  },
  async work(_leecher, seed) {
    await inWorker(seed)
  },
  async wait({ session, handles }, seed) {
    for (const handle of handles.values()) session.connectPeer(handle, '127.0.0.1', seed.listenPort)
    await delay(random.below(200))
  },
}
const often = [
  'add',
  'add',
  'add',
  'remove',
  'recheck',
  'recheck',
  'pause',
  'resume',
  'resume',
  'wait',
  'wait',
  'wait',
]
const choices = [...often, 'prioritize', 'flags', 'look', 'save', 'settle']

function pickKey(map) {
  return map.size === 0 ? undefined : random.pick([...map.keys()])
}

function withHandle(handles, use) {
  const handle = handles.get(pickKey(handles))
  if (handle !== undefined) use(handle)
}

/** A worker with a session of its own, which ends when it is done or is ended before. */
async function inWorker(seed) {
  const { torrentFile } = random.pick(torrents)
  const worker = new Worker(new URL('soak-worker.mjs', import.meta.url), {
    workerData: { torrentFile, port: seed.listenPort, settings, sessionOptions },
  })
  const exited = new Promise((resolve, reject) => {
    worker.once('exit', resolve)
    worker.once('error', reject)
  })
  // Node leaves files of modules open when a worker is ended while it loads them.
  await Promise.race([once(worker, 'message'), exited])
  await Promise.race([once(worker, 'message'), exited, delay(random.pick([10, 100, 500, 3000]))])
  await Promise.all([worker.terminate(), exited])
}

async function round(number) {
  const seed = await step('open the seed', openSeed)
  const leechers = [await step('open', () => openLeecher(0)), await step('open', () => openLeecher(1))]
  const workAt = number % 3 === 0 ? random.below(roundSteps) : -1
  for (let done = 0; done < roundSteps; done++) {
    const which = random.below(leechers.length)
    const name = done === workAt ? 'work' : random.pick(choices)
    await step(`${name} in session ${which}`, () => actions[name](leechers[which], seed))
    complainLoudly()
    if (!random.chance(0.02)) continue
    const old = leechers[which]
    await step('close a session', () => old.session.close())
    checkClosed(old)
    leechers[which] = await step('open', () => openLeecher(which))
  }
  // All at once, and the seed among them.
  await step('close all', () =>
    Promise.all([seed, ...leechers.map(({ session }) => session)].map((one) => one.close())),
  )
  for (const leecher of leechers) checkClosed(leecher)
}

function complainLoudly() {
  const complaints = libraries.flatMap((library) => library.complaints)
  if (complaints.length > 0) fail(complaints.join('\n'))
}

function checkClosed({ storage }) {
  if (storage.openCount > 0) fail(`${storage.openCount} storages were not closed with their session`)
}

console.log(`seed ${values.seed}, ${runMs / 1000} s`)
const endsAtMs = Date.now() + runMs
let rounds = 0
let baseline
do {
  await round(rounds++)
  // Before that the rounds load code and fill the pools and heaps that stay.
  if (rounds >= 2 && Date.now() >= endsAtMs - 0.7 * runMs) baseline ??= await processFigures()
} while (Date.now() < endsAtMs || baseline === undefined)
const goneAtMs = Date.now() + goneWithinMs
let end = await processFigures()
// A thread or a socket may still be ending.
while (growth(baseline, end).length > 0 && Date.now() < goneAtMs) end = await processFigures()
await rm(folder, { recursive: true, force: true })
complainLoudly()
const counts = libraries.map((library) => library.counts)
console.log(JSON.stringify({ rounds, counts, baseline, end }))
const grown = growth(baseline, end)
if (grown.length > 0) fail(grown.join('\n'))
console.log('nothing is left behind')
