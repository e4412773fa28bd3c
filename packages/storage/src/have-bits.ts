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
