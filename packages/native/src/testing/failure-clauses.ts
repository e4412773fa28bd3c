import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { NativeError } from '../errors.js'
import type { FullNativeSession } from '../native-session.js'
import type { NativeTorrentStatus } from '../torrent-status.js'
import { createHeldCall, settlesWithin } from './held-call.js'
import {
  type NativeSessionSubject,
  type Scene,
  startAnother,
  startDownload,
  untilCompleted,
  withScene,
} from './native-subject.js'
import type { RecordingStorage } from './recording-storage.js'
import type { TestApi } from './test-api.js'
import { pieceBytes } from './test-torrent.js'
import { transfer } from './transfer.js'

/** For all calls, also those that are not held: far longer than a busy machine needs for one. */
const SHORT_DEADLINE_MS = 2_000
/** Far less than the usual deadline. */
const CLOSE_LIMIT_MS = 30_000

/** What a storage of somebody else may reject with. */
const ODD_REJECTIONS: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined],
  ['a string', 'not an error'],
  ['an error that throws when it is looked at', errorThatThrows()],
]

function errorThatThrows(): Error {
  const refuse = () => {
    throw new Error('do not look')
  }
  return new Proxy(new Error('looked at'), { get: refuse, has: refuse, getPrototypeOf: refuse })
}

