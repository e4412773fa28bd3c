/** Bits of pieces in BEP 3 order: piece 0 is the most significant bit of the first byte. */
export function hasBit(bits: Uint8Array, piece: number): boolean {
  return ((bits[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0
}

export function setBit(bits: Uint8Array, piece: number): void {
  bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
}

export function clearBit(bits: Uint8Array, piece: number): void {
  bits[piece >> 3] = (bits[piece >> 3] ?? 0) & ~(0x80 >> (piece & 7))
}

/** Those of `bits` that are not in `others`. */
export function withoutBits(bits: Uint8Array, others: Uint8Array): Uint8Array {
  return bits.map((byte, index) => byte & ~(others[index] ?? 0))
}

/** The pieces whose bit is set, in order. */
export function* setBits(bits: Uint8Array): Iterable<number> {
  for (const [index, byte] of bits.entries()) {
    if (byte === 0) continue
    for (let piece = 8 * index; piece < 8 * index + 8; piece++) if (hasBit(bits, piece)) yield piece
  }
}

/** A copy of `bits` with these too. */
export function withBits(bits: Uint8Array, pieces: Iterable<number>): Uint8Array {
  const more = bits.slice()
  for (const piece of pieces) setBit(more, piece)
  return more
}
