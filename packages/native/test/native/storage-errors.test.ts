import { afterEach, describe, expect, it } from 'vitest'
import { createNativeSession, type NativeSession, type NativeSessionOptions } from '../../src/index.js'
import { createHeldCall, severalTurns } from '../../src/testing/held-call.js'
import type { TestSeed } from '../../src/testing/native-subject.js'
import { RecordingStorage, type StorageCall } from '../../src/testing/recording-storage.js'
import { createTestTorrent, pieceBits, pieceBytes, type TestTorrent } from '../../src/testing/test-torrent.js'
import { LOOPBACK_SETTINGS, seedFromFile } from './files-seed.js'

let seed: TestSeed | undefined
let session: NativeSession | undefined

afterEach(async () => {
  await session?.close()
  await seed?.close()
  session = seed = undefined
})

async function openSession(
  storage: RecordingStorage,
  options: Partial<NativeSessionOptions> = {},
): Promise<NativeSession> {
  session = await createNativeSession({
    handler: storage,
    onAlert: storage.onAlert,
    listenInterfaces: '127.0.0.1:0',
    settings: LOOPBACK_SETTINGS,
    ...options,
  })
  return session
}

async function download(
  storage: RecordingStorage,
  torrent: TestTorrent,
  options?: Partial<NativeSessionOptions>,
) {
  seed = await seedFromFile(torrent)
  const opened = await openSession(storage, options)
  const handle = await opened.addTorrent({ torrentId: 'failing', torrentFile: torrent.torrentFile })
  const { host, port } = seed
  const dial = () => opened.connectPeer(handle, host, port)
  dial()
  return { opened, handle, dial }
}

function failure(code: string): Error {
  return Object.assign(new Error(`failed with ${code}`), { code })
}

/** Fails the first call of a kind for a piece. */
function failOnce(storage: RecordingStorage, name: StorageCall['name'], piece: number, error: Error): void {
  let failed = false
  storage.before = (call) => {
    if (call.name !== name || call.piece !== piece || failed) return
    failed = true
    throw error
  }
}

const everyPiece = (torrent: TestTorrent) => Array.from({ length: torrent.pieceCount }, (_, piece) => piece)

