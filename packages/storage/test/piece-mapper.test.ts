import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FileShape, hugeLayouts, layoutOf, nastyLayouts } from '../src/compliance/layouts.js'
import { PieceMapper } from '../src/piece-mapper.js'
import type { TorrentLayout } from '../src/torrent-layout.js'

const block = 16_384

/** Where one byte of the torrent lives, found the slow and obvious way; undefined for padding. */
function placeOfByte(layout: TorrentLayout, chunkSize: number, byte: number): string | undefined {
  for (const file of layout.files) {
    if (byte < file.offsetBytes || byte >= file.offsetBytes + file.lengthBytes) continue
    if (file.kind === 'padding') return undefined
    const inFile = byte - file.offsetBytes
    const chunk = Math.floor(inFile / chunkSize)
    return `${file.index}/${chunk}/${inFile - chunk * chunkSize}`
  }
  throw new Error(`no file holds byte ${byte}`)
}

/** The same by the mapper's spans, for every byte of [offset, offset + length) of a piece. */
function placesBySpans(
  mapper: PieceMapper,
  piece: number,
  range: { offset: number; length: number },
): (string | undefined)[] {
  const places: (string | undefined)[] = Array.from({ length: range.length }, () => undefined)
  let end = range.offset
  for (const span of mapper.chunksOfPiece(piece, range)) {
    expect(span.length).toBeGreaterThan(0)
    expect(span.pieceOffset).toBeGreaterThanOrEqual(end)
    expect(span.ordinal).toBe(mapper.chunkOrdinal(span.fileIndex, span.chunk))
    end = span.pieceOffset + span.length
    for (let at = 0; at < span.length; at++) {
      places[span.pieceOffset - range.offset + at] =
        `${span.fileIndex}/${span.chunk}/${span.chunkOffset + at}`
    }
  }
  return places
}

/** The mapper must agree on these bytes, and its two directions with each other. */
function agreesAround(layout: TorrentLayout, chunkSizeBytes: number, bytes: readonly number[]): void {
  const mapper = new PieceMapper(layout, { chunkSizeBytes })
  for (const byte of bytes) {
    const piece = Math.floor(byte / layout.pieceLengthBytes)
    const offset = byte - piece * layout.pieceLengthBytes
    const [span] = mapper.chunksOfPiece(piece, { offset, length: 1 })
    const place = span && `${span.fileIndex}/${span.chunk}/${span.chunkOffset}`
    expect(place, `byte ${byte}`).toBe(placeOfByte(layout, chunkSizeBytes, byte))
    if (span === undefined) continue
    expect(mapper.chunkAt(span.ordinal)).toEqual({ fileIndex: span.fileIndex, chunk: span.chunk })
    const over = mapper.piecesOfChunk(span.fileIndex, span.chunk).find((one) => one.piece === piece)
    expect(over?.range.offset).toBeLessThanOrEqual(offset)
    expect((over?.range.offset ?? 0) + (over?.range.length ?? 0)).toBeGreaterThan(offset)
  }
}

/** First and last bytes of files, pieces and chunks: where arithmetic goes wrong. */
function edges(layout: TorrentLayout, chunkSize: number): number[] {
  const around = new Set<number>([0, layout.totalLengthBytes - 1])
  for (const { offsetBytes, lengthBytes } of layout.files) {
    for (const at of [
      offsetBytes,
      offsetBytes + lengthBytes,
      offsetBytes + chunkSize,
      offsetBytes + Math.floor(lengthBytes / chunkSize) * chunkSize,
    ]) {
      const piece = Math.floor(at / layout.pieceLengthBytes) * layout.pieceLengthBytes
      for (const edge of [at, piece, piece + layout.pieceLengthBytes])
        for (const byte of [edge - 1, edge, edge + 1]) around.add(byte)
    }
  }
  return [...around].filter((byte) => byte >= 0 && byte < layout.totalLengthBytes)
}

const shapes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(block, block - 1, block + 1, 4 * block) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 40_000 }).map((padding) => ({ padding })) },
)
const torrents = fc.record({
  shapes: fc.array<FileShape>(shapes, { minLength: 1, maxLength: 12 }),
  pieceLength: fc.constantFrom(16_384, 32_768, 50_000, 65_536, 262_144, 1),
  chunkSize: fc.constantFrom(16_384, 32_768, 131_072),
})

