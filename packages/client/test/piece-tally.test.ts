import { describe, expect, it } from 'vitest'
import { PieceTally } from '../src/piece-tally.js'
import { createTestTorrent } from '../src/testing/index.js'
import { bitsOf } from './open-client.js'

const piece = 16 * 1024
// Pieces 0, 1 | 1 | 1, 2 | none | 2, 3
const { layout } = createTestTorrent({
  files: { a: piece + 100, b: 200, c: piece, empty: 0, d: piece },
})

describe('PieceTally', () => {
  it('tells which files a piece completed, however many it is of', () => {
    const tally = new PieceTally(layout, bitsOf(4, []))
    expect(tally.isFileComplete(3)).toBe(true)
    expect(tally.set(0)).toEqual([])
    expect(tally.set(1)).toEqual([0, 1])
    expect(tally.set(1)).toBeUndefined()
    expect(tally.fileBytes(2)).toBe(piece - 300)
    expect(tally.set(3)).toEqual([])
    expect(tally.isComplete).toBe(false)
    expect(tally.set(2)).toEqual([2, 4])
    expect([tally.isComplete, tally.completedBytes]).toEqual([true, layout.totalLengthBytes])
  })

  it('takes a piece back', () => {
    const tally = new PieceTally(layout, bitsOf(4, [0, 1, 2, 3]))
    expect([tally.clear(1), tally.clear(1)]).toEqual([true, false])
    expect([0, 1, 2, 4].map((file) => tally.isFileComplete(file))).toEqual([false, false, false, true])
    expect([tally.fileBytes(0), tally.fileBytes(1)]).toEqual([piece, 0])
    expect(tally.completedPieces).toBe(3)
  })

  it('counts only what is wanted, as much as the most wanted file in a piece', () => {
    const tally = new PieceTally(layout, bitsOf(4, [3]), [0, 0, 0, 0, 7])
    expect([...tally.piecePriorities]).toEqual([0, 0, 7, 7])
    expect(tally.wantedBytes).toBe(layout.totalLengthBytes - 2 * piece)
    expect(tally.isFinished).toBe(false)
    tally.set(2)
    expect([tally.isFinished, tally.isComplete]).toEqual([true, false])
    tally.want([1, 0, 0, 0, 0])
    expect([...tally.piecePriorities]).toEqual([1, 1, 0, 0])
    expect([tally.isFinished, tally.completedBytes, tally.wantedBytes]).toEqual([false, 0, 2 * piece])
    expect([tally.wantedPieces, tally.missingPieces]).toEqual([2, 2])
  })

  it('is finished at once where nothing is wanted', () => {
    const tally = new PieceTally(layout, bitsOf(4, []), [0, 0, 0, 0, 0])
    expect([tally.isFinished, tally.wantedBytes]).toEqual([true, 0])
  })
})
