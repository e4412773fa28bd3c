import assert from 'node:assert/strict'
import { blockBytes } from '../piece-mapper.js'
import type { Storage } from '../storage.js'
import { pieceLengthBytes, type TorrentLayout } from '../torrent-layout.js'
import { rejectsWithCode, sameBytes } from './expectations.js'
import { pieceBytes, torrentBytes } from './layouts.js'
import { Lent } from './lent.js'
import {
  allPieces,
  anotherTorrent,
  completedOf,
  fill,
  type StorageSubject,
  shuffledPieces,
  withStorage,
  writeWhole,
} from './storage-subject.js'
import type { Clauses } from './test-api.js'

async function readsAll(
  storage: Storage,
  bytes: Uint8Array,
  pieces = allPieces(storage.layout),
): Promise<void> {
  for (const piece of pieces) {
    const expected = pieceBytes(storage.layout, bytes, piece)
    sameBytes(await storage.readPiece(piece, 0, expected.length), expected, `piece ${piece}`)
  }
}

/** What holds for a torrent of any shape. */
export function layoutClauses(layout: TorrentLayout): Clauses<StorageSubject> {
  const bytes = torrentBytes(layout)
  const lastPiece = allPieces(layout).length - 1
  return {
    'every piece comes back, before and after it is complete': (subject) =>
      withStorage(subject, layout, async (storage) => {
        for (const piece of allPieces(layout)) {
          await writeWhole(storage, bytes, piece)
          await readsAll(storage, bytes, [piece])
          await storage.completePiece(piece)
          await readsAll(storage, bytes, [piece])
        }
        await readsAll(storage, bytes)
        assert.deepEqual(await completedOf(storage), allPieces(layout))
      }),

    'pieces written and completed in any order, many at once, all come back': (subject) =>
      withStorage(subject, layout, async (storage) => {
        await Promise.all(
          shuffledPieces(layout).map(async (piece) => {
            await writeWhole(storage, bytes, piece)
            await storage.completePiece(piece)
          }),
        )
        await readsAll(storage, bytes)
        assert.deepEqual(await completedOf(storage), allPieces(layout))
      }),

    'pieces written in blocks, the last block first, are whole': (subject) =>
      withStorage(subject, layout, async (storage) => {
        for (const piece of shuffledPieces(layout)) {
          const whole = pieceBytes(layout, bytes, piece)
          for (let block = Math.ceil(whole.length / blockBytes) - 1; block >= 0; block--) {
            const part = whole.subarray(block * blockBytes, (block + 1) * blockBytes)
            await storage.writePiece(piece, block * blockBytes, part)
          }
          await storage.completePiece(piece)
        }
        await readsAll(storage, bytes)
      }),

    'every range equals that part of the whole': (subject) =>
      withStorage(subject, layout, async (storage) => {
        await fill(storage, bytes)
        for (const piece of allPieces(layout)) {
          const whole = pieceBytes(layout, bytes, piece)
          for (let at = 0; at < whole.length; at += blockBytes) {
            const length = Math.min(blockBytes, whole.length - at)
            sameBytes(
              await storage.readPiece(piece, at, length),
              whole.subarray(at, at + length),
              `block at ${at}`,
            )
          }
          const middle = Math.floor(whole.length / 3)
          const rest = whole.length - middle
          sameBytes(await storage.readPiece(piece, middle, rest), whole.subarray(middle), `from ${middle}`)
          assert.equal((await storage.readPiece(piece, middle, 0)).length, 0)
          const lent = new Lent(rest)
          const { into } = lent
          lent.sameBytes(await storage.readPiece(piece, middle, rest, { into }), whole.subarray(middle))
        }
      }),

    'a write that is no part of its piece rejects STORAGE_PIECE_LENGTH': (subject) =>
      withStorage(subject, layout, async (storage) => {
        for (const piece of new Set([0, lastPiece])) {
          const length = pieceLengthBytes(layout, piece)
          const write = (offset: number, count: number): Promise<void> =>
            storage.writePiece(piece, offset, new Uint8Array(count))
          await rejectsWithCode('STORAGE_PIECE_LENGTH', write(0, length + 1))
          await rejectsWithCode('STORAGE_PIECE_LENGTH', write(0, 0))
          await rejectsWithCode('STORAGE_PIECE_LENGTH', write(-blockBytes, blockBytes))
          await rejectsWithCode('STORAGE_PIECE_LENGTH', write(Math.ceil(length / blockBytes) * blockBytes, 1))
          await rejectsWithCode('STORAGE_PIECE_LENGTH', write(1, length))
          await rejectsWithCode('STORAGE_PIECE_LENGTH', write(0.5, length))
          if (length > 1)
            await rejectsWithCode('STORAGE_PIECE_LENGTH', write(0, length > blockBytes ? 5 : length - 1))
        }
        assert.deepEqual(await completedOf(storage), [])
      }),

    'a piece outside the torrent, or a range outside a piece, is a RangeError': (subject) =>
      withStorage(subject, layout, async (storage) => {
        await fill(storage, bytes)
        const length = pieceLengthBytes(layout, lastPiece)
        for (const piece of [-1, lastPiece + 1, 0.5]) {
          await assert.rejects(storage.writePiece(piece, 0, new Uint8Array(1)), RangeError)
          await assert.rejects(storage.readPiece(piece, 0, 1), RangeError)
          await assert.rejects(storage.completePiece(piece), RangeError)
          await assert.rejects(storage.clearPiece(piece), RangeError)
        }
        await assert.rejects(storage.readPiece(lastPiece, 0, length + 1), RangeError)
        await assert.rejects(storage.readPiece(lastPiece, -1, 1), RangeError)
        await assert.rejects(storage.readPiece(lastPiece, length, 1), RangeError)
      }),

    'a cleared piece is not complete, keeps its bytes, and can be completed again': (subject) =>
      withStorage(subject, layout, async (storage) => {
        await fill(storage, bytes)
        for (const piece of new Set([0, lastPiece])) {
          await storage.clearPiece(piece)
          await storage.clearPiece(piece)
          assert.deepEqual(
            await completedOf(storage),
            allPieces(layout).filter((one) => one !== piece),
          )
          await readsAll(storage, bytes)
          await storage.completePiece(piece)
          await storage.completePiece(piece)
        }
        assert.deepEqual(await completedOf(storage), allPieces(layout))
        await readsAll(storage, bytes)
      }),

    'rewriting a complete piece replaces its bytes and no others, and it is no longer complete': (subject) =>
      withStorage(subject, layout, async (storage) => {
        await fill(storage, bytes)
        const changed = torrentBytes(layout, 2)
        const expected = bytes.slice()
        for (const piece of new Set([lastPiece, 0])) {
          await writeWhole(storage, changed, piece)
          expected.set(pieceBytes(layout, changed, piece), piece * layout.pieceLengthBytes)
          assert.deepEqual(
            await completedOf(storage),
            allPieces(layout).filter((one) => one !== piece),
          )
          await readsAll(storage, expected)
          await storage.completePiece(piece)
        }
        await readsAll(storage, expected)
        assert.deepEqual(await completedOf(storage), allPieces(layout))
      }),
  }
}

/** What holds for a torrent of any shape over a restart. */
export function layoutReopenClauses(
  layout: TorrentLayout,
  reopen: (closed: Storage) => Promise<Storage>,
): Clauses<StorageSubject> {
  const bytes = torrentBytes(layout)
  return {
    'complete pieces are there after a restart, and can be completed to the whole': async (subject) => {
      const pieces = shuffledPieces(layout)
      const half = pieces.slice(0, Math.ceil(pieces.length / 2))
      const before = await subject.create(anotherTorrent(layout))
      for (const piece of half) {
        await writeWhole(before, bytes, piece)
        await before.completePiece(piece)
      }
      await before.close()
      await using after = await reopen(before)
      assert.deepEqual(
        await completedOf(after),
        half.toSorted((a, b) => a - b),
      )
      await readsAll(after, bytes, half)
      for (const piece of pieces.slice(half.length)) {
        await writeWhole(after, bytes, piece)
        await after.completePiece(piece)
      }
      await readsAll(after, bytes)
    },
  }
}
