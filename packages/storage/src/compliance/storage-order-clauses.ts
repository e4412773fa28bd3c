import assert from 'node:assert/strict'
import { blockBytes } from '../piece-mapper.js'
import type { Storage } from '../storage.js'
import { rejectsWithCode, rejectsWithReason, sameBytes } from './expectations.js'
import { layoutOf, pieceBytes, torrentBytes } from './layouts.js'
import {
  allPieces,
  anotherTorrent,
  completedOf,
  fill,
  type StorageSubject,
  withStorage,
  writeWhole,
} from './storage-subject.js'
import type { Clauses } from './test-api.js'

/** Four blocks a piece, and no piece that ends where a file does. */
const layout = layoutOf('order', 4 * blockBytes, [100_000, 250_001, 12_345])
const bytes = torrentBytes(layout)

export const absenceClauses: Clauses<StorageSubject> = {
  'what was never written rejects STORAGE_PIECE_NOT_FOUND, to read and to complete': (subject) =>
    withStorage(subject, layout, async (storage) => {
      await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(1, 0, 1))
      await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.completePiece(1))
      await storage.clearPiece(1)
      assert.deepEqual(await completedOf(storage), [])
    }),

  'of a piece that is written in part exactly that part is readable': (subject) =>
    withStorage(subject, layout, async (storage) => {
      const part = pieceBytes(layout, bytes, 1).subarray(blockBytes, 3 * blockBytes)
      await storage.writePiece(1, blockBytes, part)
      sameBytes(await storage.readPiece(1, blockBytes, part.length), part, 'written')
      sameBytes(await storage.readPiece(1, blockBytes + 5, 20_000), part.subarray(5, 20_005), 'within')
      for (const [offset, length] of [
        [0, 1],
        [blockBytes - 1, 2],
        [3 * blockBytes - 1, 2],
        [0, 4 * blockBytes],
      ] as const) {
        await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(1, offset, length))
      }
      await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.completePiece(1))
    }),

  'nothing of a neighbour is readable because one piece was written': (subject) =>
    withStorage(subject, layout, async (storage) => {
      await writeWhole(storage, bytes, 2)
      await storage.completePiece(2)
      await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(1, 4 * blockBytes - 1, 1))
      await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(3, 0, 1))
    }),
}

export const orderClauses: Clauses<StorageSubject> = {
  'calls for one piece take effect in the order they were made': (subject) =>
    withStorage(subject, layout, async (storage) => {
      const other = torrentBytes(layout, 2)
      const length = 4 * blockBytes
      const calls = [
        storage.writePiece(1, 0, pieceBytes(layout, other, 1)),
        storage.readPiece(1, 0, length),
        storage.writePiece(1, 0, pieceBytes(layout, bytes, 1)),
        storage.completePiece(1),
        storage.readPiece(1, 0, length),
      ] as const
      const [, first, , , second] = await Promise.all(calls)
      sameBytes(first, pieceBytes(layout, other, 1), 'between the writes')
      sameBytes(second, pieceBytes(layout, bytes, 1), 'after the second write')
      assert.deepEqual(await completedOf(storage), [1])
    }),

  'clearing a piece while it is written and completed leaves it incomplete and readable': (subject) =>
    withStorage(subject, layout, async (storage) => {
      await Promise.all([writeWhole(storage, bytes, 1), storage.completePiece(1), storage.clearPiece(1)])
      assert.deepEqual(await completedOf(storage), [])
      sameBytes(await storage.readPiece(1, 0, 4 * blockBytes), pieceBytes(layout, bytes, 1), 'cleared')
    }),

  'pieces that share a chunk are written, rewritten and completed at once without losing a byte': (subject) =>
    withStorage(subject, layout, async (storage) => {
      const other = torrentBytes(layout, 2)
      await Promise.all(
        allPieces(layout).map(async (piece) => {
          await writeWhole(storage, other, piece)
          await storage.completePiece(piece)
          await writeWhole(storage, bytes, piece)
          await storage.completePiece(piece)
        }),
      )
      assert.deepEqual(await completedOf(storage), allPieces(layout))
      for (const piece of allPieces(layout)) {
        const expected = pieceBytes(layout, bytes, piece)
        sameBytes(await storage.readPiece(piece, 0, expected.length), expected, `piece ${piece}`)
      }
    }),

  "the caller's memory is its own again once writePiece has settled": (subject) =>
    withStorage(subject, layout, async (storage) => {
      const lent = pieceBytes(layout, bytes, 0).slice()
      await storage.writePiece(0, 0, lent)
      lent.fill(0xee)
      await storage.completePiece(0)
      sameBytes(await storage.readPiece(0, 0, lent.length), pieceBytes(layout, bytes, 0), 'kept')
    }),

  'a call aborted before it starts rejects with the reason and changes nothing': (subject) =>
    withStorage(subject, layout, async (storage) => {
      const reason = new Error('changed my mind')
      const options = { signal: AbortSignal.abort(reason) }
      const write = storage.writePiece(0, 0, pieceBytes(layout, bytes, 0), options)
      await rejectsWithReason(reason, write)
      await rejectsWithReason(reason, storage.readPiece(0, 0, 1, options))
      await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', storage.readPiece(0, 0, 1))
    }),
}