describe('PieceMapper', () => {
  it('puts every byte of every piece where a byte by byte walk puts it', () => {
    fc.assert(
      fc.property(torrents, fc.nat(), fc.nat(), ({ shapes, pieceLength, chunkSize }, seedA, seedB) => {
        const layout = layoutOf('any', pieceLength, shapes)
        if (layout.totalLengthBytes === 0) return
        const mapper = new PieceMapper(layout, { chunkSizeBytes: chunkSize })
        const piece = seedA % mapper.pieceCount
        const length = mapper.pieceLengthBytes(piece)
        const offset = seedB % length
        const range = { offset, length: Math.min(length - offset, 1 + (seedA % 50_000)) }
        const start = piece * pieceLength + offset
        const expected = Array.from({ length: range.length }, (_, at) =>
          placeOfByte(layout, chunkSize, start + at),
        )
        expect(placesBySpans(mapper, piece, range)).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })

  it('counts the chunks of all files in file order, each with its length and its pieces', () => {
    fc.assert(
      fc.property(torrents, ({ shapes, pieceLength, chunkSize }) => {
        const layout = layoutOf('any', pieceLength, shapes)
        const mapper = new PieceMapper(layout, { chunkSizeBytes: chunkSize })
        let ordinal = 0
        for (const file of layout.files) {
          if (file.kind === 'padding') continue
          for (let chunk = 0; chunk * chunkSize < file.lengthBytes; chunk++) {
            const length = Math.min(chunkSize, file.lengthBytes - chunk * chunkSize)
            expect(mapper.chunkOrdinal(file.index, chunk)).toBe(ordinal)
            expect(mapper.chunkAt(ordinal)).toEqual({ fileIndex: file.index, chunk })
            expect(mapper.chunkLengthBytes(ordinal)).toBe(length)
            const pieces = pieceLength < 16 ? [] : mapper.piecesOfChunk(file.index, chunk)
            if (pieces.length > 0) {
              expect(pieces.reduce((sum, { range }) => sum + range.length, 0)).toBe(length)
              const first = Math.floor((file.offsetBytes + chunk * chunkSize) / pieceLength)
              expect(pieces.map(({ piece }) => piece)).toEqual(pieces.map((_, index) => first + index))
              const range = mapper.pieceRangeOfChunk(ordinal)
              expect(range).toEqual({ first, end: first + pieces.length })
            }
            ordinal++
          }
        }
        expect(mapper.chunkCount).toBe(ordinal)
      }),
      { numRuns: 150 },
    )
  })

  for (const layout of nastyLayouts) {
    it(`agrees at every edge of a torrent with ${layout.name}`, () => {
      for (const chunkSize of [16_384, 65_536, 1 << 20])
        agreesAround(layout, chunkSize, edges(layout, chunkSize))
    })
  }

  for (const layout of hugeLayouts) {
    it(`agrees at every edge of a torrent of ${layout.name}`, () => {
      const far = [2 ** 31, 2 ** 32, 2 ** 40].flatMap((at) => [at - 1, at, at + 1])
      const inside = far.filter((byte) => byte < layout.totalLengthBytes)
      for (const chunkSize of [16_384, 1 << 20, 1 << 24]) {
        agreesAround(layout, chunkSize, [...edges(layout, chunkSize), ...inside])
      }
    })
  }

  it('needs no memory for chunks: a torrent of 1 TiB in a million chunks is mapped at once', () => {
    const layout = layoutOf('big', 1 << 20, [2 ** 40])
    const mapper = new PieceMapper(layout, { chunkSizeBytes: 1 << 20 })
    expect(mapper.chunkCount).toBe(2 ** 20)
    expect(mapper.chunksOfPiece(2 ** 20 - 1)).toEqual([
      {
        ordinal: 2 ** 20 - 1,
        fileIndex: 0,
        chunk: 2 ** 20 - 1,
        chunkOffset: 0,
        pieceOffset: 0,
        length: 1 << 20,
      },
    ])
  })

  it('finds the one file of 100,000 that a piece lies in', () => {
    const layout = layoutOf(
      'many',
      100,
      Array.from({ length: 100_000 }, () => 100),
    )
    const mapper = new PieceMapper(layout, { chunkSizeBytes: 16_384 })
    expect(mapper.chunksOfPiece(77_777)).toEqual([
      { ordinal: 77_777, fileIndex: 77_777, chunk: 0, chunkOffset: 0, pieceOffset: 0, length: 100 },
    ])
  })

  it('refuses places that the torrent does not have', () => {
    const mapper = new PieceMapper(layoutOf('small', block, [20_000, 0, { padding: 100 }]), {
      chunkSizeBytes: block,
    })
    for (const piece of [-1, 2, 0.5, Number.NaN])
      expect(() => mapper.chunksOfPiece(piece)).toThrow(RangeError)
    for (const [offset, length] of [
      [-1, 1],
      [0, block + 1],
      [block, 1],
      [0.5, 1],
    ] as const) {
      expect(() => mapper.chunksOfPiece(0, { offset, length })).toThrow(RangeError)
    }
    for (const [file, chunk] of [
      [0, 2],
      [0, -1],
      [1, 0],
      [2, 0],
      [3, 0],
      [-1, 0],
    ] as const) {
      expect(() => mapper.chunkOrdinal(file, chunk)).toThrow(RangeError)
    }
    for (const ordinal of [-1, 2, 0.5]) expect(() => mapper.chunkAt(ordinal)).toThrow(RangeError)
  })

  it('refuses a chunk size that is no power of two of at least 16 KiB', () => {
    for (const chunkSizeBytes of [
      0,
      -16_384,
      8192,
      16_385,
      48 * 1024,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]) {
      expect(() => new PieceMapper(layoutOf('x', block, [1]), { chunkSizeBytes })).toThrow(RangeError)
    }
  })

  it('refuses a layout with gaps, overlaps or a wrong total', () => {
    const good = layoutOf('x', block, [10, 20])
    const [first, second] = good.files as [TorrentLayout['files'][number], TorrentLayout['files'][number]]
    const bad: TorrentLayout[] = [
      { ...good, totalLengthBytes: 31 },
      { ...good, files: [first, { ...second, offsetBytes: 11 }] },
      { ...good, files: [first, { ...second, offsetBytes: 9, lengthBytes: 21 }] },
      { ...good, files: [second, first] },
      {
        ...good,
        files: [
          { ...first, lengthBytes: -10 },
          { ...second, offsetBytes: -10, lengthBytes: 40 },
        ],
      },
    ]
    for (const layout of bad)
      expect(() => new PieceMapper(layout, { chunkSizeBytes: block })).toThrow(RangeError)
  })
})
