import type { TorrentId } from '@bae/storage'
import { describe, expect, it } from 'vitest'
import { createTestTorrent, MapLibrary, MapStorage, pieceBytesOf } from '../src/testing/index.js'
import { bitsOf, createHeld, rejectionOf } from './open-client.js'

const id = 'torrent-1' as TorrentId
const test = createTestTorrent()

describe('MapStorage', () => {
  it('copies what it is lent', async () => {
    const storage = new MapStorage(test.layout)
    const lent = pieceBytesOf(test, 0)
    await storage.writePiece(0, 0, lent)
    lent.fill(0)
    expect(await storage.readPiece(0, 5, 100)).toEqual(test.bytes.slice(5, 105))
  })

  it('serves what was written, and nothing that was not', async () => {
    const piece = 64 * 1024
    const { layout } = createTestTorrent({ pieceLengthBytes: piece })
    const storage = new MapStorage(layout)
    await storage.writePiece(1, 16_384, new Uint8Array(16_384).fill(7))
    expect(await storage.readPiece(1, 16_385, 40)).toEqual(new Uint8Array(40).fill(7))
    const missing = { code: 'STORAGE_PIECE_NOT_FOUND' }
    expect(await rejectionOf(storage.readPiece(1, 16_383, 2))).toMatchObject(missing)
    expect(await rejectionOf(storage.readPiece(1, 32_767, 2))).toMatchObject(missing)
    expect(await rejectionOf(storage.readPiece(0, 0, 1))).toMatchObject(missing)
    expect(await rejectionOf(storage.completePiece(1))).toMatchObject(missing)
  })

  it('refuses what is no run of blocks of a piece', async () => {
    const storage = new MapStorage(test.layout)
    const short = test.pieceCount - 1
    for (const [piece, offset, length] of [
      [short, 0, 16_384],
      [short, 16_384, 1],
      [0, 0, 5],
      [0, 0, 0],
      [0, -16_384, 16_384],
    ] as const) {
      const writing = storage.writePiece(piece, offset, new Uint8Array(length))
      expect(await rejectionOf(writing)).toMatchObject({ code: 'STORAGE_PIECE_LENGTH' })
    }
  })

  it('takes a piece or a range outside for a mistake of its caller', async () => {
    const storage = new MapStorage(test.layout)
    for (const piece of [-1, test.pieceCount, 0.5]) {
      expect(await rejectionOf(storage.writePiece(piece, 0, new Uint8Array(1)))).toBeInstanceOf(RangeError)
      expect(await rejectionOf(storage.readPiece(piece, 0, 1))).toBeInstanceOf(RangeError)
      expect(await rejectionOf(storage.completePiece(piece))).toBeInstanceOf(RangeError)
      expect(await rejectionOf(storage.clearPiece(piece))).toBeInstanceOf(RangeError)
    }
    expect(await rejectionOf(storage.readPiece(0, 16_384, 1))).toBeInstanceOf(RangeError)
  })

  it('does nothing for a signal that is aborted already', async () => {
    const storage = new MapStorage(test.layout)
    const reason = new Error('no time')
    const signal = AbortSignal.abort(reason)
    expect(await rejectionOf(storage.writePiece(0, 0, pieceBytesOf(test, 0), { signal }))).toBe(reason)
    expect(await rejectionOf(storage.readPiece(0, 0, 1))).toMatchObject({ code: 'STORAGE_PIECE_NOT_FOUND' })
  })

  it('forgets that a piece was complete when it is cleared or written again', async () => {
    const storage = new MapStorage(test.layout)
    for (const again of [
      () => storage.clearPiece(2),
      () => storage.writePiece(2, 0, pieceBytesOf(test, 2)),
    ]) {
      await storage.writePiece(2, 0, pieceBytesOf(test, 2))
      await storage.completePiece(2)
      expect(await storage.completedPieces()).toEqual(bitsOf(test.pieceCount, [2]))
      await again()
      expect(await storage.completedPieces()).toEqual(bitsOf(test.pieceCount, []))
      expect(await storage.readPiece(2, 0, 3)).toEqual(pieceBytesOf(test, 2).slice(0, 3))
    }
  })

  it('closes after the calls in flight, and refuses those that follow', async () => {
    const storage = new MapStorage(test.layout)
    const held = createHeld()
    storage.before = ({ name }) => (name === 'writePiece' ? held.promise : undefined)
    const order: string[] = []
    const writing = storage.writePiece(0, 0, pieceBytesOf(test, 0)).then(() => order.push('written'))
    const closing = storage.close().then(() => order.push('closed'))
    expect(await rejectionOf(storage.readPiece(0, 0, 1))).toMatchObject({ code: 'STORAGE_CLOSED' })
    held.release()
    await Promise.all([writing, closing, storage.close()])
    expect(order).toEqual(['written', 'closed'])
  })

  it('reads padding as zeroes that need not be written', async () => {
    const block = 16_384
    const files = [
      { index: 0, path: ['a'], offsetBytes: 0, lengthBytes: block, kind: 'file', executable: false },
      {
        index: 1,
        path: ['.pad', '1'],
        offsetBytes: block,
        lengthBytes: block,
        kind: 'padding',
        executable: false,
      },
    ] as const
    const pieceLengthBytes = 2 * block
    const layout = {
      name: 'x',
      singleFile: false,
      pieceLengthBytes,
      totalLengthBytes: pieceLengthBytes,
      files,
    }
    const storage = new MapStorage(layout)
    await storage.writePiece(0, 0, new Uint8Array(block).fill(9))
    expect(await storage.readPiece(0, block - 2, 4)).toEqual(Uint8Array.of(9, 9, 0, 0))
    await storage.completePiece(0)
    await storage.writePiece(0, block, new Uint8Array(block).fill(9))
    expect(await storage.readPiece(0, block, 2)).toEqual(Uint8Array.of(0, 0))
  })
})

describe('MapLibrary', () => {
  it('keeps completed pieces, and only those, for the next storage of the torrent', async () => {
    const library = new MapLibrary()
    const open = () => library.createStorage(id, test.layout, test.metadata)
    const storage = await open()
    for (const piece of [0, 1]) await storage.writePiece(piece, 0, pieceBytesOf(test, piece))
    await storage.completePiece(1)
    await storage.close()
    const again = await open()
    expect(await again.completedPieces()).toEqual(bitsOf(test.pieceCount, [1]))
    expect(await rejectionOf(again.readPiece(0, 0, 1))).toMatchObject({ code: 'STORAGE_PIECE_NOT_FOUND' })
    await again.destroy()
    expect(await (await open()).completedPieces()).toEqual(bitsOf(test.pieceCount, []))
  })
})