export const closingClauses: Clauses<StorageSubject> = {
  'close waits for the calls in flight, which all go well': async (subject) => {
    const storage = await subject.create(anotherTorrent(layout))
    const settled: number[] = []
    const writes = allPieces(layout).map(async (piece) => {
      await writeWhole(storage, bytes, piece)
      settled.push(piece)
    })
    await storage.close()
    // They have settled; whoever awaits them hears of it within this turn.
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(settled.length, writes.length)
    await Promise.all(writes)
  },

  'after close every call rejects STORAGE_CLOSED, and closing again is fine': async (subject) => {
    const storage = await subject.create(anotherTorrent(layout))
    await writeWhole(storage, bytes, 0)
    await storage.close()
    await storage.close()
    await rejectsWithCode('STORAGE_CLOSED', writeWhole(storage, bytes, 0))
    await rejectsWithCode('STORAGE_CLOSED', storage.readPiece(0, 0, 1))
    await rejectsWithCode('STORAGE_CLOSED', storage.completePiece(0))
    await rejectsWithCode('STORAGE_CLOSED', storage.clearPiece(0))
    await rejectsWithCode('STORAGE_CLOSED', storage.completedPieces())
  },

  'destroying a torrent touches no other, though their bytes be the same': (subject) =>
    withStorage(subject, layout, async (kept) => {
      const destroyed = await subject.create(anotherTorrent(layout))
      await fill(destroyed, bytes)
      await fill(kept, bytes)
      await destroyed.destroy()
      await rejectsWithCode('STORAGE_CLOSED', destroyed.readPiece(0, 0, 1))
      for (const piece of allPieces(layout)) {
        const expected = pieceBytes(layout, bytes, piece)
        sameBytes(await kept.readPiece(piece, 0, expected.length), expected, `piece ${piece}`)
      }
    }),
}

export function reopenClauses(reopen: (closed: Storage) => Promise<Storage>): Clauses<StorageSubject> {
  return {
    'what was written and not completed is not there after a restart': async (subject) => {
      const before = await subject.create(anotherTorrent(layout))
      for (const piece of [0, 1, 2]) await writeWhole(before, bytes, piece)
      await before.completePiece(1)
      await before.close()
      await using after = await reopen(before)
      assert.deepEqual(await completedOf(after), [1])
      await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', after.readPiece(0, 0, 1))
      await rejectsWithCode('STORAGE_PIECE_NOT_FOUND', after.readPiece(2, 0, 1))
      sameBytes(await after.readPiece(1, 0, 4 * blockBytes), pieceBytes(layout, bytes, 1), 'piece 1')
    },

    'a piece that was cleared or rewritten is not complete after a restart': async (subject) => {
      const before = await subject.create(anotherTorrent(layout))
      await fill(before, bytes)
      await before.clearPiece(1)
      await before.writePiece(3, 0, pieceBytes(layout, torrentBytes(layout, 2), 3))
      await before.close()
      await using after = await reopen(before)
      const rest = allPieces(layout).filter((piece) => piece !== 1 && piece !== 3)
      assert.deepEqual(await completedOf(after), rest)
      for (const piece of rest) {
        const expected = pieceBytes(layout, bytes, piece)
        sameBytes(await after.readPiece(piece, 0, expected.length), expected, `piece ${piece}`)
      }
    },
  }
}