/** What becomes of a storage that fails, throws or never answers. */
export function failureClauses({ it }: TestApi, subject: NativeSessionSubject): void {
  it('alerts of a rejected write, stops the torrent and goes on with the others', async () => {
    await withScene(subject, async (scene) => {
      const failure = Object.assign(new Error('the disk is gone'), { code: 'STORAGE_IO' })
      const { storage, session, handle } = await startDownload(scene, {
        name: 'rejected',
        prepare: (recording) => {
          recording.before = (call) =>
            call.name === 'writePiece' && call.piece === 1 ? Promise.reject(failure) : undefined
        },
      })
      await storage.until('the failure is alerted', () => storage.alerted('storageError'))
      assert.ok(storage.alerts.some((alert) => alert.type === 'storageError' && alert.handle === handle))
      const status = await untilStatus(
        session,
        handle,
        'the torrent has an error',
        (now) => now.error !== undefined,
      )
      assert.equal(status.uploadMode, false)
      assert.ok(!storage.completedPieces().includes(1))
      await downloadsAnother(scene, session, storage)
    })
  })

  it('takes an exception for a rejection', async () => {
    await withScene(subject, async (scene) => {
      const { storage, session } = await startDownload(scene, {
        name: 'thrown',
        prepare: (recording) => {
          recording.before = (call) => {
            if (call.name === 'writePiece' && call.piece === 0) throw new Error('thrown, not rejected')
          }
        },
      })
      await storage.until('the failure is alerted', () => storage.alerted('storageError'))
      await downloadsAnother(scene, session, storage)
    })
  })

  for (const [what, rejection] of ODD_REJECTIONS) {
    it(`takes a rejection with ${what} for a failure like any other`, async () => {
      await withScene(subject, async (scene) => {
        const { storage, session } = await startDownload(scene, {
          name: 'odd',
          prepare: (recording) => {
            recording.before = (call) =>
              call.name === 'writePiece' && call.piece === 0 ? Promise.reject(rejection) : undefined
          },
        })
        await storage.until('the failure is alerted', () => storage.alerted('storageError'))
        const alert = storage.alerts.find((each) => each.type === 'storageError')
        assert.ok(alert?.type === 'storageError' && 'cause' in alert)
        assert.ok(alert.cause === rejection)
        await downloadsAnother(scene, session, storage)
      })
    })
  }

  it('fails a write whose lent bytes were transferred, and takes no room for them from others', async () => {
    await withScene(subject, async (scene) => {
      const taken: ArrayBuffer[] = []
      const { storage, session } = await startDownload(scene, {
        name: 'transferred',
        prepare: (recording) => {
          recording.writePiece = async (_index, _piece, _offset, bytes) => {
            taken.push(transfer(bytes))
          }
        },
        // Room for a piece at a time.
        session: { maxPendingWriteBytes: 1 },
      })
      await storage.until('the failure is alerted', () => storage.alerted('storageError'))
      const alert = storage.alerts.find((each) => each.type === 'storageError')
      assert.ok(alert?.type === 'storageError' && alert.cause instanceof NativeError)
      assert.equal(alert.cause.code, 'NATIVE_BYTES_TRANSFERRED')
      assert.deepEqual(storage.completedPieces(), [])
      Reflect.deleteProperty(storage, 'writePiece')
      await downloadsAnother(scene, session, storage)
      assert.ok(taken.length > 0)
    })
  })

  it('only uploads while a write fails for want of space', async () => {
    await withScene(subject, async (scene) => {
      const full = Object.assign(new Error('no space left'), { code: 'STORAGE_NO_SPACE' })
      const { storage, session, handle } = await startDownload(scene, {
        name: 'full',
        prepare: (recording) => {
          recording.before = (call) => (call.name === 'writePiece' ? Promise.reject(full) : undefined)
        },
      })
      await storage.until('the failure is alerted', () => storage.alerted('storageError'))
      const status = await untilStatus(
        session,
        handle,
        'the torrent is in upload mode',
        (now) => now.uploadMode,
      )
      assert.equal(status.paused, false)
      assert.equal(status.error, undefined)
      assert.deepEqual(storage.completedPieces(), [])
    })
  })

  it('alerts of a storage that could not be opened, and asks nothing of it but to close', async () => {
    await withScene(subject, async (scene) => {
      const { storage, session, handle } = await startDownload(scene, {
        name: 'unopened',
        prepare: (recording) => {
          recording.before = (call) =>
            call.name === 'openStorage' ? Promise.reject(new Error('no such place')) : undefined
        },
      })
      await storage.until('the failure is alerted', () => storage.alerted('storageError'))
      await settlesWithin(CLOSE_LIMIT_MS, 'removing', session.removeTorrent(handle))
      assert.deepEqual(storage.calls('writePiece'), [])
      assert.deepEqual(storage.calls('completePiece'), [])
    })
  })

  it('closes in time while a write is held, and leaves the lent bytes alone until it settles', async () => {
    await withScene(subject, async (scene) => {
      const held = createHeldCall()
      const { storage, session, torrent } = await startDownload(scene, {
        name: 'closed-over-a-write',
        prepare: (recording) => {
          recording.before = (call) =>
            call.name === 'writePiece' && call.piece === 3 ? held.promise : undefined
        },
        session: { storageDeadlineMs: SHORT_DEADLINE_MS },
      })
      await storage.until('the write is held', () =>
        storage.calls('writePiece').some((call) => call.piece === 3),
      )
      await settlesWithin(CLOSE_LIMIT_MS, 'close', session.close())
      held.release()
      await storage.until('the write settles', () => storage.writes.some((write) => write.piece === 3))
      assert.deepEqual(storage.writes.find((write) => write.piece === 3)?.bytes, pieceBytes(torrent, 3))
      assert.ok(!storage.completedPieces().includes(3))
    })
  })

  it('removes in time while a write is held', async () => {
    await withScene(subject, async (scene) => {
      const held = createHeldCall()
      const { storage, session, handle } = await startDownload(scene, {
        name: 'removed-over-a-write',
        prepare: (recording) => {
          recording.before = (call) =>
            call.name === 'writePiece' && call.piece === 3 ? held.promise : undefined
        },
        session: { storageDeadlineMs: SHORT_DEADLINE_MS },
      })
      await storage.until('the write is held', () =>
        storage.calls('writePiece').some((call) => call.piece === 3),
      )
      await settlesWithin(CLOSE_LIMIT_MS, 'removing', session.removeTorrent(handle))
      assert.equal(storage.calls('closeStorage').length, 1)
      held.release()
    })
  })
}

/** Proves that the session still works, by a whole second torrent. */
async function downloadsAnother(
  scene: Scene,
  session: FullNativeSession,
  storage: RecordingStorage,
): Promise<void> {
  storage.before = () => {}
  await untilCompleted(await startAnother(scene, session, storage))
}

/** Status changes have no event in native: it is looked at every few milliseconds. */
async function untilStatus(
  session: FullNativeSession,
  handle: number,
  what: string,
  condition: (status: NativeTorrentStatus) => boolean,
): Promise<NativeTorrentStatus> {
  const deadlineAtMs = Date.now() + 45_000
  for (;;) {
    const status = session.torrentStatus(handle)
    if (condition(status)) return status
    assert.ok(Date.now() < deadlineAtMs, `waited in vain until ${what}`)
    await delay(5)
  }
}
