/** The bitfield of somebody who has every piece. */
export function allBits(pieces: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(pieces / 8)).fill(0xff)
  const spare = bits.length * 8 - pieces
  bits[bits.length - 1] = (0xff << spare) & 0xff
  return bits
}
