import assert from 'node:assert/strict'
import { createHeldCall, settlesWithin, severalTurns } from './held-call.js'
import {
  type Download,
  type NativeSessionSubject,
  startDownload,
  untilCompleted,
  withScene,
} from './native-subject.js'
import { RecordingStorage } from './recording-storage.js'
import type { TestApi } from './test-api.js'

const CLOSE_LIMIT_MS = 30_000
const UNKNOWN_HANDLE = 4_242

/** How torrents and sessions begin and end, and what a wrong call gets. */
export function lifetimeClauses({ it }: TestApi, subject: NativeSessionSubject): void {
  for (const deleteData of [false, true]) {
    it(`closes a removed torrent's storage once, last, and ${deleteData ? 'with' : 'without'} deleting`, async () => {
      await withScene(subject, async (scene) => {
        const download = await startDownload(scene, { name: `removed-${deleteData}` })
        await untilCompleted(download)
        await settlesWithin(
          CLOSE_LIMIT_MS,
          'removing',
          download.session.removeTorrent(download.handle, { deleteData }),
        )
        closedOnceAndLast(download, deleteData)
        assert.throws(() => download.session.torrentStatus(download.handle), {
          code: 'NATIVE_UNKNOWN_TORRENT',
        })
      })
    })
  }

  for (const name of ['openStorage', 'writePiece', 'completePiece'] as const) {
    it(`closes a storage only after the calls that are in flight, such as ${name}`, async () => {
      await withScene(subject, async (scene) => {
        const held = createHeldCall()
        const { storage, session, handle } = await startDownload(scene, {
          name: `in-flight-${name}`,
          prepare: (recording) => {
            recording.before = (call) =>
              call.name === name && (call.piece ?? 4) === 4 ? held.promise : undefined
          },
        })
        await storage.until('the call is held', () =>
          storage.calls(name).some((call) => (call.piece ?? 4) === 4),
        )
        const removing = session.removeTorrent(handle)
        await severalTurns()
        assert.deepEqual(storage.calls('closeStorage'), [])
        held.release()
        await settlesWithin(CLOSE_LIMIT_MS, 'removing', removing)
        assert.equal(storage.calls('closeStorage').length, 1)
        assert.equal(storage.entries.at(-1)?.call.name, 'closeStorage')
      })
    })
  }

  it('closes every storage once, and keeps the data, when the session closes', async () => {
    await withScene(subject, async (scene) => {
      const download = await startDownload(scene, { name: 'closed' })
      await untilCompleted(download)
      await settlesWithin(CLOSE_LIMIT_MS, 'close', download.session.close())
      closedOnceAndLast(download, false)
    })
  })

  it('refuses a torrent that is there already', async () => {
    await withScene(subject, async (scene) => {
      const { session, storage, torrent, handle } = await startDownload(scene, { name: 'twice' })
      const again = session.addTorrent({ torrentId: 'again', torrentFile: torrent.torrentFile })
      await assert.rejects(again, { code: 'NATIVE_DUPLICATE_TORRENT' })
      assert.ok(session.torrentStatus(handle))
      assert.ok(!storage.calls('openStorage').some((call) => call.torrentId === 'again'))
    })
  })

  it('refuses bytes that are no torrent', async () => {
    await withScene(subject, async (scene) => {
      const session = await scene.openSession(new RecordingStorage())
      const { torrentFile } = scene.createTorrent('truncated')
      const wrong = [
        new Uint8Array(),
        new Uint8Array(1000).fill(0xff),
        torrentFile.slice(0, -30),
        Buffer.from('d4:infodee'),
      ]
      for (const bytes of wrong) {
        const adding = session.addTorrent({ torrentId: 'wrong', torrentFile: bytes })
        await assert.rejects(adding, { code: 'NATIVE_INVALID_TORRENT' })
      }
      await assert.rejects(session.addTorrent({ torrentId: 'wrong', magnetUri: 'magnet:?nothing' }), {
        code: 'NATIVE_INVALID_TORRENT',
      })
    })
  })

  it('names a handle that it does not know', async () => {
    await withScene(subject, async (scene) => {
      const session = await scene.openSession(new RecordingStorage())
      const unknown = { code: 'NATIVE_UNKNOWN_TORRENT' }
      assert.throws(() => session.torrentStatus(UNKNOWN_HANDLE), unknown)
      assert.throws(() => session.pauseTorrent(UNKNOWN_HANDLE), unknown)
      assert.throws(() => session.resumeTorrent(UNKNOWN_HANDLE), unknown)
      assert.throws(() => session.connectPeer(UNKNOWN_HANDLE, '127.0.0.1', 1), unknown)
      await assert.rejects(session.removeTorrent(UNKNOWN_HANDLE), unknown)
    })
  })

  it('refuses every call after close, and closes twice without complaint', async () => {
    await withScene(subject, async (scene) => {
      const { session, torrent, handle } = await startDownload(scene, { name: 'used-after-close' })
      await Promise.all([session.close(), session.close()])
      await session.close()
      const closed = { code: 'NATIVE_SESSION_CLOSED' }
      assert.throws(() => session.torrentStatus(handle), closed)
      assert.throws(() => session.pauseTorrent(handle), closed)
      assert.throws(() => session.applySettings({}), closed)
      await assert.rejects(
        session.addTorrent({ torrentId: 'late', torrentFile: torrent.torrentFile }),
        closed,
      )
      await assert.rejects(session.removeTorrent(handle), closed)
    })
  })

  it('pauses and resumes a torrent', async () => {
    await withScene(subject, async (scene) => {
      const { session, handle, storage } = await startDownload(scene, { name: 'paused' })
      session.pauseTorrent(handle)
      await storage.until('the pause is alerted', () => storage.alerted('torrentPaused'))
      assert.equal(session.torrentStatus(handle).paused, true)
      session.resumeTorrent(handle)
      await storage.until('the resumption is alerted', () => storage.alerted('torrentResumed'))
      assert.equal(session.torrentStatus(handle).paused, false)
    })
  })

  it('keeps two sessions of one process apart', async () => {
    await withScene(subject, async (scene) => {
      const first = await startDownload(scene, { name: 'apart-a' })
      const second = await startDownload(scene, { name: 'apart-b' })
      await untilCompleted(first)
      await first.session.close()
      await untilCompleted(second)
      assert.deepEqual(
        first.storage.calls('openStorage').map((call) => call.torrentId),
        [`id-of-${first.torrent.name}`],
      )
      assert.deepEqual(
        second.storage.calls('openStorage').map((call) => call.torrentId),
        [`id-of-${second.torrent.name}`],
      )
    })
  })
}

function closedOnceAndLast({ storage }: Download, deleteData: boolean): void {
  const closings = storage.calls('closeStorage')
  assert.deepEqual(
    closings.map((call) => call.deleteData),
    [deleteData],
  )
  const begun = storage.entries.filter((entry) => entry.phase === 'begun')
  assert.equal(begun.at(-1)?.call.name, 'closeStorage')
}
