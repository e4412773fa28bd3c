import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NativeAlert } from '../native-alert.js'
import {
  allPieces,
  completedOf,
  type Download,
  type NativeSessionSubject,
  type Scene,
  startDownload,
  untilCompleted,
  withScene,
} from './native-subject.js'
import { RecordingStorage } from './recording-storage.js'
import type { TestApi } from './test-api.js'
import { pieceBits, type TestTorrent } from './test-torrent.js'

/** What can be asked of and changed about torrents and the session. */
export function controlClauses({ it }: TestApi, subject: NativeSessionSubject): void {
  it('fetches only pieces of files that are wanted, and the others once they are', async () => {
    await withScene(subject, async (scene) => {
      const torrent = scene.createTorrent('selected', { files: { a: 4 * 32 * 1024, b: 2 * 32 * 1024 } })
      const storage = new RecordingStorage()
      const session = await scene.openSession(storage)
      const { torrentFile } = torrent
      const request = { torrentId: 'selected', torrentFile, filePriorities: [0, 4] }
      const handle = await session.addTorrent(request)
      await storage.until('it is checked', () => storage.alerted('torrentChecked'))
      assert.deepEqual(session.piecePriorities(handle), [0, 0, 0, 0, 4, 4])
      const seed = await scene.seed(torrent)
      session.connectPeer(handle, seed.host, seed.port)
      const download = { storage, session, torrent, torrentId: 'selected', handle }
      await untilCompleted(download, [4, 5])
      assert.deepEqual(completedOf(download), [4, 5])
      assert.deepEqual(session.fileProgress(handle), [0, 2 * 32 * 1024])
      session.setFilePriorities(handle, [4, 4])
      session.connectPeer(handle, seed.host, seed.port)
      await untilCompleted(download)
    })
  })

  it('refuses priorities and pieces that the torrent does not have', async () => {
    await withScene(subject, async (scene) => {
      const { session, handle, torrent } = await openChecked(scene, 'refused', [])
      const invalid = { code: 'NATIVE_INVALID_ARGUMENT' }
      assert.throws(() => session.setFilePriorities(handle, [4, 4]), invalid)
      assert.throws(() => session.setPiecePriorities(handle, [8]), invalid)
      assert.throws(() => session.setPieceDeadline(handle, torrent.pieceCount, 0), invalid)
      assert.throws(() => session.setTorrentLimits(handle, { maxConnections: 1 }), invalid)
    })
  })

  it('leaves a piece that loses its deadline with the lowest priority', async () => {
    await withScene(subject, async (scene) => {
      const { session, handle, torrent } = await openChecked(scene, 'deadlines', [])
      session.setPieceDeadline(handle, 2, 0)
      session.resetPieceDeadline(handle, 2)
      const expected = allPieces(torrent).map((piece) => (piece === 2 ? 1 : 4))
      assert.deepEqual(session.piecePriorities(handle), expected)
      session.setPiecePriorities(
        handle,
        allPieces(torrent).map(() => 4),
      )
      assert.deepEqual(new Set(session.piecePriorities(handle)), new Set([4]))
    })
  })

  it('keeps flags, limits, trackers and web seeds as they are set', async () => {
    await withScene(subject, async (scene) => {
      const { session, handle } = await openChecked(scene, 'kept', [])
      session.setTorrentFlags(handle, { sequentialDownload: true, uploadMode: true })
      session.setTorrentFlags(handle, { uploadMode: false })
      const flags = session.torrentFlags(handle)
      assert.deepEqual([flags.sequentialDownload, flags.uploadMode], [true, false])
      session.setTorrentLimits(handle, { maxUploads: 3 })
      assert.equal(session.torrentLimits(handle).maxUploads, 3)
      session.addTracker(handle, { url: 'udp://127.0.0.1:9/b', tier: 1 })
      session.addTracker(handle, { url: 'udp://127.0.0.1:9/a' })
      const urls = () => session.trackers(handle).map(({ url }) => url)
      assert.deepEqual(urls(), ['udp://127.0.0.1:9/a', 'udp://127.0.0.1:9/b'])
      session.replaceTrackers(handle, [{ url: 'udp://127.0.0.1:9/c' }])
      assert.deepEqual(urls(), ['udp://127.0.0.1:9/c'])
      session.addWebSeed(handle, 'http://127.0.0.1:9/a/')
      session.removeWebSeed(handle, 'http://127.0.0.1:9/a/')
      session.addWebSeed(handle, 'http://127.0.0.1:9/b/')
      assert.deepEqual(session.webSeeds(handle), ['http://127.0.0.1:9/b/'])
    })
  })

  it('tells of many torrents at once', async () => {
    await withScene(subject, async (scene) => {
      const { session, handle, torrent } = await openChecked(scene, 'described', [0, 1])
      const [status] = session.torrentStatuses([handle])
      assert.equal(status?.hasMetadata, true)
      assert.equal(status.totalBytes, torrent.bytes.length)
      assert.equal(status.wantedDoneBytes, 2 * torrent.pieceLengthBytes)
      assert.equal(session.torrentStatuses().length, 1)
      assert.deepEqual(session.pieceMap(handle), pieceBits(torrent, [0, 1]))
      assert.throws(() => session.torrentStatuses([handle + 1]), { code: 'NATIVE_UNKNOWN_TORRENT' })
    })
  })

  it('tells which torrents changed since it was asked last', async () => {
    await withScene(subject, async (scene) => {
      const { session, storage, handle } = await openChecked(scene, 'updated', [0, 1])
      const update = async () => {
        const updates = () => storage.alerts.filter((alert) => alert.type === 'torrentsUpdated')
        const before = updates().length
        session.postTorrentUpdates()
        await storage.until('the update is there', () => updates().length > before)
        return updates()
          .at(-1)
          ?.torrents.map(({ handle, paused }) => ({ handle, paused }))
      }
      assert.deepEqual(await update(), [{ handle, paused: false }])
      assert.deepEqual(await update(), [])
      session.pauseTorrent(handle)
      assert.deepEqual(await update(), [{ handle, paused: true }])
    })
  })

  it('finds at a recheck what is right, and completes it again', async () => {
    await withScene(subject, async (scene) => {
      const opened = await openChecked(scene, 'rechecked', [0, 1, 2])
      const { storage, session, handle, torrent } = opened
      const damaged = Uint8Array.from(torrent.bytes)
      damaged.fill(0, torrent.pieceLengthBytes)
      storage.source = { bytes: damaged, pieceLengthBytes: torrent.pieceLengthBytes }
      storage.alerts.length = 0
      const completions = (piece: number) => completedOf(opened).filter((one) => one === piece).length
      const before = completions(0)
      session.recheckTorrent(handle)
      await storage.until('it is checked again', () => storage.alerted('torrentChecked'))
      assert.deepEqual(session.pieceMap(handle), pieceBits(torrent, [0]))
      await storage.until('piece 0 is completed again', () => completions(0) > before)
      // Where what the storage said is there is told complete too, that may come late, and comes once.
      assert.ok(completions(1) <= 1)
      assert.ok(completions(2) <= 1)
    })
  })

  it('begins with the peers, limits and trackers of the request, and resolves an info hash by a peer', async () => {
    await withScene(subject, async (scene) => {
      const torrent = scene.createTorrent('by-hash')
      const seed = await scene.seed(torrent)
      const storage = new RecordingStorage()
      const session = await scene.openSession(storage)
      const handle = await session.addTorrent({
        torrentId: 'by-hash',
        infoHash: torrent.infoHashV1,
        peers: [{ host: seed.host, port: seed.port }],
        limits: { maxUploads: 5 },
        trackers: [{ url: 'udp://127.0.0.1:9/a' }],
      })
      assert.equal(session.torrentLimits(handle).maxUploads, 5)
      assert.deepEqual(
        session.trackers(handle).map(({ url }) => url),
        ['udp://127.0.0.1:9/a'],
      )
      await untilCompleted({ storage, session, torrent, torrentId: 'by-hash', handle })
      assert.ok(storage.alerted('metadataReceived'))
    })
  })

  it('keeps settings and blocked addresses, and counts', async () => {
    await withScene(subject, async (scene) => {
      const { session, torrent, ...download } = await startDownload(scene, { name: 'counted' })
      await untilCompleted({ session, torrent, ...download })
      session.applySettings({ user_agent: 'tested' })
      assert.equal(session.settings().user_agent, 'tested')
      session.setIpFilter([{ first: '10.0.0.1' }])
      assert.deepEqual(session.ipFilter(), [{ first: '10.0.0.1', last: '10.0.0.1' }])
      const statistics = await session.statistics()
      assert.ok((statistics['net.recv_payload_bytes'] ?? 0) >= torrent.bytes.length)
      assert.equal(statistics['ses.num_seeding_torrents'], 1)
    })
  })

  it('keeps torrents in a folder without a handler, and knows them again by their resume data', async () => {
    await withFolder((folder) =>
      withScene(subject, async (scene) => {
        const torrent = scene.createTorrent('in-a-folder')
        const seed = await scene.seed(torrent)
        const { torrentFile } = torrent
        const request = { torrentId: 'in-a-folder', torrentFile, savePath: folder }
        const first = await openFiles(scene)
        const handle = await first.session.addTorrent(request)
        first.session.connectPeer(handle, seed.host, seed.port)
        await first.until(() => first.session.torrentStatus(handle).piecesHave === torrent.pieceCount)
        const resumeData = await first.session.saveResumeData(handle)
        await first.session.close()
        assert.deepEqual(Uint8Array.from(await readFile(join(folder, torrent.name))), torrent.bytes)
        const second = await openFiles(scene)
        const again = await second.session.addTorrent({ ...request, resumeData })
        await second.until(() => second.session.torrentStatus(again).state === 'seeding')
      }),
    )
  })

  it('gives the metadata of a magnet link with its resume data, and fetches nothing in upload mode', async () => {
    await withFolder((folder) =>
      withScene(subject, async (scene) => {
        const torrent = scene.createTorrent('magnet-to-folder')
        const seed = await scene.seed(torrent)
        const { session, until, alerts } = await openFiles(scene)
        const flags = { uploadMode: true }
        const { magnetUri } = torrent
        const handle = await session.addTorrent({ torrentId: 'm', magnetUri, savePath: folder, flags })
        session.connectPeer(handle, seed.host, seed.port)
        await until(() => alerts.some(({ type }) => type === 'metadataReceived'))
        assert.equal(session.torrentStatus(handle).piecesHave, 0)
        const resumeData = await session.saveResumeData(handle, { saveInfoSection: true })
        assert.ok(Buffer.from(resumeData).includes(Buffer.from(torrent.metadata.infoSection)))
        session.setTorrentFlags(handle, { uploadMode: false })
        session.connectPeer(handle, seed.host, seed.port)
        await until(() => session.torrentStatus(handle).piecesHave === torrent.pieceCount)
      }),
    )
  })
}

/** A torrent of which the storage has these pieces. */
async function openChecked(scene: Scene, name: string, pieces: readonly number[]): Promise<Download> {
  const torrent = scene.createTorrent(name)
  const storage = new RecordingStorage()
  storage.source = torrent
  storage.havePieces = pieceBits(torrent, pieces)
  const session = await scene.openSession(storage)
  const { torrentFile } = torrent
  const handle = await session.addTorrent({ torrentId: name, torrentFile })
  await storage.until('it is checked', () => storage.alerted('torrentChecked'))
  return { storage, session, torrent: torrent as TestTorrent, torrentId: name, handle }
}

async function openFiles(scene: Scene) {
  const alerts: NativeAlert[] = []
  const waiting = new Set<() => void>()
  const session = await scene.openFilesSession((alert) => {
    alerts.push(alert)
    for (const look of [...waiting]) look()
  })
  /** Looks with every alert, and now and then, as a piece is there a moment after its alert. */
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!condition()) return
        clearInterval(timer)
        waiting.delete(look)
        resolve()
      }
      const timer = setInterval(look, 20)
      waiting.add(look)
      look()
    })
  return { session, alerts, until }
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bae-clauses-'))
  try {
    await body(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
