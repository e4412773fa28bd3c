import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Addon, AddonAlert, AddonSession, Dispatch } from '../../src/addon.js'
import { AddonNativeSession } from '../../src/addon-session.js'
import { NativeError } from '../../src/errors.js'
import type { NativeAlert } from '../../src/native-alert.js'
import type { StorageHandler } from '../../src/native-session.js'
import { Outcome, RequestKind, type StorageRequest } from '../../src/storage-requests.js'
import { encodeRequests } from './encode-requests.js'

const layout = {
  name: 'one',
  singleFile: true,
  pieceLengthBytes: 16_384,
  totalLengthBytes: 16_384,
  files: [],
}
const metadata = { infoSection: new Uint8Array() }

/** An addon whose requests and alerts come from the test. */
function scriptedAddon() {
  const settled: { id: number; outcome: number }[] = []
  const settledTogether: number[][] = []
  const removed: number[] = []
  const alerts: AddonAlert[] = []
  let alertFailure: Error | undefined
  let dispatch: Dispatch = () => {}
  const session: Partial<AddonSession> = {
    addTorrent: () => 1,
    removeTorrent: (handle) => void removed.push(handle),
    popAlerts: () => {
      const popped = alerts.splice(0)
      const failure = alertFailure
      alertFailure = undefined
      if (failure !== undefined) throw failure
      return popped
    },
    settle: (id, outcome) => void settled.push({ id, outcome }),
    settleAll: (ids, count) => void settledTogether.push([...ids.subarray(0, count)]),
    close: () => {},
    pauseTorrent: () => {
      throw Object.assign(new Error('no torrent has the handle 9'), { code: 'NATIVE_UNKNOWN_TORRENT' })
    },
  }
  const Session = function (this: object, _options: unknown, given: Dispatch) {
    dispatch = given
    return session
  } as unknown as Addon['Session']
  const addon: Partial<Addon> = { Session }
  return {
    addon: addon as Addon,
    settled,
    settledTogether,
    removed,
    request: (...requests: StorageRequest[]) => dispatch(...encodeRequests(requests), false, false),
    /** Both at once. */
    requestAndAlert(request: StorageRequest, raised: AddonAlert) {
      alerts.push(raised)
      dispatch(...encodeRequests([request]), true, false)
    },
    alert: (...raised: AddonAlert[]) => {
      alerts.push(...raised)
      dispatch(...encodeRequests([]), true, false)
    },
    /** The next time. */
    failAlerts(failure: Error) {
      alertFailure = failure
    },
    sayClosed: () => dispatch(...encodeRequests([]), false, true),
  }
}

async function openOne(handler: Partial<StorageHandler>) {
  const script = scriptedAddon()
  const alerts: NativeAlert[] = []
  const session = new AddonNativeSession(script.addon, {
    handler: { openStorage: async () => ({}), ...handler } as StorageHandler,
    onAlert: (alert) => void alerts.push(alert),
  })
  const adding = session.addTorrent({ torrentId: 'one', torrentFile: new Uint8Array() })
  script.request(added('one'))
  await adding
  script.request({
    kind: RequestKind.openStorage,
    id: 1,
    storageIndex: 0,
    torrentId: 'one',
    layout,
    metadata,
  })
  return { ...script, session, alerts }
}

/** What the addon says of a torrent on its way in. */
function added(torrentId: string, error?: NativeError): StorageRequest {
  const [errorCode, errorMessage] = [error?.code ?? ('' as const), error?.message ?? '']
  return { kind: RequestKind.torrentAdded, id: 8, storageIndex: -1, torrentId, errorCode, errorMessage }
}

/** Lets promise reactions that are due run. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

afterEach(() => void vi.restoreAllMocks())

/** What is thrown where nobody catches it, which would end the process. */
function thrownToNobody(): unknown[] {
  const thrown: unknown[] = []
  vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
    try {
      task()
    } catch (error) {
      thrown.push(error)
    }
  })
  return thrown
}

