const blockBytes = 16_384
const bufferBytes = 64 << 20

/** Not among the types of Node 20. Its memory begins at a page of the machine, as that of the addon does. */
declare const WebAssembly: { Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } }

const memory = new Uint8Array(new WebAssembly.Memory({ initial: bufferBytes / 65_536 }).buffer)
for (let at = 0; at < memory.length; at++) memory[at] = (at * 2_654_435_761) >>> 11

/** Parts of at most `partBytes` in turn from one piece of aligned memory, every block of them different, so that no two chunks are one. */
export function alignedBlocks(at: number, length: number, partBytes: number): Uint8Array {
  const slots = Math.floor(bufferBytes / partBytes)
  const start = (Math.floor(at / partBytes) % slots) * partBytes
  const bytes = memory.subarray(start, start + length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let block = 0; block + 8 <= length; block += blockBytes) view.setFloat64(block, at + block + 1)
  return bytes
}

/** In place of the digests of blocks that come with a piece: that they are given, and not what they are, is measured. */
export function anyDigests(at: number, length: number): Uint8Array {
  const digestBytes = 32
  const digests = new Uint8Array(Math.ceil(length / blockBytes) * digestBytes)
  const view = new DataView(digests.buffer)
  for (let leaf = 0; leaf < digests.length; leaf += digestBytes) view.setFloat64(leaf, at + leaf + 1)
  return digests
}