describe('a write that fails', () => {
  it.each(['EROFS', 'EACCES', 'EPERM', 'EFBIG', 'EDQUOT'])(
    'leaves a torrent to upload only for %s',
    async (code) => {
      const storage = new RecordingStorage()
      storage.before = (call) => (call.name === 'writePiece' ? Promise.reject(failure(code)) : undefined)
      const { opened, handle } = await download(storage, createTestTorrent('refused'))
      await storage.until('the failure is alerted', () => storage.alerted('storageError'))
      await storage.until('it only uploads', () => opened.torrentStatus(handle).uploadMode)
      expect(opened.torrentStatus(handle)).toMatchObject({ paused: false, uploadMode: true })
      const alert = storage.alerts.find((each) => each.type === 'storageError')
      expect(alert).toMatchObject({ code: code === 'EDQUOT' ? 'ENOSPC' : code, cause: { code } })
    },
  )

  it('is done again for a storage that was not available, without stopping the torrent', async () => {
    const torrent = createTestTorrent('unavailable')
    const storage = new RecordingStorage()
    failOnce(storage, 'writePiece', 2, failure('STORAGE_UNAVAILABLE'))
    const { opened, handle, dial } = await download(storage, torrent)
    await storage.until('the failure is alerted', () => storage.alerted('storageError'))
    expect(storage.alerts.find((alert) => alert.type === 'storageError')).toMatchObject({
      code: 'EAGAIN',
      cause: { code: 'STORAGE_UNAVAILABLE' },
    })
    await storage.until('the peer is dropped', () => storage.alerted('peerDisconnected'))
    dial()
    await storage.until('all pieces are there', () => storage.completedPieces().length === torrent.pieceCount)
    expect(opened.torrentStatus(handle)).toMatchObject({ paused: false })
    expect(storage.calls('writePiece').filter((call) => call.piece === 2)).toHaveLength(2)
    expect(storage.alerted('hashFailed')).toBe(false)
  })

  it('has its own error as the cause of its alerts, whatever failed at the same time', async () => {
    const storage = new RecordingStorage()
    storage.before = (call) =>
      call.name === 'writePiece' ? Promise.reject(failure(`MINE_${call.piece}`)) : undefined
    await download(storage, createTestTorrent('several'))
    await storage.until('the torrent is stopped', () => storage.alerted('torrentPaused'))
    const causes = storage.alerts.flatMap((alert) => (alert.type === 'storageError' ? [alert.cause] : []))
    const tried = new Set(storage.calls('writePiece').map((call) => `MINE_${call.piece}`))
    for (const cause of causes) expect(tried).toContain((cause as { code: string }).code)
    const stopped = storage.alerts.find((alert) => alert.type === 'torrentError')
    expect(causes).toContain((stopped as { cause?: unknown }).cause)
  })

  it('keeps its bytes after its deadline, when other pieces arrive, until it settles', async () => {
    const torrent = createTestTorrent('late', { totalLengthBytes: 40 * 32 * 1024 })
    const storage = new RecordingStorage()
    const held = createHeldCall()
    let isFirst = true
    storage.before = (call) => {
      if (call.name !== 'writePiece' || !isFirst) return
      isFirst = false
      return held.promise
    }
    // It is that of the other writes too, which a busy machine must answer before it.
    const { opened, handle, dial } = await download(storage, torrent, { storageDeadlineMs: 2_000 })
    await storage.until('the call was given up', () =>
      storage.alerts.some((alert) => alert.type === 'storageError' && alert.code === 'ETIMEDOUT'),
    )
    const gaveUp = storage.alerts.find((alert) => alert.type === 'storageError')
    expect(gaveUp).toMatchObject({ cause: { code: 'NATIVE_REQUEST_ABORTED' } })
    const late = storage.calls('writePiece')[0]?.piece ?? -1
    await storage.until('the torrent is stopped', () => storage.alerted('torrentPaused'))
    opened.resumeTorrent(handle)
    dial()
    await storage.until('all pieces are there', () => storage.completedPieces().length === torrent.pieceCount)
    held.release()
    await severalTurns()
    const writes = storage.writes.filter((write) => write.piece === late)
    expect(writes).toHaveLength(2)
    for (const write of writes) expect(write.bytes).toEqual(pieceBytes(torrent, late))
    // The settlement that came too late changes nothing: the piece is there, from its second write.
    expect(opened.torrentStatus(handle)).toMatchObject({ piecesHave: torrent.pieceCount })
  })
})

describe('bytes that are lent', () => {
  /** Each gives the bytes another owner, or refuses, or is not there yet in this Node. */
  const escapes: [string, (buffer: ArrayBuffer) => ArrayBuffer | undefined][] = [
    ['transferred', (buffer) => structuredClone(buffer, { transfer: [buffer] })],
    ['given to a new array buffer', (buffer) => (buffer as { transfer?: () => ArrayBuffer }).transfer?.()],
  ]

  it.each(escapes)('never change for whoever had them %s', async (_, giveAway) => {
    const torrent = createTestTorrent('escaped', { totalLengthBytes: 20 * 32 * 1024 })
    const kept: { piece: number; bytes: Uint8Array }[] = []
    class Keeping extends RecordingStorage {
      override async writePiece(index: number, piece: number, offset: number, bytes: Uint8Array) {
        await super.writePiece(index, piece, offset, bytes)
        try {
          const escaped = giveAway(bytes.buffer as ArrayBuffer)
          if (escaped) kept.push({ piece, bytes: new Uint8Array(escaped) })
        } catch (error) {
          expect(error).toMatchObject({ name: 'DataCloneError' })
        }
      }
    }
    const storage = new Keeping()
    await download(storage, torrent)
    await storage.until('all pieces are there', () => storage.completedPieces().length === torrent.pieceCount)
    for (const { piece, bytes } of kept) expect(bytes).toEqual(pieceBytes(torrent, piece))
  })
})

