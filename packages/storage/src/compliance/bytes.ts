/** The same bytes for the same seed, always; NULs and 0xFF among them, and no two blocks alike. */
export function patternBytes(seed: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = (Math.imul(seed + 1, 0x9e3779b1) | 1) >>> 0
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  const bytes = new Uint8Array(words.buffer, 0, length)
  for (let at = 0; at < length; at += 1000) bytes[at] = at % 2000 === 0 ? 0x00 : 0xff
  return bytes
}
