import { describe, expect, it } from 'vitest'
import { PieceBits } from '../src/piece-bits.js'

describe('PieceBits', () => {
  it('reads the most significant bit as piece 0', () => {
    const bits = new PieceBits(10, Uint8Array.of(0b1000_0001, 0b0100_0000))
    expect([0, 7, 9].map((piece) => bits.has(piece))).toEqual([true, true, true])
    expect([1, 6, 8].map((piece) => bits.has(piece))).toEqual([false, false, false])
    expect(bits.count).toBe(3)
  })

  it('counts each piece once, however often it is set or cleared', () => {
    const bits = new PieceBits(3, Uint8Array.of(0))
    expect([bits.set(2), bits.set(2), bits.count]).toEqual([true, false, 1])
    expect([bits.clear(2), bits.clear(2), bits.count]).toEqual([true, false, 0])
  })

  it('is complete with the last piece', () => {
    const bits = new PieceBits(2, Uint8Array.of(0b1000_0000))
    expect(bits.isComplete).toBe(false)
    bits.set(1)
    expect(bits.isComplete).toBe(true)
  })

  it('refuses bits of another length and pieces outside', () => {
    expect(() => new PieceBits(9, Uint8Array.of(0))).toThrow(RangeError)
    expect(() => new PieceBits(8, Uint8Array.of(0, 0))).toThrow(RangeError)
    const bits = new PieceBits(8, Uint8Array.of(0))
    for (const piece of [-1, 8, 1.5, Number.NaN]) expect(() => bits.set(piece)).toThrow(RangeError)
  })

  it('does not change with the bytes it was made from', () => {
    const given = Uint8Array.of(0)
    const bits = new PieceBits(8, given)
    given.fill(0xff)
    expect(bits.has(0)).toBe(false)
  })
})