describe('a read that is answered with rubbish', () => {
  const detached = new Uint8Array(32 * 1024)
  structuredClone(detached, { transfer: [detached.buffer] })

  it.each([
    ['too few bytes', new Uint8Array(3)],
    ['too many bytes', new Uint8Array(1024 * 1024)],
    ['no bytes', undefined],
    ['text', 'x'.repeat(32 * 1024)],
    ['numbers of another size', new Uint16Array(32 * 1024)],
    ['bytes that were given away', detached],
  ])('is refused to the peer and alerted of, with %s, and the torrent goes on', async (_, rubbish) => {
    const torrent = createTestTorrent('rubbish')
    class Answering extends RecordingStorage {
      override async readPiece() {
        return rubbish as Uint8Array
      }
    }
    const storage = new Answering()
    storage.havePieces = pieceBits(torrent, everyPiece(torrent))
    const serving = await openSession(storage)
    const handle = await serving.addTorrent({
      torrentId: 'serving',
      torrentFile: torrent.torrentFile,
      havePieces: storage.havePieces,
    })
    // Until then it hangs up on whoever comes.
    await storage.until('it is checked', () => storage.alerted('torrentChecked'))
    const fetched = new RecordingStorage()
    const fetching = await createNativeSession({
      handler: fetched,
      onAlert: fetched.onAlert,
      listenInterfaces: '127.0.0.1:0',
      settings: LOOPBACK_SETTINGS,
    })
    try {
      const request = { torrentId: 'fetching', torrentFile: torrent.torrentFile }
      fetching.connectPeer(await fetching.addTorrent(request), '127.0.0.1', serving.listenPort)
      await storage.until('it is alerted', () => storage.alerted('storageError'))
      const alert = storage.alerts.find((each) => each.type === 'storageError')
      expect(alert).toMatchObject({ code: 'EIO', cause: expect.any(TypeError) })
      expect(serving.torrentStatus(handle)).toMatchObject({ paused: false, state: 'seeding' })
      expect(fetched.writes).toEqual([])
    } finally {
      await fetching.close()
    }
  })
})

describe('a check', () => {
  async function checkWith(
    code: string,
  ): Promise<{ storage: RecordingStorage; handle: number; torrent: TestTorrent }> {
    const torrent = createTestTorrent('checked')
    const storage = new RecordingStorage()
    storage.source = torrent
    storage.havePieces = pieceBits(torrent, everyPiece(torrent))
    failOnce(storage, 'readPiece', 4, failure(code))
    const opened = await openSession(storage)
    const handle = await opened.addTorrent({ torrentId: 'checked', torrentFile: torrent.torrentFile })
    return { storage, handle, torrent }
  }

  it.each(['STORAGE_PIECE_NOT_FOUND', 'STORAGE_CORRUPT', 'STORAGE_CHUNK_MISSING', 'ENOENT_LOOKALIKE'])(
    'loses only the piece that the storage does not have any more (%s)',
    async (code) => {
      const isLoss = code.startsWith('STORAGE_')
      const { storage, handle, torrent } = await checkWith(code)
      await storage.until('it ends', () => storage.alerted(isLoss ? 'torrentChecked' : 'torrentError'))
      if (isLoss) {
        expect(session?.torrentStatus(handle)).toMatchObject({ piecesHave: torrent.pieceCount - 1 })
      } else {
        expect(storage.alerts).toContainEqual(expect.objectContaining({ type: 'torrentError', code: 'EIO' }))
      }
    },
  )

  it('stops for a storage that is not available, and begins again when the torrent is resumed', async () => {
    const { storage, handle, torrent } = await checkWith('STORAGE_UNAVAILABLE')
    await storage.until('the torrent is stopped', () => storage.alerted('torrentError'))
    expect(storage.alerts.find((alert) => alert.type === 'torrentError')).toMatchObject({
      code: 'EAGAIN',
      cause: { code: 'STORAGE_UNAVAILABLE' },
    })
    session?.resumeTorrent(handle)
    await storage.until('the check is done', () => storage.alerted('torrentChecked'))
    expect(session?.torrentStatus(handle)).toMatchObject({ piecesHave: torrent.pieceCount })
  })
})