describe('AddonNativeSession', () => {
  it('gives the error of each call back as the cause of the alerts about that call', async () => {
    const failures = [new Error('the disk is gone'), new Error('so is the other')]
    const { request, alert, alerts, settled } = await openOne({
      writePiece: (_, piece) => Promise.reject(failures[piece]),
    })
    const write = {
      kind: RequestKind.writePiece,
      storageIndex: 0,
      offset: 0,
      bytes: new Uint8Array(4),
    } as const
    request({ ...write, id: 2, piece: 0 })
    request({ ...write, id: 3, piece: 1 })
    await turn()
    expect(settled).toContainEqual({ id: 2, outcome: Outcome.io })
    const failed = { type: 'storageError', handle: 1, code: 'EIO', message: 'failed' } as const
    for (const id of [2, 3, 2]) alert({ ...failed, request: id })
    expect(alerts).toEqual([
      { ...failed, cause: failures[0] },
      { ...failed, cause: failures[1] },
      { ...failed, cause: failures[0] },
    ])
  })

  it('ends calls that go well at the same time with one call, and no call twice', async () => {
    const { request, settled, settledTogether } = await openOne({
      writePiece: async () => {},
      completePiece: async () => {},
    })
    await turn()
    settledTogether.length = 0
    const write = {
      kind: RequestKind.writePiece,
      storageIndex: 0,
      offset: 0,
      bytes: new Uint8Array(4),
    } as const
    request(...Array.from({ length: 300 }, (_, piece) => ({ ...write, id: piece + 2, piece })))
    await turn()
    request({ kind: RequestKind.completePiece, id: 302, storageIndex: 0, piece: 0 })
    await turn()
    expect(settledTogether.map((ids) => ids.length)).toEqual([256, 44, 1])
    expect(settledTogether.flat()).toEqual(Array.from({ length: 301 }, (_, index) => index + 2))
    expect(settled).toEqual([])
  })

  it('says of a call that never settled that it was given up', async () => {
    const { alert, alerts } = await openOne({})
    alert({ type: 'torrentError', handle: 1, code: 'ETIMEDOUT', message: 'timed out', request: 7 })
    expect(alerts).toMatchObject([{ code: 'ETIMEDOUT', cause: { code: 'NATIVE_REQUEST_ABORTED' } }])
  })

  it('leaves alerts without a cause that no storage call is behind', async () => {
    const { alert, alerts } = await openOne({})
    alert({ type: 'torrentError', handle: 1, code: 'EIO', message: 'failed', request: 0 })
    expect(alerts).toEqual([{ type: 'torrentError', handle: 1, code: 'EIO', message: 'failed' }])
  })

  it('alerts of a completePiece that fails, as libtorrent knows nothing of it', async () => {
    const failure = Object.assign(new Error('no database'), { code: 'STORAGE_DATABASE' })
    const { request, alerts } = await openOne({ completePiece: () => Promise.reject(failure) })
    request({ kind: RequestKind.completePiece, id: 2, storageIndex: 0, piece: 0 })
    await turn()
    const expected = { type: 'storageError', handle: 1, code: 'STORAGE_DATABASE', message: 'no database' }
    expect(alerts).toEqual([{ ...expected, cause: failure }])
  })

  it('alerts of a clearPiece that fails, for the same reason', async () => {
    const failure = new Error('not cleared')
    const { request, alerts, settled } = await openOne({ clearPiece: () => Promise.reject(failure) })
    request({ kind: RequestKind.clearPiece, id: 2, storageIndex: 0, piece: 0 })
    await turn()
    expect(settled).toContainEqual({ id: 2, outcome: Outcome.io })
    expect(alerts).toMatchObject([{ type: 'storageError', handle: 1, cause: failure }])
  })

  it('rejects an addition with what the addon says of it, and knows nothing of the torrent then', async () => {
    const { session, request, alerts } = await openOne({ completePiece: () => Promise.reject(new Error()) })
    const adding = session.addTorrent({ torrentId: 'two', torrentFile: new Uint8Array() })
    request(added('two', new NativeError('NATIVE_DUPLICATE_TORRENT', 'it is there')))
    await expect(adding).rejects.toMatchObject({ code: 'NATIVE_DUPLICATE_TORRENT', message: 'it is there' })
    request({ kind: RequestKind.openStorage, id: 3, storageIndex: 1, torrentId: 'two', layout, metadata })
    request({ kind: RequestKind.completePiece, id: 4, storageIndex: 1, piece: 0 })
    await turn()
    expect(alerts).toEqual([])
  })

  it('gives the handle of a torrent before the first alert about it', async () => {
    const { session, requestAndAlert, alerts } = await openOne({})
    const adding = session.addTorrent({ torrentId: 'two', torrentFile: new Uint8Array() })
    requestAndAlert(added('two'), { type: 'torrentPaused', handle: 1 })
    await adding
    expect(alerts).toEqual([])
    await turn()
    expect(alerts).toHaveLength(1)
  })

  it.each(['alone', 'after an addition'])(
    'is not silent about alerts that the addon fails to give, %s',
    async (when) => {
      const { requestAndAlert, alert, alerts, failAlerts } = await openOne({})
      const failure = new Error('std::bad_alloc')
      failAlerts(failure)
      const thrown = thrownToNobody()
      if (when === 'alone') alert({ type: 'torrentPaused', handle: 1 })
      else requestAndAlert(added('two'), { type: 'torrentPaused', handle: 1 })
      await turn()
      expect(thrown).toEqual([failure])
      alert({ type: 'torrentResumed', handle: 1 })
      expect(alerts).toEqual([{ type: 'torrentResumed', handle: 1 }])
    },
  )

  it('ends open additions when the session ends', async () => {
    const { session, sayClosed } = await openOne({})
    const adding = session.addTorrent({ torrentId: 'two', torrentFile: new Uint8Array() })
    const closing = session.close()
    sayClosed()
    await expect(adding).rejects.toMatchObject({ code: 'NATIVE_SESSION_CLOSED' })
    await closing
  })

  it('settles a removal when the torrent is gone, not before', async () => {
    const { session, request, removed } = await openOne({})
    let gone = false
    const removal = session.removeTorrent(1).then(() => {
      gone = true
    })
    await turn()
    expect({ removed, gone }).toEqual({ removed: [1], gone: false })
    request({ kind: RequestKind.torrentGone, id: 9, storageIndex: -1, torrentId: 'one' })
    await removal
  })

  it('takes no torrent under the id of one that is not known to be gone yet', async () => {
    const { session, request } = await openOne({})
    const removal = session.removeTorrent(1)
    const again = { torrentId: 'one', torrentFile: new Uint8Array() }
    await expect(session.addTorrent(again)).rejects.toMatchObject({ code: 'NATIVE_DUPLICATE_TORRENT' })
    request({ kind: RequestKind.torrentGone, id: 9, storageIndex: -1, torrentId: 'one' })
    await removal
    const adding = session.addTorrent(again)
    request(added('one'))
    await expect(adding).resolves.toBe(1)
  })

  it('ends open removals when the session ends', async () => {
    const { session, sayClosed } = await openOne({})
    const removal = session.removeTorrent(1)
    const closing = session.close()
    sayClosed()
    await Promise.all([removal, closing])
  })

  it('turns coded errors of the addon into NativeError', async () => {
    const { session } = await openOne({})
    expect(() => session.pauseTorrent(9)).toThrowError(
      expect.objectContaining({ name: 'NativeError', code: 'NATIVE_UNKNOWN_TORRENT' }),
    )
  })

  it('refuses calls after close', async () => {
    const { session, sayClosed } = await openOne({})
    const closing = session.close()
    sayClosed()
    await closing
    expect(() => session.resumeTorrent(1)).toThrowError(
      expect.objectContaining({ code: 'NATIVE_SESSION_CLOSED' }),
    )
  })
})
