import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createHeldCall, severalTurns } from './held-call.js'
import {
  allPieces,
  completedOf,
  indexOf,
  type NativeSessionSubject,
  startAnother,
  startDownload,
  untilCompleted,
  withScene,
} from './native-subject.js'
import { RecordingStorage, type StorageCall } from './recording-storage.js'
import type { TestApi } from './test-api.js'
import { pieceBits, pieceBytes } from './test-torrent.js'

/** What a storage sees while its torrent is fetched and served. */
export function transferClauses({ it }: TestApi, subject: NativeSessionSubject): void {
  it('opens the storage with the id, the layout and the metadata of the torrent', async () => {
    await withScene(subject, async (scene) => {
      const { storage, torrent } = await startDownload(scene, { name: 'opened' })
      await storage.until('the storage is opened', () => storage.calls('openStorage').length > 0)
      const call = storage.calls('openStorage')[0]
      assert.equal(call?.torrentId, `id-of-${torrent.name}`)
      assert.equal(call?.layout?.infoHashV1, torrent.infoHashV1)
      assert.equal(call?.layout?.pieceLengthBytes, torrent.pieceLengthBytes)
      assert.equal(call?.layout?.totalLengthBytes, torrent.bytes.length)
      assert.equal(call?.layout?.singleFile, true)
      assert.deepEqual(
        call?.layout?.files.map((file) => file.path),
        [[torrent.name]],
      )
      const infoSection = call?.metadata?.infoSection ?? new Uint8Array()
      assert.equal(createHash('sha1').update(infoSection).digest('hex'), torrent.infoHashV1)
      assert.equal(call?.metadata?.pieceHashesV1?.length, 20 * torrent.pieceCount)
    })
  })

  it('opens a storage before any other call of its index, and never uses an index again', async () => {
    await withScene(subject, async (scene) => {
      const { storage, session, torrent, handle } = await startDownload(scene, { name: 'indices' })
      await storage.until('a piece is completed', () => storage.completedPieces().length > 0)
      await session.removeTorrent(handle)
      await session.addTorrent({ torrentId: 'the same torrent again', torrentFile: torrent.torrentFile })
      await storage.until('the storage is opened again', () => storage.calls('openStorage').length === 2)
      await session.close()
      const indices = storage.calls('openStorage').map((call) => call.storageIndex)
      assert.equal(new Set(indices).size, 2)
      for (const index of indices) {
        const first = storage.entries.find((entry) => entry.call.storageIndex === index)
        assert.equal(first?.call.name, 'openStorage')
      }
    })
  })

  it('writes every piece once, with its own bytes', async () => {
    await withScene(subject, async (scene) => {
      const download = await startDownload(scene, { name: 'written' })
      await untilCompleted(download)
      const writes = download.storage.writes.toSorted((a, b) => a.piece - b.piece)
      assert.deepEqual(
        writes.map((write) => write.piece),
        allPieces(download.torrent),
      )
      for (const write of writes) {
        assert.equal(write.offset, 0)
        assert.deepEqual(write.bytes, pieceBytes(download.torrent, write.piece))
      }
    })
  })

  it('completes a piece only after its write settled, however long that takes', async () => {
    await withScene(subject, async (scene) => {
      const download = await startDownload(scene, {
        name: 'ordered',
        prepare: (storage) => {
          storage.before = (call) => (call.name === 'writePiece' ? severalTurns() : undefined)
        },
      })
      await untilCompleted(download)
      const { entries } = download.storage
      for (const piece of allPieces(download.torrent)) {
        const ofPiece = entries.filter((entry) => entry.call.piece === piece)
        const written = ofPiece.findIndex(
          (entry) => entry.call.name === 'writePiece' && entry.phase === 'settled',
        )
        const completed = ofPiece.findIndex((entry) => entry.call.name === 'completePiece')
        assert.ok(written >= 0 && written < completed, `piece ${piece} was completed before it was written`)
      }
      assert.deepEqual(completedOf(download), allPieces(download.torrent))
    })
  })

  it('neither completes nor finishes while a write is held, and does both when it settles', async () => {
    await withScene(subject, async (scene) => {
      const held = createHeldCall()
      const download = await startDownload(scene, {
        name: 'held',
        prepare: (storage, { name }) => {
          const isHeld = (call: StorageCall) => call.name === 'writePiece' && call.piece === 2
          const index = () => indexOf(storage, `id-of-${name}`)
          storage.before = (call) =>
            isHeld(call) && call.storageIndex === index() ? held.promise : undefined
        },
      })
      const { storage, session, handle, torrent } = download
      await untilCompleted(
        download,
        allPieces(torrent).filter((piece) => piece !== 2),
      )
      const another = await startAnother(scene, session, storage)
      await untilCompleted(another)
      await severalTurns()
      assert.ok(!completedOf(download).includes(2))
      assert.ok(!storage.alerts.some((alert) => alert.type === 'torrentFinished' && alert.handle === handle))
      assert.equal(session.torrentStatus(handle).state, 'downloading')
      held.release()
      await untilCompleted(download)
      await storage.until('the torrent is finished', () =>
        storage.alerts.some((alert) => alert.type === 'torrentFinished' && alert.handle === handle),
      )
      const index = indexOf(storage, download.torrentId)
      const write = storage.writes.find((each) => each.piece === 2 && each.storageIndex === index)
      assert.deepEqual(write?.bytes, pieceBytes(torrent, 2))
    })
  })

  it('neither writes nor asks for the blocks of padding that end a piece', async () => {
    await withScene(subject, async (scene) => {
      // Ends within the first block of a piece, between two blocks, and with the torrent.
      const fileLengths = [1000, 64_536, 40_000, 25_536, 49_152, 16_384, 5, 20_000]
      const torrent = scene.createTorrent('padded', { pieceLengthBytes: 65_536, fileLengths })
      const payloads = [16_384, 49_152, 49_152, 16_384]
      const full = new RecordingStorage()
      full.source = torrent
      full.havePieces = pieceBits(torrent, allPieces(torrent))
      const serving = await scene.openSession(full)
      const request = { torrentId: 'serving', torrentFile: torrent.torrentFile, havePieces: full.havePieces }
      await serving.addTorrent(request)
      // Until then it hangs up on whoever comes.
      await full.until('it is checked', () => full.alerted('torrentChecked'))
      const empty = new RecordingStorage()
      const fetching = await scene.openSession(empty)
      const handle = await fetching.addTorrent({ torrentId: 'fetching', torrentFile: torrent.torrentFile })
      fetching.connectPeer(handle, '127.0.0.1', serving.listenPort)
      await untilCompleted({ storage: empty, session: fetching, torrent, handle, torrentId: 'fetching' })
      for (const { piece, offset, bytes } of empty.writes) {
        assert.equal(offset, 0)
        assert.deepEqual(bytes, pieceBytes(torrent, piece).subarray(0, payloads[piece]))
      }
      assert.equal(empty.writes.length, payloads.length)
      const reads = full.calls('readPiece')
      assert.ok(reads.length > 0)
      for (const { piece = 0, offset = 0, length = 0 } of reads)
        assert.ok(offset + length <= (payloads[piece] ?? 0), `padding of piece ${piece} was asked for`)
    })
  })

  it('does not write pieces again that the request says are there', async () => {
    await withScene(subject, async (scene) => {
      const download = await startDownload(scene, {
        name: 'resumed',
        prepare: (storage, torrent) => {
          storage.source = torrent
          storage.havePieces = pieceBits(torrent, [0, 1, 5])
        },
        havePieces: (torrent) => pieceBits(torrent, [0, 1, 5]),
      })
      const missing = allPieces(download.torrent).filter((piece) => ![0, 1, 5].includes(piece))
      await untilCompleted(download, missing)
      await download.storage.until('the torrent is finished', () =>
        download.storage.alerted('torrentFinished'),
      )
      assert.deepEqual(
        download.storage.writes.map((write) => write.piece).sort((a, b) => a - b),
        missing,
      )
      assert.equal(download.session.torrentStatus(download.handle).piecesHave, download.torrent.pieceCount)
    })
  })

  it('does not write pieces again that openStorage says are there', async () => {
    await withScene(subject, async (scene) => {
      const download = await startDownload(scene, {
        name: 'claimed',
        prepare: (storage, torrent) => {
          storage.source = torrent
          storage.havePieces = pieceBits(torrent, [3, 8])
        },
      })
      const missing = allPieces(download.torrent).filter((piece) => ![3, 8].includes(piece))
      await untilCompleted(download, missing)
      await download.storage.until('the torrent is finished', () =>
        download.storage.alerted('torrentFinished'),
      )
      assert.deepEqual(
        download.storage.writes.map((write) => write.piece).sort((a, b) => a - b),
        missing,
      )
    })
  })

  it('reads what it serves to a peer from the storage', async () => {
    await withScene(subject, async (scene) => {
      const torrent = scene.createTorrent('served')
      const full = new RecordingStorage()
      full.source = torrent
      full.havePieces = pieceBits(torrent, allPieces(torrent))
      const serving = await scene.openSession(full)
      const request = { torrentId: 'serving', torrentFile: torrent.torrentFile, havePieces: full.havePieces }
      await serving.addTorrent(request)
      // Until then it hangs up on whoever comes.
      await full.until('it is checked', () => full.alerted('torrentChecked'))
      const empty = new RecordingStorage()
      const fetching = await scene.openSession(empty)
      const handle = await fetching.addTorrent({ torrentId: 'fetching', torrentFile: torrent.torrentFile })
      fetching.connectPeer(handle, '127.0.0.1', serving.listenPort)
      await untilCompleted({ storage: empty, session: fetching, torrent, handle, torrentId: 'fetching' })
      for (const write of empty.writes) assert.deepEqual(write.bytes, pieceBytes(torrent, write.piece))
      assert.ok(full.calls('readPiece').length > 0)
      assert.equal(full.calls('writePiece').length, 0)
    })
  })
}
