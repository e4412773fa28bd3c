import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, it } from 'vitest'
import { createNativeSession, type NativeSession, type NativeSessionOptions } from '../../src/index.js'
import { createHeldCall } from '../../src/testing/held-call.js'
import type { TestSeed } from '../../src/testing/native-subject.js'
import { RecordingStorage } from '../../src/testing/recording-storage.js'
import { createTestTorrent, type TestTorrent } from '../../src/testing/test-torrent.js'
import { LOOPBACK_SETTINGS, seedFromFile } from './files-seed.js'

const BLOCK_BYTES = 16 * 1024

let seed: TestSeed | undefined
let session: NativeSession | undefined

afterEach(async () => {
  await session?.close()
  await seed?.close()
})

/** A session with these limits, and a seed of the torrent that it downloads from. */
async function openSession(
  torrent: TestTorrent,
  storage: RecordingStorage,
  limits: Partial<NativeSessionOptions>,
) {
  const from = await seedFromFile(torrent)
  seed = from
  const opened = await createNativeSession({
    handler: storage,
    onAlert: storage.onAlert,
    listenInterfaces: '127.0.0.1:0',
    settings: LOOPBACK_SETTINGS,
    ...limits,
  })
  session = opened
  const download = async (torrentId: string) => {
    const handle = await opened.addTorrent({ torrentId, torrentFile: torrent.torrentFile })
    opened.connectPeer(handle, from.host, from.port)
    return handle
  }
  return { session: opened, download }
}

it.each([
  ['half pieces', { maxHalfPieceBytes: 2 * BLOCK_BYTES }],
  ['pieces that wait for JavaScript', { maxPendingWriteBytes: 1 }],
  ['both', { maxHalfPieceBytes: 1, maxPendingWriteBytes: 1 }],
])('completes a download whatever the limit for %s', async (_, limits) => {
  const torrent = createTestTorrent('limited', { pieceLengthBytes: 16 * BLOCK_BYTES })
  const storage = new RecordingStorage()
  // Parts that were handed over early are asked for again when the piece is whole.
  storage.source = torrent
  storage.before = (call) => (call.name === 'writePiece' ? delay(5) : undefined)
  const opened = await openSession(torrent, storage, limits)
  await opened.download('limited')
  await storage.until('all pieces are there', () => storage.completedPieces().length === torrent.pieceCount)

  const parts = storage.writes.map(({ offset, bytes }) => ({ offset, length: bytes.length }))
  expect(parts.every(({ offset }) => offset % BLOCK_BYTES === 0)).toBe(true)
  expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(torrent.bytes.length)
  // A hash that comes while a part is on its way must not read the piece from JavaScript yet.
  expect(storage.alerted('hashFailed')).toBe(false)
  const spilled = parts.length > torrent.pieceCount
  expect(spilled).toBe('maxHalfPieceBytes' in limits)
})

it('lent pieces do not make the garbage collector run, which could free nothing of them', async () => {
  const mebibyte = 1024 * 1024
  // V8 would take 64 MiB of memory outside its heap for a reason.
  const shape = { pieceLengthBytes: mebibyte, totalLengthBytes: 96 * mebibyte }
  const torrent = createTestTorrent('lent', shape)
  const storage = new RecordingStorage()
  const held = createHeldCall()
  storage.before = (call) => (call.name === 'writePiece' ? held.promise : undefined)
  const opened = await openSession(torrent, storage, { maxPendingWriteBytes: 2 * shape.totalLengthBytes })
  endCollections()
  const collections: PerformanceEntry[] = []
  const observer = new PerformanceObserver((seen) => {
    collections.push(...seen.getEntries().filter(isMajor))
  })
  observer.observe({ entryTypes: ['gc'] })
  await opened.download('lent')
  const count = torrent.pieceCount
  await storage.until('all pieces are lent', () => storage.calls('writePiece').length === count)
  collections.push(...observer.takeRecords().filter(isMajor))
  observer.disconnect()
  held.release()
  expect(collections).toEqual([])
})

/** What the test itself gave reason for is over. */
function endCollections(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

/** Not one that V8 makes because the process has been quiet for some seconds: only that has this flag and no other. */
function isMajor(entry: PerformanceEntry): boolean {
  const { kind, flags } = (entry as { detail?: { kind?: number; flags?: number } }).detail ?? {}
  const isOfQuiet = flags === constants.NODE_PERFORMANCE_GC_FLAGS_ALL_EXTERNAL_MEMORY
  return kind === constants.NODE_PERFORMANCE_GC_MAJOR && !isOfQuiet
}

it('44 max_queued_disk_bytes: waiting peers go on when it is raised', async () => {
  const torrent = createTestTorrent('raised', { totalLengthBytes: 64 * 32 * 1024 })
  const storage = new RecordingStorage()
  const held = createHeldCall()
  storage.before = (call) => (call.name === 'writePiece' ? held.promise : undefined)
  const opened = await openSession(torrent, storage, { maxPendingWriteBytes: 1 })
  const handle = await opened.download('raised')
  await storage.until('a piece waits', () => storage.calls('writePiece').length > 0)
  // Nothing says that a peer has stopped but that nothing comes for a while.
  let before = -1
  for (;;) {
    const now = opened.session.torrentStatus(handle).downloadedBytes
    if (now === before) break
    before = now
    await delay(300)
  }
  expect(storage.calls('writePiece').length).toBeLessThan(torrent.pieceCount / 2)
  opened.session.applySettings({ max_queued_disk_bytes: 1024 * 1024 * 1024 })
  await storage.until('all pieces wait', () => storage.calls('writePiece').length === torrent.pieceCount)
  held.release()
  await storage.until('all pieces are there', () => storage.completedPieces().length === torrent.pieceCount)
})
