import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PieceSet } from '../src/piece-set.js'
import './same-examples.js'

const had = fc.array(fc.oneof(fc.boolean(), fc.constant(true), fc.constant(false)), {
  minLength: 1,
  maxLength: 100,
})

function setOf(pieces: readonly boolean[]): PieceSet {
  const set = new PieceSet(pieces.length)
  for (const [piece, has] of pieces.entries()) if (has) set.add(piece)
  return set
}

describe('PieceSet', () => {
  it('names the runs of its pieces, each as long as it is, and counts them', () => {
    fc.assert(
      fc.property(had, (pieces) => {
        const set = setOf(pieces)
        const covered = new Array<boolean>(pieces.length).fill(false)
        let last = -1
        for (const { first, end } of set.runs()) {
          expect(first).toBeGreaterThan(last)
          expect(end).toBeGreaterThan(first)
          covered.fill(true, first, end)
          last = end
        }
        expect(covered).toEqual(pieces)
        const count = pieces.filter(Boolean).length
        expect(set.count()).toBe(count)
        expect(new PieceSet(pieces.length, set.bits()).count()).toBe(count)
        expect(set.isFull()).toBe(count === pieces.length)
      }),
    )
  })

  it('refuses bits of another length', () => {
    expect(() => new PieceSet(9, new Uint8Array(1))).toThrow(RangeError)
  })
})
