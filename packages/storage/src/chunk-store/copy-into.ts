/** A copy of the bytes: in the memory that was lent for it, where some was. */
export function copyInto(into: Uint8Array | undefined, bytes: Uint8Array): Uint8Array {
  if (into === undefined) return new Uint8Array(bytes)
  into.set(bytes)
  return into
}
