import { createHash } from 'node:crypto'
import type { FileLayout, TorrentLayout } from '../torrent-layout.js'
import { patternBytes } from './bytes.js'

const block = 16_384

/** Length of a file, or of padding. */
export type FileShape = number | { readonly padding: number }

/** A torrent of these files, one after the other. The info hash goes with the name. */
export function layoutOf(
  name: string,
  pieceLengthBytes: number,
  shapes: readonly FileShape[],
): TorrentLayout {
  let offsetBytes = 0
  const files = shapes.map((shape, index): FileLayout => {
    const lengthBytes = typeof shape === 'number' ? shape : shape.padding
    const kind = typeof shape === 'number' ? 'file' : 'padding'
    const path = kind === 'file' ? ['disc 1', `${index} – Übung.wav`] : ['.pad', `${lengthBytes}`]
    const file = { index, path, offsetBytes, lengthBytes, kind, executable: false } as const
    offsetBytes += lengthBytes
    return file
  })
  return {
    infoHashV1: createHash('sha1').update(name).digest('hex'),
    name,
    singleFile: false,
    pieceLengthBytes,
    totalLengthBytes: offsetBytes,
    files,
  }
}

/** Torrents that arithmetic goes wrong on. Small: a suite moves all their bytes. */
export const nastyLayouts: readonly TorrentLayout[] = [
  layoutOf('one byte', block, [1]),
  layoutOf('exactly one piece', 2 * block, [2 * block]),
  layoutOf('one byte over a piece', 2 * block, [2 * block + 1]),
  layoutOf('pieces that are not whole blocks', 50_000, [170_001]),
  layoutOf('pieces smaller than a chunk', block, [9 * block + 7]),
  layoutOf('pieces larger than a chunk and not a multiple of it', 10 * block + 4096, [25 * block, 3]),
  layoutOf(
    '300 tiny files in one piece',
    4 * block,
    Array.from({ length: 300 }, (_, index) => 1 + (index % 150)),
  ),
  layoutOf('empty files first, in the middle and last', block, [0, block + 5, 0, 0, 20_000, 0]),
  layoutOf('padding behind every file', 4 * block, [
    70_000,
    { padding: 3 * 4 * block - 70_000 - 4 * block },
    1,
    { padding: 4 * block - 1 },
    4 * block,
    5,
  ]),
  layoutOf('a piece of nothing but padding', block, [block, { padding: 2 * block }, 100]),
  layoutOf('files that end where a piece ends', block, [block, 3 * block, block]),
  layoutOf(
    'files that share pieces and chunks at odd places',
    3 * block,
    [40_001, 99_999, 7, 65_536, 131_071],
  ),
]

/** Beyond 2^32 and 2^40 bytes: for arithmetic only. */
export const hugeLayouts: readonly TorrentLayout[] = [
  layoutOf('six GiB and a byte', 1 << 20, [2 ** 32 + 1, 2 ** 31]),
  layoutOf('three TiB in odd files', 1 << 24, [2 ** 40 + 12_345, 0, 2 ** 41 - 1, { padding: 12_346 }, 9]),
]

/** The torrent's byte space: padding is zeroes. */
export function torrentBytes(layout: TorrentLayout, seed = 1): Uint8Array {
  const bytes = patternBytes(seed, layout.totalLengthBytes)
  for (const { kind, offsetBytes, lengthBytes } of layout.files) {
    if (kind === 'padding') bytes.fill(0, offsetBytes, offsetBytes + lengthBytes)
  }
  return bytes
}

export function pieceBytes(layout: TorrentLayout, bytes: Uint8Array, piece: number): Uint8Array {
  return bytes.subarray(piece * layout.pieceLengthBytes, (piece + 1) * layout.pieceLengthBytes)
}

/** What a v1 torrent of these bytes has as its piece hashes. */
export function pieceHashesV1(layout: TorrentLayout, bytes: Uint8Array): Uint8Array {
  const hashes: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += layout.pieceLengthBytes) {
    hashes.push(
      createHash('sha1')
        .update(bytes.subarray(at, at + layout.pieceLengthBytes))
        .digest(),
    )
  }
  return new Uint8Array(Buffer.concat(hashes))
}

/** Files as v2 lays them out: each begins with a piece, with padding before the next one. */
export function layoutV2Of(
  name: string,
  pieceLengthBytes: number,
  lengths: readonly number[],
): TorrentLayout {
  const shapes = lengths.flatMap((length, index): FileShape[] => {
    const padding = (pieceLengthBytes - (length % pieceLengthBytes)) % pieceLengthBytes
    return padding === 0 || index === lengths.length - 1 ? [length] : [length, { padding }]
  })
  const { infoHashV1: _, ...layout } = layoutOf(name, pieceLengthBytes, shapes)
  return { ...layout, infoHashV2: createHash('sha256').update(name).digest('hex') }
}

/** What a v2 torrent of these bytes has as its piece layers and, for files of one piece, roots. By the book, and slow. */
export function pieceHashesV2(layout: TorrentLayout, bytes: Uint8Array): Uint8Array {
  const { pieceLengthBytes, totalLengthBytes } = layout
  const hashes = new Uint8Array(32 * Math.ceil(totalLengthBytes / pieceLengthBytes))
  for (const { kind, offsetBytes, lengthBytes } of layout.files) {
    if (kind !== 'file') continue
    for (let at = 0; at < lengthBytes; at += pieceLengthBytes) {
      const start = offsetBytes + at
      const part = bytes.subarray(start, Math.min(start + pieceLengthBytes, offsetBytes + lengthBytes))
      const isWhole = lengthBytes <= pieceLengthBytes
      hashes.set(merkleRoot(part, isWhole ? 1 : pieceLengthBytes / block), (32 * start) / pieceLengthBytes)
    }
  }
  return hashes
}

/** As wide as the blocks of `bytes`, and at least `minWidth` of them. */
function merkleRoot(bytes: Uint8Array, minWidth: number): Uint8Array {
  let width = minWidth
  while (width * block < bytes.length) width *= 2
  let nodes = Array.from({ length: width }, (_, leaf) => {
    const part = bytes.subarray(leaf * block, (leaf + 1) * block)
    return part.length === 0 ? Buffer.alloc(32) : createHash('sha256').update(part).digest()
  })
  while (nodes.length > 1) {
    nodes = nodes.flatMap((node, at) =>
      at % 2 === 1
        ? []
        : [
            createHash('sha256')
              .update(node)
              .update(nodes[at + 1] ?? node)
              .digest(),
          ],
    )
  }
  return nodes[0] ?? Buffer.alloc(32)
}
